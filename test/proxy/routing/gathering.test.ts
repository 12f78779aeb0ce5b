import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Server } from '../../../src/proxy/pool/server.ts';
import { type GatheredReply, Gathering } from '../../../src/proxy/routing/gathering.ts';
import { FORWARD_ERROR, REPLIES_TOO_LARGE } from '../../../src/stats/counters.ts';
import { assertAnswered, assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { testEngine } from '../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../support/test-pool.ts';

const QUESTION = Buffer.from('*1\r\n$6\r\nDBSIZE\r\n');
const TOO_LARGE = Buffer.from('-ERR too large\r\n');
const LIMIT = 100_000;

/** Servers that are asked for one client, two as a rule, and what is gathered of them. */
function ask(count = 2) {
  const engine = testEngine();
  const fresh = holdingsOf(engine);
  const pool = new TestPool(engine, count, { clientOutputLimit: LIMIT });
  const client = new PoolClient(engine, pool);
  const servers = pool.servers as unknown as readonly Server[];
  const claim = client.claims.claim();
  let told: readonly GatheredReply[] | null = null;
  const gathering = new Gathering(client.asConnection, claim, servers, TOO_LARGE, (replies) => {
    told = replies;
    claim.deliver(Buffer.from('+done\r\n'));
  });
  for (const [i, reply] of gathering.replies.entries()) {
    const { asConnection: connection } = pool.backends[i];
    connection.out.append(QUESTION);
    connection.sentFor(reply, QUESTION.length, null);
    pool.backends[i].takeSent();
  }
  gathering.asked();
  const say = (server: number, text: string) => pool.backends[server].say(Buffer.from(text));
  const end = () => {
    client.close();
    for (const backend of pool.backends) backend.lose(Buffer.from('-ERR lost\r\n'));
    assertAtRest(engine, fresh, [], [client]);
  };
  return { pool, client, say, end, told: () => told };
}

const texts = (replies: readonly GatheredReply[] | null) =>
  replies?.map(({ bytes }) => bytes.toString().slice(0, 20));

describe('what several servers say to one request', () => {
  test('is told when all is there, in the order of the servers', () => {
    const { client, say, told, end } = ask();
    say(1, ':2\r\n');
    assert.equal(told(), null);
    say(0, ':1\r\n');
    assert.deepEqual(texts(told()), [':1\r\n', ':2\r\n']);
    assert.equal(client.received(), '+done\r\n');
    assertAnswered(client);
    end();
  });

  test('is told at once when there is none', () => {
    const { client, told, end } = ask(0);
    assert.deepEqual(told(), []);
    assert.equal(client.received(), '+done\r\n');
    end();
  });

  test('a lost connection stands for its reply, whatever had come of it', () => {
    const { pool, say, told, end } = ask();
    say(0, `$90000\r\n${'x'.repeat(60_000)}`);
    pool.backends[0].lose(Buffer.from('-ERR lost\r\n'));
    say(1, ':2\r\n');
    assert.deepEqual(texts(told()), ['-ERR lost\r\n', ':2\r\n']);
    assert.deepEqual(
      told()?.map(({ lost }) => lost),
      [true, false],
    );
    assert.equal(pool.counters[FORWARD_ERROR], 1);
    end();
  });

  test('what exceeds the output limit of the client is not kept, and counts as too large', () => {
    const { pool, say, told, end } = ask();
    const large = `$60000\r\n${'x'.repeat(60_000)}\r\n`;
    say(0, large);
    say(1, large);
    assert.deepEqual(texts(told()), [large.slice(0, 20), TOO_LARGE.toString()]);
    assert.equal(pool.counters[REPLIES_TOO_LARGE], 1);
    end();
  });

  test('nothing is told, and nothing kept, for a client that is gone', () => {
    const { client, say, told, end } = ask();
    say(0, `$60000\r\n${'x'.repeat(30_000)}`);
    client.close();
    say(0, `${'x'.repeat(30_000)}\r\n`);
    say(1, ':2\r\n');
    assert.equal(told(), null);
    end();
  });
});
