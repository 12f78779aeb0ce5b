import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SendQueue } from '../../src/net/send-queue.ts';
import { Stash } from '../../src/net/stash.ts';
import { BackendConnection } from '../../src/proxy/backend/backend-connection.ts';
import { InFlight } from '../../src/proxy/backend/in-flight.ts';
import { BackendReplies } from '../../src/proxy/backend/replies/backend-replies.ts';
import { OldestReply } from '../../src/proxy/backend/replies/oldest-reply.ts';
import { ClientConnection } from '../../src/proxy/client/client-connection.ts';
import { ClientPipeline } from '../../src/proxy/client/client-pipeline.ts';
import { LargeRequest } from '../../src/proxy/client/input/large-request.ts';
import { Server } from '../../src/proxy/pool/server.ts';
import { CoalescedReply } from '../../src/proxy/redis/fragments/coalesced-reply.ts';
import { RedisProtocol } from '../../src/proxy/redis/protocol.ts';
import { RequestRouter } from '../../src/proxy/routing/router.ts';
import { startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, USUAL, VARIANTS, type Variant } from '../support/ringway.ts';
import { poison, Scene, type Script, type Steps, testSteps } from './throwing-steps.ts';

// Exceptions at every step of a request's way, beside clients whose values name their keys: nobody
// is given another's reply, at most the client at hand goes, and nothing stays behind.

/** Classes and the steps that throw, before they do anything or behind it. */
const STEPS: Steps = [
  [RedisProtocol.prototype, ['scanRequests', 'scanReplies', 'handleSpecial']],
  [Server.prototype, ['connectionFor', 'onReplies']],
  [SendQueue.prototype, ['reserve', 'append', 'copy', 'flush']],
  [ClientPipeline.prototype, ['open', 'deliverRecord', 'deliver', 'storeObject', 'stash']],
  [InFlight.prototype, ['push', 'pushTarget', 'keepHead']],
  [BackendConnection.prototype, ['sendRecord', 'sendFrom', 'sentFor', 'flush']],
  [BackendReplies.prototype, ['afterReplies']],
  [OldestReply.prototype, ['piece']],
  [ClientConnection.prototype, ['answer', 'flush', 'overOutputLimit', 'holdsUp']],
  [CoalescedReply.prototype, ['take', 'complete', 'writeTo']],
  [Stash.prototype, ['take']],
  [LargeRequest.prototype, ['take', 'expect', 'onLease', 'finish', 'tryStart']],
];
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
    add(':62\r\n', 'DBSIZE');
    add(bulk(keys[0]), 'ECHO', keys[0]);
    add('+OK\r\n', 'SET', 'k:0', valueFor('k:0'));
  }
  return { requests, replies };
}

/** Bodies that are streamed, and one that is assembled. */
function largeScript(): Script {
  const long = 'l'.repeat(300_000);
  const some = 's'.repeat(100_000);
  const requests = [
    encodeRequest('GET', 'k:1'),
    encodeRequest('SET', 'long', long),
    encodeRequest('STRLEN', 'long'),
    encodeRequest('SET', 'some', some),
    encodeRequest('STRLEN', 'some'),
    encodeRequest('SET', 'long', long),
    encodeRequest('GET', 'k:2'),
  ];
  const replies = [
    bulk(valueFor('k:1')),
    '+OK\r\n',
    `:${long.length}\r\n`,
    '+OK\r\n',
    `:${some.length}\r\n`,
    '+OK\r\n',
    bulk(valueFor('k:2')),
  ];
  return { requests, replies };
}

for (const variant of VARIANTS) describe(`exceptions, ${variant.label}`, () => suite(variant));

function suite(variant: Variant): void {
  let servers: RealServer[] = [];
  let scene: Scene;

  before(async () => {
    servers = await startRedisSet(3);
    scene = await Scene.start(
      { servers: shards(servers.map(({ port }) => port)), max_assembled_request: 131_072 },
      variant,
      [mixedScript(), plainScript(3), plainScript(27), largeScript()],
    );
    const client = await RespClient.open(scene.port);
    for (let i = 0; i < 60; i++) await client.command('SET', `k:${i}`, valueFor(`k:${i}`));
    for (const key of ['long', 'some']) await client.command('SET', key, '');
    client.close();
  });
  after(async () => {
    await scene?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  testSteps(STEPS, () => scene);
}

const TIMEOUT_MS = 150;

test('a deadline that throws ends its own connection, and others run out of time as usual', async () => {
  const silent = await startFake(() => ({ do: 'silence' }));
  const proxy = await startInProcess(
    { servers: shards([silent.port]), timeout: TIMEOUT_MS, server_connections: 2 },
    USUAL,
  );
  const clients = await Promise.all([1, 2].map(() => RespClient.open(proxy.port)));
  const poisoned = poison(BackendConnection.prototype, 'onDeadline', 1, false);
  try {
    const replies = await Promise.all(clients.map((client) => client.command('GET', 'k')));
    assert.equal(poisoned.calls, 2);
    assert.deepEqual(replies.map(String).sort(), [
      'ReplyError: ERR Connection timed out',
      'ReplyError: ERR internal error',
    ]);
  } finally {
    poisoned.undo();
    for (const client of clients) client.close();
    await proxy.stop();
    await silent.stop();
  }
});

test('an error of a server that is away is queued whole: what throws behind it costs only itself', async () => {
  const proxy = await startInProcess(
    {
      servers: shards([await freePort()]),
      auto_eject_hosts: true,
      server_failure_limit: 1,
      server_retry_timeout: 60_000,
    },
    USUAL,
  );
  const client = await RespClient.open(proxy.port);
  try {
    // It is out of the ring from now on, and requests fail where they are.
    await client.command('GET', 'k');
    const gone = String(await client.command('GET', 'k'));
    const poisoned = poison(RequestRouter.prototype, 'choose', 2, false);
    const replies = (
      await client.pipeline([
        ['GET', 'k'],
        ['GET', 'k'],
      ])
    ).map(String);
    poisoned.undo();
    assert.deepEqual(replies, [gone, 'ReplyError: ERR internal error']);
  } finally {
    client.close();
    await proxy.stop();
  }
});
