import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { SendQueue } from '../../src/net/send-queue.ts';
import { Stash } from '../../src/net/stash.ts';
import { BackendConnection } from '../../src/proxy/backend/backend-connection.ts';
import { BackendReplies } from '../../src/proxy/backend/backend-replies.ts';
import { InFlight } from '../../src/proxy/backend/in-flight.ts';
import { ClientConnection } from '../../src/proxy/client/client-connection.ts';
import { ClientPipeline } from '../../src/proxy/client/client-pipeline.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import { Server } from '../../src/proxy/pool/server.ts';
import { ProxyServer } from '../../src/proxy/proxy-server.ts';
import { CoalescedReply } from '../../src/proxy/redis/coalesced-reply.ts';
import { RedisProtocol } from '../../src/proxy/redis/protocol.ts';
import { INTERNAL_ERRORS } from '../../src/stats/counters.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// Exceptions at every step of a request's way, beside clients whose values name their keys: nobody
// is given another's reply, at most the client at hand goes, and nothing stays behind.

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/** Classes and the steps that throw, before they do anything or behind it. */
const STEPS: readonly [prototype: object, names: readonly string[]][] = [
  [RedisProtocol.prototype, ['scanRequests', 'scanReplies', 'handleSpecial']],
  [Server.prototype, ['connectionFor', 'onReplies']],
  [SendQueue.prototype, ['reserve', 'append', 'copy', 'flush']],
  [ClientPipeline.prototype, ['open', 'deliverRecord', 'deliver', 'storeObject', 'stash']],
  [InFlight.prototype, ['push', 'pushTarget', 'keepHead']],
  [BackendConnection.prototype, ['sendRecord', 'sendFrom', 'sentFor', 'flush']],
  [BackendReplies.prototype, ['afterReplies', 'piece']],
  [ClientConnection.prototype, ['answer', 'flush', 'overOutputLimit', 'holdsUp']],
  [CoalescedReply.prototype, ['take', 'complete', 'writeTo']],
  [Stash.prototype, ['take']],
];
/** Behind these nobody would know of what they gave. */
const NEVER_BEHIND = ['take'];
const SAMPLES = 6;
const FAILED = /^-[^\r]*internal error[^\r]*\r\n/;

/** Makes the `at`-th call of a step throw, once. @returns how many calls there were, and undo */
function poison(prototype: object, name: string, at: number, behind: boolean) {
  const methods = prototype as Methods;
  const original = methods[name];
  const state = { calls: 0, undo: () => void (methods[name] = original) };
  methods[name] = function (this: unknown, ...args: unknown[]): unknown {
    state.calls++;
    if (state.calls === at && !behind) throw new Error(`thrown before ${name}`);
    const result = original.apply(this, args);
    if (state.calls === at) throw new Error(`thrown behind ${name}`);
    return result;
  };
  return state;
}

