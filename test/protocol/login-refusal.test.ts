import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeText } from '../../src/protocol/redis/replies/encode.ts';
import { loginRefusal, passwordOf } from '../../src/protocol/redis/replies/login-refusal.ts';

describe('what a server says to a login', () => {
  test('is told without the words that it was sent with', () => {
    for (const quote of ["'", '`']) {
      const said = `ERR unknown command ${quote}AUTH${quote}`;
      const repeated = `${said}, with args beginning with: ${quote}pw${quote} `;
      assert.equal(loginRefusal(repeated, 'pw'), said);
    }
    assert.doesNotMatch(loginRefusal('ERR no hunter2 here', 'hunter2'), /hunter2/);
  });

  test('is told as it is when Redis says it, whatever the password', () => {
    const said = 'WRONGPASS invalid username-password pair or user is disabled.';
    assert.equal(loginRefusal(said, 'password'), said);
  });

  test('the password of a request is its last word', () => {
    assert.equal(passwordOf(encodeText('AUTH', 'pw')), 'pw');
    assert.equal(passwordOf(encodeText('AUTH', 'user', 'a\r\n$3\r\nxyz')), 'a\r\n$3\r\nxyz');
    assert.equal(passwordOf(encodeText('AUTH', 'user', '')), '');
  });
});
