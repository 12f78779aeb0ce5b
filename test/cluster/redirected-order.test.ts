import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { startFakeCluster } from '../support/fake-cluster.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

/** A key of the first node. */
const FIRST = 'bar';
const SLOT = keySlot(Buffer.from(FIRST), 0, FIRST.length);

describe('what nodes send elsewhere', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  async function start(answer: Parameters<typeof startFakeCluster>[1], nodes = 2) {
    const cluster = await startFakeCluster(nodes, answer);
    stops.push(() => cluster.stop());
    const servers = [`127.0.0.1:${cluster.ports[0]}`];
    const keys = { cluster: true, timeout: 5000, failover_wait: 5000 };
    const ringway = await startInProcess({ servers, ...keys });
    stops.push(() => ringway.stop());
    await waitFor('the nodes to be known', () => /has (8192|546\d) slots/.test(ringway.log.join()));
    const client = await RespClient.open(ringway.port);
    stops.push(async () => client.close());
    return { cluster, client };
  }

  /** Replies as texts; errors too. */
  async function ask(client: RespClient, ...requests: string[][]): Promise<string[]> {
    const replies = client.read(requests.length);
    await client.send(Buffer.concat(requests.map((words) => encodeRequest(...words))));
    return (await replies).map((reply) => {
      return reply instanceof Error ? `-${reply.message}` : String(reply);
    });
  }

  describe('a node that changes its mind between two requests of a client', () => {
    /** Of both keys the slot is that of FIRST. */
    const [SAME, OTHER] = [FIRST, `{${FIRST}}2`];

    /** The first request is sent elsewhere, from where it comes back; the second is executed. */
    async function startUndecided(end: (socket: Socket) => string | undefined = () => undefined) {
      const target: { ports: readonly number[] } = { ports: [] };
      const executed: string[] = [];
      let asked = 0;
      const { cluster, client } = await start((node, text, socket) => {
        if (!/^(SET|GET|EVAL)/.test(text)) return undefined;
        const moved = `-MOVED ${SLOT} 127.0.0.1:${target.ports[1 - node]}\r\n`;
        if (node === 1 || asked++ === 0) return moved;
        const said = asked === 2 ? end(socket) : undefined;
        if (said === undefined) executed.push(text);
        return said;
      });
      target.ports = cluster.ports;
      return { client, executed };
    }

    test('does not execute the first one behind the second', async () => {
      const { client, executed } = await startUndecided();
      const replies = await ask(client, ['SET', SAME, '1'], ['SET', SAME, '2']);
      assert.deepEqual(replies, [`-TRYAGAIN slot ${SLOT} is moving`, 'OK']);
      assert.deepEqual(executed, [`SET ${SAME} 2`]);
    });

    for (const [what, first, second] of [
      ['they have other keys', ['SET', SAME, '1'], ['SET', OTHER, '2']],
      ['both only read', ['GET', SAME], ['GET', SAME]],
    ] as const) {
      test(`executes both when ${what}`, async () => {
        const { client, executed } = await startUndecided();
        assert.deepEqual(await ask(client, [...first], [...second]), ['OK', 'OK']);
        assert.deepEqual(executed, [second.join(' '), first.join(' ')]);
      });
    }

    test('does not execute it behind a script, which may touch more than it names', async () => {
      const { client, executed } = await startUndecided();
      const replies = await ask(client, ['SET', SAME, '1'], ['EVAL', 'x', '1', OTHER]);
      assert.match(replies[0], /^-TRYAGAIN /);
      assert.deepEqual(executed, [`EVAL x 1 ${OTHER}`]);
    });

    for (const [what, executes] of [
      ['executes it: the request is not executed behind it', true],
      ['does not execute it: it goes where the request goes, behind it', false],
    ] as const) {
      test(`when the second is a transaction, and ${what}`, async () => {
        const target: { ports: readonly number[] } = { ports: [] };
        const executed: string[] = [];
        const blocks = new Map<Socket, string[]>();
        const { cluster, client } = await start((node, text, socket) => {
          const block = blocks.get(socket);
          const moved = `-MOVED ${SLOT} 127.0.0.1:${target.ports[1 - node]}\r\n`;
          if (text === 'DISCARD') return '-ERR DISCARD without MULTI\r\n';
          if (text === 'MULTI') blocks.set(socket, []);
          else if (text === 'EXEC') {
            blocks.delete(socket);
            if (block?.includes('')) return '-EXECABORT Transaction discarded\r\n';
            executed.push(...(block ?? []));
            return `*${block?.length}\r\n${block?.map(() => '+OK\r\n').join('')}`;
          } else if (text.startsWith('SET') && node === 0 && !(block && executes)) {
            block?.push('');
            return moved;
          } else if (text.startsWith('SET') && node === 1 && executes) return moved;
          else if (block) {
            block.push(text);
            return '+QUEUED\r\n';
          } else if (text.startsWith('SET')) executed.push(text);
          return undefined;
        });
        target.ports = cluster.ports;
        // Each connection is asked once whether it knows transactions.
        await ask(client, ['MULTI'], ['GET', SAME], ['EXEC']);
        executed.length = 0;
        const block = [['MULTI'], ['SET', SAME, '2'], ['EXEC']];
        const [first, , , exec] = await ask(client, ['SET', SAME, '1'], ...block);
        assert.equal(exec, 'OK');
        if (executes) {
          assert.match(first, /^-TRYAGAIN /);
          assert.deepEqual(executed, [`SET ${SAME} 2`]);
        } else {
          assert.equal(first, 'OK');
          assert.deepEqual(executed, [`SET ${SAME} 1`, `SET ${SAME} 2`]);
        }
      });
    }

    test('and ends the connection: the second one may have been executed', async () => {
      const { client, executed } = await startUndecided((socket) => {
        // Behind what it has said of the first.
        setTimeout(() => socket.end(), 20);
        return '';
      });
      const replies = await ask(client, ['SET', SAME, '1'], ['SET', SAME, '2']);
      assert.match(replies[0], /^-TRYAGAIN /);
      assert.match(replies[1], /^-ERR /);
      assert.deepEqual(executed, []);
      assert.deepEqual(await ask(client, ['SET', SAME, '3']), ['OK']);
    });
  });

  test('MOVED to one node and then to another: both requests go to the latter, in order', async () => {
    const target: { ports: readonly number[] } = { ports: [] };
    const held: (() => void)[] = [];
    const moved = (node: number) => {
      return `-MOVED ${SLOT} 127.0.0.1:${target.ports[node]}\r\n`;
    };
    const { cluster, client } = await start((node, text, socket) => {
      if (!text.startsWith('SET') || node === 2) return undefined;
      if (node === 0) return moved(text.endsWith('1') ? 1 : 2);
      held.push(() => socket.write(moved(2)));
      return '';
    }, 3);
    target.ports = cluster.ports;
    const replies = ask(client, ['SET', FIRST, '1'], ['SET', FIRST, '2']);
    await waitFor('one to come', () => held.length > 0 || cluster.asked[2].length > 0);
    await delay(50);
    for (const release of held) release();
    assert.deepEqual(await replies, ['OK', 'OK']);
    const sets = cluster.asked[2].filter((text) => text.startsWith('SET'));
    assert.deepEqual(sets, [`SET ${FIRST} 1`, `SET ${FIRST} 2`]);
  });

  test('ASK goes at once, also before a request whose keys are split', async () => {
    const target: { ports: readonly number[] } = { ports: [] };
    let isSplit = true;
    const { cluster, client } = await start((node, text) => {
      if (node === 1) return undefined;
      if (text.startsWith('MGET') && isSplit) return '-TRYAGAIN Multiple keys\r\n';
      return text === `GET ${FIRST}` ? `-ASK ${SLOT} 127.0.0.1:${target.ports[1]}\r\n` : undefined;
    });
    target.ports = cluster.ports;
    const replies = ask(client, ['GET', FIRST], ['MGET', FIRST, `{${FIRST}}2`]);
    await waitFor('it to be asked', () => cluster.asked[1].includes(`GET ${FIRST}`));
    isSplit = false;
    assert.deepEqual(await replies, ['OK', 'OK']);
  });

  test('ASK that comes to nothing: what its client asks meanwhile goes behind it', async () => {
    const target: { ports: readonly number[] } = { ports: [] };
    const executed: string[] = [];
    let release: (() => void) | null = null;
    const { cluster, client } = await start((node, text, socket) => {
      if (!text.startsWith('SET')) return undefined;
      if (node === 1) {
        const moved = `-MOVED ${SLOT} 127.0.0.1:${target.ports[0]}\r\n`;
        release = () => void socket.write(moved);
        return '';
      }
      if (text.endsWith('1') && release === null) {
        return `-ASK ${SLOT} 127.0.0.1:${target.ports[1]}\r\n`;
      }
      executed.push(text);
      return undefined;
    });
    target.ports = cluster.ports;
    const first = ask(client, ['SET', FIRST, '1']);
    await waitFor('it to be asked elsewhere', () => release !== null);
    const second = ask(client, ['SET', FIRST, '2']);
    await delay(50);
    (release as (() => void) | null)?.();
    assert.deepEqual([await first, await second], [['OK'], ['OK']]);
    assert.deepEqual(executed, [`SET ${FIRST} 1`, `SET ${FIRST} 2`]);
  });

  describe('keys of a slot on the move, some of which are at either node', () => {
    /** Of one slot: the first has gone already, the second goes when `all` says so. */
    const [GONE, LEFT] = [FIRST, `{${FIRST}}2`];

    /** As nodes of a cluster do; a test may have the second one wait. */
    async function startMove(hold: (text: string, answer: () => void) => boolean = () => false) {
      const target: { ports: readonly number[] } = { ports: [] };
      const executed: string[] = [];
      const state = { tries: 0, all: false };
      const { cluster, client } = await start((node, text, socket) => {
        if (!/^(SET|MSET|GET)/.test(text)) return undefined;
        const [, ...keys] = text.split(' ').filter((word) => word.length > 1);
        const isThere = (key: string): boolean => (key === GONE || state.all) === (node === 1);
        const missing = keys.filter((key) => !isThere(key));
        if (missing.length > 0 && missing.length < keys.length) {
          state.tries++;
          return '-TRYAGAIN Multiple keys request during rehashing of slot\r\n';
        }
        if (missing.length > 0 && node === 0) {
          return `-ASK ${SLOT} 127.0.0.1:${target.ports[1]}\r\n`;
        }
        const answer = (): void => {
          executed.push(text);
          socket.write('+OK\r\n');
        };
        if (!hold(text, answer)) answer();
        return '';
      });
      target.ports = cluster.ports;
      return { cluster, client, executed, state };
    }

    const both = ['MSET', GONE, '1', LEFT, '1'];

    test('what writes one of them does not overtake what writes both', async () => {
      const { client, executed, state } = await startMove();
      const replies = ask(client, both, ['SET', GONE, '2'], ['SET', GONE, '3'], ['GET', GONE]);
      await waitFor('it to be tried again', () => state.tries > 2);
      await delay(50);
      state.all = true;
      assert.deepEqual(await replies, ['OK', 'OK', 'OK', 'OK']);
      assert.deepEqual(executed, [both.join(' '), `SET ${GONE} 2`, `SET ${GONE} 3`, `GET ${GONE}`]);
    });

    test('nor does what writes both overtake what writes one', async () => {
      const held: (() => void)[] = [];
      const { client, executed, state } = await startMove((text, answer) => {
        if (text !== `SET ${GONE} 0`) return false;
        held.push(answer);
        return true;
      });
      const replies = ask(client, ['SET', GONE, '0'], both);
      await waitFor('it to be asked', () => held.length > 0);
      state.all = true;
      await delay(300);
      assert.deepEqual(executed, []);
      for (const answer of held) answer();
      assert.deepEqual(await replies, ['OK', 'OK']);
      assert.deepEqual(executed, [`SET ${GONE} 0`, both.join(' ')]);
    });

    test('what waits for another one has an error when that is not answered in time', async () => {
      const { client, executed, state } = await startMove();
      const replies = await ask(client, both, ['SET', GONE, '2']);
      const tryAgain = /^-TRYAGAIN /;
      assert.match(replies[0], tryAgain);
      assert.ok(replies[1] === 'OK' || tryAgain.test(replies[1]), replies[1]);
      assert.ok(state.tries > 2);
      assert.ok(executed.length < 2, String(executed));
      assert.deepEqual(await ask(client, ['SET', LEFT, '4']), ['OK']);
    });

    test('a client that leaves meanwhile has nothing done out of turn', async () => {
      const { client, executed, state } = await startMove();
      void ask(client, both, ['SET', GONE, '2']).catch(() => {});
      await waitFor('it to be tried again', () => state.tries > 1);
      client.close();
      await delay(200);
      state.all = true;
      await delay(500);
      assert.ok(['', both.join(' '), `${both.join(' ')},SET ${GONE} 2`].includes(String(executed)));
    });
  });
});
