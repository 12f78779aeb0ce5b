import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';
import { cut, expectOutcome, INFO, type Outcome } from './golden-support.ts';

// What a recorded nutcracker answered, byte for byte; where ringway means to differ, what it answers.

interface Case {
  readonly id: string;
  readonly strictness: 'must' | 'better' | 'quirk';
  readonly note: string;
  readonly config: { readonly servers: readonly string[] };
  readonly setup?: string;
  readonly request: string;
  readonly chunks?: readonly number[];
  readonly response: string;
  readonly closed: boolean;
}

const golden: { cases: Case[] } = JSON.parse(readFileSync('test/golden/transcripts.json', 'utf8'));

const kept = (reply: string): Outcome => ({ reply, closed: false });
const closed = (reply: string): Outcome => ({ reply, closed: true });
const arity = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;

/** The differences, all of them; docs/migration.md tells the reasons. */
const DIFFERENCES: Readonly<Record<string, Outcome>> = {
  'r-ping-arg': kept('$2\r\nhi\r\n'),
  'r-inline-ping': kept('+PONG\r\n'),
  'r-empty-line': kept(''),
  'r-set-no-args': kept(arity('set')),
  'r-get-no-args': kept(arity('get')),
  'r-get-two-keys': kept(arity('get')),
  'r-expire-arity': kept(`+OK\r\n${arity('expire')}`),
  'r-unsupported-echo': kept('$2\r\nhi\r\n'),
  'r-unsupported-multi': kept('+OK\r\n'),
  // Client libraries wait for the reply to QUIT.
  'r-quit': closed('+OK\r\n'),
  'r-get-quit-get': closed('$-1\r\n+OK\r\n'),
  'r-auth-unauth-quit': closed('+OK\r\n'),
  'r-unsupported-after-get': kept(`+OK\r\n$1\r\n1\r\n${INFO}`),
  'r-unsupported-later-packet': kept(`+PONG\r\n${INFO}`),
  'r-move': kept(':0\r\n'),
  'r-select': kept('+OK\r\n'),
  'r-auth-two-args': kept('-WRONGPASS invalid username-password pair or user is disabled.\r\n'),
  'r-mget-no-keys': kept(arity('mget')),
  'r-mset-odd': kept(arity('mset')),
  'r-exists-multi-same-shard': kept(':3\r\n'),
  'r-eval-no-keys': kept(':1\r\n'),
  'r-eval-numkeys-nan': kept('-ERR value is not an integer or out of range\r\n'),
  'r-rename-unsupported': kept('-ERR no such key\r\n'),
  'r-star-zero': kept(''),
  'r-star-negative': kept(''),
  'r-bad-terminator': closed('-ERR Protocol error: expected CRLF after bulk\r\n'),
  'r-null-bulk-arg': closed('-ERR Protocol error: invalid bulk length\r\n'),
  'r-key-too-long': kept('$-1\r\n'),
  'r-all-ejected-mget-alone': kept('-ERR Connection refused\r\n'),
  'r-all-ejected-mget-after-ping': kept('+PONG\r\n-ERR Connection refused\r\n'),
  'r-dead-mget': kept('-ERR Connection refused\r\n+PONG\r\n'),
  // Recorded as to be kept, but it hides the server's own words.
  'r-auth-missing-mget': kept('-NOAUTH Authentication required.\r\n'.repeat(3)),
};

/** Nutcracker closed at the length line and was sent no more; for ringway the request is completed. */
const COMPLETED: Readonly<Record<string, Buffer>> = {
  'r-key-too-long': Buffer.from(`*2\r\n$3\r\nGET\r\n$16336\r\n${'x'.repeat(16336)}\r\n`),
};

for (const variant of VARIANTS) {
  describe(`recorded transcripts, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let shards: RealServer[] = [];
  let secret: RealServer;
  let dead = 0;

  before(async () => {
    dead = await freePort();
    secret = await startRedis({ args: ['--requirepass', 's3cret'] });
    shards = await startRedisSet(3);
  });
  after(() => Promise.all([secret, ...shards].map((server) => server?.stop())));

  const line = (text: string): string => {
    const [name] = text.split(' ');
    switch (name) {
      case 'sec':
        return `127.0.0.1:${secret.port}:1 sec`;
      case 'dead':
        return `127.0.0.1:${dead}:1 dead`;
      case 'live':
        return `127.0.0.1:${shards[0].port}:1 live`;
      case 'u':
        return '/nonexistent/redis.sock:1 u';
      case 'd':
        return 'name-that-does-not-resolve.invalid:6379:1 d';
      default:
        return `127.0.0.1:${shards[Number(name.slice(-1)) - 1].port}:1 ${name}`;
    }
  };

  const empty = async (server: RealServer): Promise<void> => {
    const client = await RespClient.open(server.port);
    if (server === secret) await client.text('AUTH', 's3cret');
    await client.text('FLUSHALL');
    await client.text('SCRIPT', 'FLUSH');
    client.close();
  };

  for (const { id, note, config, setup, request, chunks, ...recorded } of golden.cases) {
    const { strictness, response } = recorded;
    test(`${id} (${strictness}): ${note}`, async () => {
      await Promise.all([secret, ...shards].map(empty));
      const ringway = await startInProcess(
        { ...config, servers: config.servers.map(line) },
        variant,
      );
      try {
        if (setup !== undefined) await runSetup(ringway.port, Buffer.from(setup, 'base64'));
        const reply = Buffer.from(response, 'base64').toString('latin1');
        const expected = DIFFERENCES[id] ?? { reply, closed: recorded.closed };
        const bytes = COMPLETED[id] ?? Buffer.from(request, 'base64');
        await expectOutcome(ringway.port, cut(bytes, chunks), expected);
      } finally {
        await ringway.stop();
      }
    });
  }
}

async function runSetup(port: number, bytes: Buffer): Promise<void> {
  const client = await RespClient.open(port);
  await client.send(bytes);
  await client.readRaw(1);
  client.close();
}
