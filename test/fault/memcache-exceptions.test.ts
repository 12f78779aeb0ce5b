import { after, before, describe } from 'node:test';
import { GetLines } from '../../src/proxy/memcache/get-lines.ts';
import { JoinedGets } from '../../src/proxy/memcache/joined-gets.ts';
import { JoinedPieces } from '../../src/proxy/memcache/joined-pieces.ts';
import { JoinedReplies } from '../../src/proxy/memcache/joined-replies.ts';
import { MultigetReply } from '../../src/proxy/memcache/multiget-reply.ts';
import { MemcacheProtocol } from '../../src/proxy/memcache/protocol.ts';
import { QuietReply } from '../../src/proxy/memcache/quiet.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { VARIANTS, type Variant } from '../support/ringway.ts';
import { Scene, type Script, type Steps, testSteps } from './throwing-steps.ts';

// As exceptions.test.ts, at the steps that only memcached pools take.

const STEPS: Steps = [
  [MemcacheProtocol.prototype, ['scanRequests', 'scanReplies', 'handleSpecial']],
  [GetLines.prototype, ['place', 'reserve', 'noteKeys', 'beforeWrite', 'shift']],
  [JoinedGets.prototype, ['place', 'take', 'beforeWrite']],
  [JoinedReplies.prototype, ['take']],
  [JoinedPieces.prototype, ['take']],
  [MultigetReply.prototype, ['take', 'complete', 'writeTo']],
  [QuietReply.prototype, ['onReply', 'awaitsMore', 'writeTo']],
];

const KEYS = 40;
/** Larger than the receive window: it comes in pieces. */
const LARGE = 300_000;

const keyOf = (i: number): string => `k:${i % KEYS}`;
const valueFor = (key: string): string => `${key}=`.repeat((Number(key.slice(2)) % 7) + 1);
const hit = (key: string, value = valueFor(key)): string =>
  `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
const set = (key: string, value: string): string =>
  `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;

/** Gets of one key alone: what nobody else may disturb. */
function plainScript(from: number): Script {
  const keys = Array.from({ length: 24 }, (_, i) => keyOf(from + i));
  return {
    requests: keys.map((key) => Buffer.from(`get ${key}\r\n`)),
    replies: keys.map((key) => `${hit(key)}END\r\n`),
  };
}

function mixedScript(): Script {
  const requests: Buffer[] = [];
  const replies: string[] = [];
  const add = (reply: string, request: string): void => {
    requests.push(Buffer.from(request));
    replies.push(reply);
  };
  for (let i = 0; i < 6; i++) {
    const keys = [keyOf(i), keyOf(i + 13), keyOf(i + 26), 'none', keyOf(i + 1)];
    const hits = keys.map((key) => (key === 'none' ? '' : hit(key)));
    add(`${hits.join('')}END\r\n`, `get ${keys.join(' ')}\r\n`);
    add(`${hit(keys[1])}END\r\n`, `get ${keys[1]}\r\n`);
    add('STORED\r\n', set(keys[0], valueFor(keys[0])));
    const value = valueFor(keys[2]);
    add(`VA ${value.length}\r\n${value}\r\n`, `mg ${keys[2]} v q\r\n`);
    add('MN\r\n', 'mn\r\n');
  }
  // On one line, as they come together.
  for (let i = 0; i < 2; i++) add(`${hit('large', 'l'.repeat(LARGE))}END\r\n`, 'get large\r\n');
  return { requests, replies };
}

for (const variant of VARIANTS) {
  describe(`exceptions of memcached pools, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let servers: RealServer[] = [];
  let scene: Scene;

  before(async () => {
    servers = await Promise.all([startMemcached(), startMemcached()]);
    scene = await Scene.start(
      { servers: servers.map(({ port }, i) => `127.0.0.1:${port}:1 cache${i}`), redis: false },
      variant,
      [mixedScript(), plainScript(3), plainScript(17)],
    );
    const client = await RawClient.open(scene.port);
    for (let i = 0; i < KEYS; i++) await client.ask(set(keyOf(i), valueFor(keyOf(i))));
    await client.ask(set('large', 'l'.repeat(LARGE)));
    client.close();
  });
  after(async () => {
    await scene?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  testSteps(STEPS, () => scene);
}
