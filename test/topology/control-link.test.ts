import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { CONTROL_ANSWER_MS, CONTROL_PING_MS } from '../../src/limits.ts';
import { ADDRESSES } from '../../src/net/addresses/address-book.ts';
import { type Clock, SYSTEM_CLOCK } from '../../src/topology/clock.ts';
import { ControlLink } from '../../src/topology/control-link.ts';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { HandClock } from '../support/hand-clock.ts';
import { waitFor } from '../support/wait.ts';

describe('a link for questions', () => {
  let server: FakeServer;
  before(async () => {
    server = await startFake((_index, request) => {
      return String(request).includes('PING') ? send('+PONG\r\n') : send('');
    });
  });
  after(() => server.stop());

  /** A link to the server, what it says when it is lost, and how often it was there. */
  function open(host: string, clock: Clock = SYSTEM_CLOCK) {
    const told: string[] = [];
    let ups = 0;
    const link = new ControlLink({
      target: { kind: 'tcp', host, port: server.port, path: '', tls: null },
      clock,
      login: () => null,
      retryMs: 10,
      onUp: () => {
        ups++;
      },
      onDown: (reason) => void told.push(reason),
    });
    return { link, told, ups: () => ups };
  }

  test('that is not waited for is made anew, and what was asked has no answer', async (t) => {
    const { link, told, ups } = open('127.0.0.1');
    t.after(() => link.close());
    await waitFor('the link', () => ups() === 1);
    link.abandon();
    assert.deepEqual(told, [], 'nothing was asked');
    let answers = 0;
    link.ask(['REPLICAOF', 'NO', 'ONE'], () => {
      answers++;
    });
    link.abandon();
    assert.deepEqual(told, ['it does not answer in time']);
    await waitFor('another', () => ups() === 2);
    assert.equal(answers, 0);
  });

  test('counts no silence of a server while this process stands still', async (t) => {
    const hand = new HandClock();
    const lates = [2_500];
    const clock: Clock = {
      now: () => hand.now(),
      after: (ms, then) => hand.after(ms + (lates.shift() ?? 0), then),
    };
    const { link, told, ups } = open('127.0.0.1', clock);
    t.after(() => link.close());
    await waitFor('the link', () => ups() === 1);
    link.ask(['INFO'], () => {});
    hand.pass(3_500);
    assert.deepEqual(told, [], 'its answer may be there, and not be read yet');
    hand.pass(1_000);
    assert.deepEqual(told, ['it does not answer']);
  });

  test('nor has it time to spare afterwards', async (t) => {
    const hand = new HandClock();
    const lates = [60_000];
    const clock: Clock = {
      now: () => hand.now(),
      after: (ms, then) => hand.after(ms + (lates.shift() ?? 0), then),
    };
    const { link, told, ups } = open('127.0.0.1', clock);
    t.after(() => link.close());
    await waitFor('the link', () => ups() === 1);
    // What had come in meanwhile is read before any timer rings.
    hand.pass(60_500);
    let answers = 0;
    link.ask(['PING'], () => void answers++);
    await waitFor('an answer', () => answers === 1);
    hand.pass(500);
    link.ask(['INFO'], () => {});
    hand.pass(CONTROL_ANSWER_MS + 2 * CONTROL_PING_MS);
    assert.deepEqual(told, ['it does not answer']);
  });

  test('whose name leads elsewhere follows it', async () => {
    const heir = createServer((socket) => void socket.on('data', () => socket.write('+PONG\r\n')));
    await new Promise<void>((resolve) => heir.listen(server.port, '127.0.0.2', resolve));
    const addresses: (string | undefined)[] = [];
    heir.on('connection', ({ localAddress }) => void addresses.push(localAddress));
    ADDRESSES.set('link.test', '127.0.0.1');
    const { link, told, ups } = open('link.test');
    try {
      await waitFor('the link', () => ups() === 1);
      ADDRESSES.set('link.test', '127.0.0.2');
      await waitFor('the other', () => ups() === 2);
      assert.deepEqual([told, addresses], [['its name leads elsewhere'], ['127.0.0.2']]);
    } finally {
      link.close();
      heir.close();
      ADDRESSES.set('link.test', null);
    }
  });
});
