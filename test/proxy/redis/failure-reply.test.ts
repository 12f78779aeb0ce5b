import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE_TIMEOUT, failureOf, notGranted } from '../../../src/proxy/backend/failure.ts';
import { failureReply } from '../../../src/proxy/redis/failure-reply.ts';

const LOADING = 'LOADING Redis is loading the dataset in memory';

test('a server that loads says so in its own words, which clients know', () => {
  assert.equal(String(failureReply(notGranted(LOADING))), `-${LOADING}\r\n`);
});

test('what a server has against ringway is not said as if it were against the client', () => {
  for (const said of ['NOAUTH Authentication required.', 'LOADINGS of it', 'no such thing']) {
    assert.equal(String(failureReply(notGranted(said))), `-ERR ${said}\r\n`);
  }
  assert.equal(String(failureReply(failureOf(FAILURE_TIMEOUT))), '-ERR Connection timed out\r\n');
});
