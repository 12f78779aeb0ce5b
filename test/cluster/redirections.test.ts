import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { type FakeCluster, startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const slotOf = (key: string) => keySlot(Buffer.from(key), 0, key.length);
/** A key of each of the two nodes. */
const [FIRST, SECOND] = ['bar', 'foo'];

for (const variant of VARIANTS.slice(0, 3)) {
  describe(`redirections, ${variant.label}`, () => {
    const stops: (() => Promise<unknown>)[] = [];
    after(async () => {
      for (const stop of stops.toReversed()) await stop();
    });

    async function start(answer: Parameters<typeof startFakeCluster>[1], keys = {}) {
      const cluster = await startFakeCluster(2, answer);
      stops.push(() => cluster.stop());
      const times = { timeout: 2000, failover_wait: 1500 };
      const ringway = await startBefore(cluster, { ...times, ...keys }, variant);
      stops.push(() => ringway.stop());
      const client = await RespClient.open(ringway.port);
      stops.push(async () => client.close());
      return { cluster, ringway, client };
    }

    /** Replies as texts; errors too. */
    async function ask(client: RespClient, ...requests: string[][]): Promise<string[]> {
      const replies = client.read(requests.length);
      await client.send(Buffer.concat(requests.map((words) => encodeRequest(...words))));
      return (await replies).map((reply) => {
        return reply instanceof Error ? `-${reply.message}` : String(reply);
      });
    }

    test('MOVED: the request goes on, and those behind it in their order', async () => {
      const target: { cluster?: FakeCluster } = {};
      const { cluster, client } = await start((node, text) => {
        if (node === 0 && text.includes(FIRST)) {
          return `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.cluster?.ports[1]}\r\n`;
        }
        return undefined;
      });
      target.cluster = cluster;
      const sets = Array.from({ length: 20 }, (_, i) => ['SET', FIRST, String(i)]);
      assert.deepEqual(
        await ask(client, ...sets),
        sets.map(() => 'OK'),
      );
      assert.deepEqual(await ask(client, ['SET', FIRST, 'last']), ['OK']);
      assert.deepEqual(
        cluster.asked[1],
        [...sets, ['SET', FIRST, 'last']].map((words) => words.join(' ')),
      );
      assert.ok(!cluster.asked[0].includes(`SET ${FIRST} last`));
    });

    test('MOVED without a host is the host of the node that says it', async () => {
      const target: { port?: number } = {};
      const { cluster, client } = await start((node) => {
        return node === 0 ? `-MOVED ${slotOf(FIRST)} :${target.port}\r\n` : undefined;
      });
      [, target.port] = cluster.ports;
      assert.deepEqual(await ask(client, ['SET', FIRST, '1']), ['OK']);
    });

    test('SSUBSCRIBE that a node sends elsewhere is made there, and no client sees it', async () => {
      const target: { port?: number } = {};
      const { cluster, client } = await start((node, text) => {
        if (text !== `SSUBSCRIBE ${FIRST}`) return undefined;
        if (node === 1) return `*3\r\n$10\r\nssubscribe\r\n$3\r\n${FIRST}\r\n:1\r\n`;
        return `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.port}\r\n`;
      });
      [, target.port] = cluster.ports;
      assert.deepEqual(await ask(client, ['SSUBSCRIBE', FIRST]), [`ssubscribe,${FIRST},1`]);
      assert.ok(cluster.asked[0].includes(`SSUBSCRIBE ${FIRST}`));
    });

    test('SSUBSCRIBE that goes to a node which has just joined waits until that is known', async () => {
      const channel = `SSUBSCRIBE ${FIRST}`;
      let onMoved = (): void => {};
      const cluster = await startFakeCluster(2, (node, text) => {
        if (text !== channel) return undefined;
        if (node === 1) return `*3\r\n$10\r\nssubscribe\r\n$3\r\n${FIRST}\r\n:1\r\n`;
        onMoved();
        return `-MOVED ${slotOf(FIRST)} 127.0.0.1:${cluster.ports[1]}\r\n`;
      });
      stops.push(() => cluster.stop());
      cluster.handOver(1, 0);
      const join = cluster.hide(1);
      onMoved = () => {
        cluster.own(0, 1);
        join();
      };
      const ringway = await startBefore(cluster, {}, variant);
      stops.push(() => ringway.stop());
      const client = await RespClient.open(ringway.port);
      stops.push(async () => client.close());
      assert.deepEqual(await ask(client, ['SSUBSCRIBE', FIRST]), [`ssubscribe,${FIRST},1`]);
      assert.ok(cluster.asked[0].includes(channel));
    });

    for (const [name, said] of [
      ['MOVED', (port: number) => `-MOVED ${slotOf(FIRST)} 127.0.0.1:${port}`],
      ['ASK', (port: number) => `-ASK ${slotOf(FIRST)} 127.0.0.1:${port}`],
      ['TRYAGAIN', () => '-TRYAGAIN Multiple keys request during rehashing of slot'],
      ['a slot that nobody serves', () => '-CLUSTERDOWN Hash slot not served'],
    ] as const) {
      test(`${name} behind what a node that is down has refused: nobody sees either`, async () => {
        const target: { port: number } = { port: 0 };
        const executed: string[] = [];
        let asked = 0;
        const { cluster, client, ringway } = await start((node, text) => {
          if (!text.startsWith('SET')) return undefined;
          if (node === 0) asked++;
          // Of each client one is refused, and one sent elsewhere.
          if (node === 0 && (asked === 1 || asked === 3)) {
            return '-CLUSTERDOWN The cluster is down\r\n';
          }
          if (node === 0 && asked < 5) return `${said(target.port)}\r\n`;
          executed.push(text);
          return undefined;
        });
        [, target.port] = cluster.ports;
        const other = await RespClient.open(ringway.port);
        stops.push(async () => other.close());
        const replies = await Promise.all([
          ask(other, ['SET', FIRST, 'a']),
          ask(client, ['SET', FIRST, 'b'], ['SET', FIRST, 'c'], ['SET', FIRST, 'd']),
        ]);
        assert.deepEqual(replies, [['OK'], ['OK', 'OK', 'OK']]);
        const ofClient = executed.map((text) => text.at(-1)).filter((value) => value !== 'a');
        assert.deepEqual(ofClient, ['b', 'c', 'd']);
      });
    }

    for (const [name, said] of [
      ['TRYAGAIN', 'TRYAGAIN Multiple keys request during rehashing of slot'],
      ['a slot that nobody serves', 'CLUSTERDOWN Hash slot not served'],
    ]) {
      test(`${name}: what its client asks behind it is not executed before it`, async () => {
        const executed: string[] = [];
        let asked = 0;
        const { client } = await start((_, text) => {
          if (!text.startsWith('SET')) return undefined;
          if (asked++ === 0) return `-${said}\r\n`;
          executed.push(text);
          return undefined;
        });
        const replies = await ask(client, ['SET', FIRST, '1'], ['SET', FIRST, '2']);
        assert.deepEqual(executed, [`SET ${FIRST} 2`]);
        assert.deepEqual(replies, [`-${said}`, 'OK']);
      });

      test(`${name}: a request that nothing of its client follows waits and is executed`, async () => {
        let asked = 0;
        const { client } = await start((_, text) => {
          return text.startsWith('SET') && asked++ === 0 ? `-${said}\r\n` : undefined;
        });
        assert.deepEqual(await ask(client, ['SET', FIRST, '1']), ['OK']);
        assert.equal(asked, 2);
      });
    }

    test('ASK: the word before the request is never parted from it', async () => {
      const target: { port?: number } = {};
      const { cluster, client, ringway } = await start((node, text) => {
        if (text === 'ASKING' || node === 1) return undefined;
        return `-ASK ${slotOf(FIRST)} 127.0.0.1:${target.port}\r\n`;
      });
      [, target.port] = cluster.ports;
      const others = await Promise.all(
        Array.from({ length: 10 }, () => RespClient.open(ringway.port)),
      );
      await Promise.all(
        others.map((other, i) =>
          ask(other, ['SET', FIRST, String(i)], ['SET', SECOND, String(i)], ['GET', FIRST]),
        ),
      );
      for (const other of others) other.close();
      const all = cluster.asked[1];
      all.forEach((text, i) => {
        if (text === 'ASKING') assert.match(all[i + 1], new RegExp(FIRST));
        else if (text.includes(FIRST)) assert.equal(all[i - 1], 'ASKING');
      });
      assert.equal(all.filter((text) => text === 'ASKING').length, 20);
      assert.deepEqual(await ask(client, ['PING']), ['PONG']);
    });

    test('MOVED for a body that was streamed: its client tries again, and comes to its node', async () => {
      const target: { port?: number } = {};
      const { cluster, client } = await start(
        (node) => {
          return node === 0 ? `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.port}\r\n` : undefined;
        },
        { max_assembled_request: 65_536 },
      );
      [, target.port] = cluster.ports;
      const set = ['SET', FIRST, 'x'.repeat(100_000)];
      const [first] = await ask(client, set);
      assert.match(first, new RegExp(`^-TRYAGAIN .*${slotOf(FIRST)}`));
      assert.deepEqual(await ask(client, set, ['SET', FIRST, '1']), ['OK', 'OK']);
    });

    test('redirections without an end go on for failover_wait, and no client sees one', async () => {
      const target: { ports?: readonly number[] } = {};
      const { cluster, client } = await start((node) => {
        return `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.ports?.[1 - node]}\r\n`;
      });
      target.ports = cluster.ports;
      const began = performance.now();
      const [reply] = await ask(client, ['SET', FIRST, '1']);
      assert.equal(reply, `-TRYAGAIN slot ${slotOf(FIRST)} is moving`);
      assert.ok(performance.now() - began >= 1400);
      // With pauses between: one of 50 ms, one of 100, then of 160.
      const asked = cluster.asked.flat().length;
      assert.ok(asked > 6 && asked <= 15, String(asked));
    });

    test('a request that two nodes send to each other comes through when they agree', async () => {
      const target: { ports?: readonly number[] } = {};
      let sets = 0;
      const { cluster, client } = await start(
        (node, text) => {
          if (text.startsWith('SET')) sets++;
          // Not between the two: what is asked behind the first would be executed before it.
          if (sets > 7 || !text.includes(FIRST)) return undefined;
          return `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.ports?.[1 - node]}\r\n`;
        },
        { timeout: 20_000, failover_wait: 20_000 },
      );
      target.ports = cluster.ports;
      const replies = ask(client, ['SET', FIRST, '1'], ['APPEND', FIRST, '2'], ['GET', SECOND]);
      assert.deepEqual(await replies, ['OK', 'OK', 'OK']);
      const carriedOut = cluster.asked.flat().filter((text) => text.includes(FIRST));
      assert.deepEqual(carriedOut.slice(-2), [`SET ${FIRST} 1`, `APPEND ${FIRST} 2`]);
    });

    test('a script is run six times at most, whatever it says', async () => {
      const target: { ports?: readonly number[] } = {};
      const { cluster, client } = await start((node, text) => {
        if (!text.startsWith('EVAL')) return undefined;
        return `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.ports?.[1 - node]}\r\n`;
      });
      target.ports = cluster.ports;
      const [reply] = await ask(client, ['EVAL', 'x', '1', FIRST]);
      assert.equal(reply, `-TRYAGAIN slot ${slotOf(FIRST)} is moving`);
      const runs = cluster.asked.flat().filter((text) => text.startsWith('EVAL')).length;
      assert.ok(runs > 2 && runs <= 6, String(runs));
    });

    test('MOVED and ASK are followed where nothing waits (failover_wait 0)', async () => {
      const target: { port?: number } = {};
      const { cluster, client } = await start(
        (node, text) => {
          if (node === 1 || text.startsWith('GET')) return undefined;
          const word = text.startsWith('SET') ? 'MOVED' : 'ASK';
          return `-${word} ${slotOf(FIRST)} 127.0.0.1:${target.port}\r\n`;
        },
        { failover_wait: 0 },
      );
      [, target.port] = cluster.ports;
      assert.deepEqual(await ask(client, ['APPEND', FIRST, '1']), ['OK']);
      assert.deepEqual(await ask(client, ['SET', FIRST, '1']), ['OK']);
    });

    test('a redirection to a stranger connects nowhere', async () => {
      const stranger: FakeServer = await startFake(() => send('+OK\r\n'));
      stops.push(() => stranger.stop());
      const { client } = await start((_, text) => {
        const words = text.split(' ');
        const line = `${slotOf(FIRST)} 127.0.0.1:${stranger.port}`;
        return words[0] === 'GET'
          ? undefined
          : `-${words[0] === 'SET' ? 'MOVED' : 'ASK'} ${line}\r\n`;
      });
      const replies = await ask(
        client,
        ['SET', FIRST, '1'],
        ['APPEND', FIRST, '1'],
        ['GET', FIRST],
      );
      const moving = `-TRYAGAIN slot ${slotOf(FIRST)} is moving`;
      assert.deepEqual(replies, [moving, moving, 'OK']);
      assert.equal(stranger.connections, 0);
    });

    test('what a script makes up changes nothing for others', async () => {
      const target: { port?: number } = {};
      const { cluster, client } = await start((node, text) => {
        if (!text.startsWith('EVAL')) return undefined;
        return node === 0 ? `-MOVED ${slotOf(FIRST)} 127.0.0.1:${target.port}\r\n` : '+ran\r\n';
      });
      [, target.port] = cluster.ports;
      assert.deepEqual(await ask(client, ['EVAL', 'x', '1', FIRST]), ['ran']);
      assert.deepEqual(await ask(client, ['GET', FIRST]), ['OK']);
      assert.deepEqual(cluster.asked[0].at(-1), `GET ${FIRST}`);
      // One that names another slot was not said about the request.
      assert.equal(slotOf(SECOND) === slotOf(FIRST), false);
    });

    test('CLUSTERDOWN is waited for anew when slots have got another owner meanwhile', async () => {
      let down = false;
      const keys = { failover_wait: 9000 };
      const { cluster, client, ringway } = await start(
        () => (down ? '-CLUSTERDOWN The cluster is down\r\n' : undefined),
        keys,
      );
      for (const [from, to] of [
        [0, 1],
        [1, 0],
      ]) {
        down = true;
        const asked = ask(client, ['SET', FIRST, '1'], ['SET', SECOND, '1']);
        // Two thirds of what is waited at all: the next time would be too long without news.
        await delay(6000);
        const before = ringway.log.length;
        cluster.handOver(from, to);
        down = false;
        assert.deepEqual(await asked, ['OK', 'OK']);
        const news = new RegExp(`127.0.0.1:${cluster.ports[to]} has 16384 slots`);
        await waitFor('the news', () => ringway.log.slice(before).some((line) => news.test(line)));
      }
    });

    test('MOVED that names another slot than the request has is passed on', async () => {
      const { client } = await start(() => `-MOVED ${slotOf(SECOND)} 127.0.0.1:1\r\n`);
      assert.deepEqual(await ask(client, ['GET', FIRST]), [`-MOVED ${slotOf(SECOND)} 127.0.0.1:1`]);
    });

    test('nodes are asked again at most once a second, however many redirections come', async () => {
      const target: { port?: number } = {};
      const { cluster, client } = await start((node, text) => {
        const slot = slotOf(text.split(' ')[1] ?? '');
        return node === 0 ? `-MOVED ${slot} 127.0.0.1:${target.port}\r\n` : undefined;
      });
      [, target.port] = cluster.ports;
      const began = performance.now();
      const before = cluster.refreshes;
      for (let i = 0; i < 100; i++) await ask(client, ['SET', `{${i}}`, '1']);
      const seconds = (performance.now() - began) / 1000;
      assert.ok(cluster.refreshes - before <= seconds + 1, `${cluster.refreshes} in ${seconds} s`);
    });
  });
}
