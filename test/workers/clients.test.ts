import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

// Clients of two workers: each must know of those of the other.

describe('clients of several workers', () => {
  let redis: RealServer;
  let ringway: ChildRingway;
  const open: Subscriber[] = [];

  before(async () => {
    redis = await startRedis();
    const servers = [`127.0.0.1:${redis.port}:1 s1`];
    ringway = await startChild({ servers, preconnect: true }, { args: ['--workers', '2'] });
  });
  after(async () => {
    for (const client of open) client.close();
    await ringway.stop();
    await redis.stop();
  });

  /** Two clients, one of each worker, which take clients in turn; and their numbers. */
  async function two(): Promise<[a: Subscriber, b: Subscriber, idOfA: string, idOfB: string]> {
    const a = await Subscriber.open(ringway.port);
    await a.ask(['PING']);
    const b = await Subscriber.open(ringway.port);
    open.push(a, b);
    const ids: string[] = [];
    for (const client of [a, b]) ids.push((await client.ask(['CLIENT', 'ID']))[0].slice(1, -2));
    const [x, y] = ids.map((id) => Math.floor(Number(id) / 1e12));
    assert.notEqual(x, y, 'they are of different workers');
    return [a, b, ids[0], ids[1]];
  }

  test('are in the list of each', async () => {
    const [a, b, idOfA, idOfB] = await two();
    for (const client of [a, b]) {
      const [list] = await client.ask(['CLIENT', 'LIST']);
      for (const id of [idOfA, idOfB]) assert.ok(list.includes(`id=${id} `), list);
      const [one] = await client.ask(['CLIENT', 'LIST', 'ID', idOfA]);
      assert.equal(one.match(/^id=|\nid=/g)?.length, 1, one);
    }
  });

  test('are unblocked by each other', async () => {
    const [a, b, idOfA] = await two();
    a.send(['BLPOP', 'nothing', '0']);
    await waitFor('the client to be blocked', async () => {
      const [reply] = await b.ask(['CLIENT', 'UNBLOCK', idOfA, 'ERROR']);
      return reply === ':1\r\n';
    });
    assert.match((await a.take(1))[0], /^-UNBLOCKED/);
    assert.deepEqual(await b.ask(['CLIENT', 'UNBLOCK', idOfA]), [':0\r\n']);
    assert.deepEqual(await b.ask(['CLIENT', 'UNBLOCK', '999999']), [':0\r\n']);
  });

  test('are closed by each other', async () => {
    const [a, b, idOfA] = await two();
    assert.deepEqual(await b.ask(['CLIENT', 'KILL', 'ID', idOfA]), [':1\r\n']);
    await a.end();
    assert.deepEqual(await b.ask(['CLIENT', 'KILL', 'ID', idOfA]), [':0\r\n']);
    const [error] = await b.ask(['CLIENT', 'KILL', '1.2.3.4:5']);
    assert.equal(error, '-ERR No such client\r\n');
  });

  test('hear of keys in the place of each other', async () => {
    const [a, b, , idOfB] = await two();
    await b.ask(['SUBSCRIBE', '__redis__:invalidate']);
    await a.ask(['HELLO', '3']);
    const on = ['CLIENT', 'TRACKING', 'ON', 'REDIRECT'];
    assert.deepEqual(await a.ask([...on, idOfB]), ['+OK\r\n']);
    assert.match((await a.ask([...on, '77']))[0], /does not exist/);
    await a.ask(['GET', 'k']);
    await a.ask(['SET', 'k', '1']);
    assert.deepEqual(await b.take(1), [
      `*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n`,
    ]);
    await a.ask(['GET', 'k']);
    b.close();
    // What is told comes between the replies.
    const end = frame('>', 'tracking-redir-broken', Number(idOfB));
    const heard: string[] = [];
    await waitFor('the end of the redirection to be told', async () => {
      a.send(['SET', 'k', '2'], ['GET', 'k']);
      heard.push(...(await a.take(2)));
      return heard.includes(end);
    });
    const [list] = await open[0].ask(['CLIENT', 'LIST']);
    assert.match(list, new RegExp(`flags=tR .*redir=${idOfB} `));
  });
});