interface Script {
  readonly requests: readonly Buffer[];
  readonly replies: readonly string[];
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

const valueFor = (key: string): string => {
  const n = Number(key.split(':')[1]);
  return `${key}=`.repeat(n % 17 === 0 ? 2500 : (n % 5) + 1);
};

/** GETs alone: what nobody else may disturb. */
function plainScript(from: number): Script {
  const keys = Array.from({ length: 24 }, (_, i) => `k:${(from + i) % 60}`);
  return {
    requests: keys.map((key) => encodeRequest('GET', key)),
    replies: keys.map((key) => bulk(valueFor(key))),
  };
}

/** Requests of every kind. */
function mixedScript(): Script {
  const requests: Buffer[] = [];
  const replies: string[] = [];
  const add = (reply: string, ...words: string[]): void => {
    requests.push(encodeRequest(...words));
    replies.push(reply);
  };
  for (let i = 0; i < 6; i++) {
    const keys = [`k:${i}`, `k:${i + 20}`, `k:${i + 40}`];
    add(bulk(valueFor(`k:${i}`)), 'GET', `k:${i}`);
    add(`*3\r\n${keys.map((key) => bulk(valueFor(key))).join('')}`, 'MGET', ...keys);
    add(`*2\r\n${bulk(valueFor(keys[1])).repeat(2)}`, 'MGET', keys[1], keys[1]);
    add('+PONG\r\n', 'PING');
    add(':3\r\n', 'EXISTS', ...keys);
    add(':60\r\n', 'DBSIZE');
    add(bulk(keys[0]), 'ECHO', keys[0]);
    add('+OK\r\n', 'SET', 'k:0', valueFor('k:0'));
  }
  return { requests, replies };
}

interface Outcome {
  readonly complete: boolean;
  readonly errors: number;
}

/** Sends it in pieces, and checks each reply. */
async function play(port: number, { requests, replies }: Script): Promise<Outcome> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1');
  let done = 0;
  let errors = 0;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${done} of ${replies.length} replies, then none: ${received}`));
    }, 8_000);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('data', (text: string) => {
      received += text;
      while (done < replies.length && received !== '') {
        const failed = FAILED.exec(received);
        if (failed !== null) {
          errors++;
          received = received.slice(failed[0].length);
        } else if (received.startsWith(replies[done])) {
          received = received.slice(replies[done].length);
        } else break;
        done++;
      }
      if (done === replies.length) socket.end();
    });
    socket.on('close', end);
    socket.on('error', () => {});
    const third = Math.ceil(requests.length / 3);
    const write = (from: number): void => {
      if (from >= requests.length || socket.destroyed) return;
      socket.write(Buffer.concat(requests.slice(from, from + third)));
      setTimeout(() => write(from + third), 2);
    };
    socket.on('connect', () => write(0));
  });
  const expected = replies[done] ?? '';
  // What a closed client has got is a beginning of the right reply.
  assert.ok(expected.startsWith(received), `${received.slice(0, 80)} for ${expected.slice(0, 80)}`);
  return { complete: done === replies.length, errors };
}

for (const variant of VARIANTS) describe(`exceptions, ${variant.label}`, () => suite(variant));

function suite(variant: Variant): void {
  let servers: RealServer[] = [];
  let engine: Engine;
  let proxy: Awaited<ReturnType<typeof startInProcess>>;
  let smallSlabs = 0;
  let largeSlabs = 0;

  before(async () => {
    servers = await startRedisSet(3);
    const { preconnect } = ProxyServer.prototype;
    ProxyServer.prototype.preconnect = function (this: ProxyServer): void {
      engine = this.engine;
      preconnect.call(this);
    };
    proxy = await startInProcess({ servers: shards(servers.map(({ port }) => port)) }, variant);
    ProxyServer.prototype.preconnect = preconnect;
    smallSlabs = engine.slabs.smallLeft;
    largeSlabs = engine.slabs.largeLeft;
    const client = await RespClient.open(proxy.port);
    for (let i = 0; i < 60; i++) await client.command('SET', `k:${i}`, valueFor(`k:${i}`));
    client.close();
  });
  after(async () => {
    await proxy?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const round = async (): Promise<Outcome[]> =>
    Promise.all([
      play(proxy.port, mixedScript()),
      play(proxy.port, plainScript(3)),
      play(proxy.port, plainScript(27)),
    ]);

  const nothingIsLeft = async (): Promise<void> => {
    let left: object = {};
    await waitFor(
      'everything to be given back',
      () => {
        const { slabs, clients, budget, connections } = engine;
        left = {
          small: smallSlabs - slabs.smallLeft,
          large: largeSlabs - slabs.largeLeft,
          bytes: budget.used,
          clients: clients.filter((client) => client !== null).length,
          inFlight: [...connections].reduce((sum, { inFlight }) => sum + inFlight.count, 0),
          walking: Number(slabs.walking),
        };
        return Object.values(left).every((value) => value === 0);
      },
      2_000,
    ).catch(() => assert.fail(`left: ${JSON.stringify(left)}`));
  };

  for (const [prototype, names] of STEPS) {
    for (const name of names) {
      const { name: owner } = prototype.constructor;
      test(`in ${owner}.${name}`, async () => {
        const counting = poison(prototype, name, 0, false);
        await round();
        counting.undo();
        await nothingIsLeft();
        assert.ok(counting.calls > 0, 'the step is never taken');
        const stride = Math.max(1, counting.calls / SAMPLES);
        for (const behind of NEVER_BEHIND.includes(name) ? [false] : [false, true]) {
          for (let n = 0; n < Math.min(SAMPLES, counting.calls); n++) {
            const at = 1 + Math.floor(n * stride);
            const errorsBefore = engine.process[INTERNAL_ERRORS];
            const poisoned = poison(prototype, name, at, behind);
            const outcomes = await round().finally(poisoned.undo);
            if (poisoned.calls < at) continue; // the timing of this round was another
            const what = `call ${at} of ${owner}.${name}, ${behind ? 'behind' : 'before'}`;
            assert.ok(engine.process[INTERNAL_ERRORS] > errorsBefore, `${what}: not counted`);
            const closed = outcomes.filter(({ complete }) => !complete).length;
            assert.ok(closed <= 1, `${what}: ${closed} clients were closed`);
            await nothingIsLeft().catch((error: Error) => {
              const { slabs, budget } = engine;
              const left = [
                smallSlabs - slabs.smallLeft,
                largeSlabs - slabs.largeLeft,
                budget.used,
              ];
              throw new Error(`${what}: ${left}, ${error.message}`);
            });
          }
        }
        assert.deepEqual(
          (await round()).map(({ complete, errors }) => complete && errors === 0),
          [true, true, true],
        );
      });
    }
  }
}
