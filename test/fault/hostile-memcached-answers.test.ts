import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { send } from '../support/fake-server.ts';
import { startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';

// What memcached may answer to a request whose reply ringway looks into. The client gets a reply,
// its connection goes on, others notice nothing.

const INVALID = 'SERVER_ERROR Invalid argument\r\n';
const value = (key: string) => `VALUE ${key} 0 1\r\nx\r\n`;

const CASES: readonly (readonly [
  what: string,
  request: string,
  asked: RegExp,
  answer: string,
  reply: string | RegExp,
])[] = [
  ['flush_all: a number', 'flush_all\r\n', /^flush_all/, '5\r\n', INVALID],
  ['flush_all: items', 'flush_all\r\n', /^flush_all/, `${value('a')}END\r\n`, INVALID],
  ['flush_all: no items', 'flush_all\r\n', /^flush_all/, 'END\r\n', INVALID],
  ['flush_all: STORED', 'flush_all\r\n', /^flush_all/, 'STORED\r\n', INVALID],
  [
    'flush_all: an error',
    'flush_all\r\n',
    /^flush_all/,
    'SERVER_ERROR no\r\n',
    'SERVER_ERROR no\r\n',
  ],
  ['verbosity: HD', 'verbosity 1\r\n', /^verbosity/, 'HD\r\n', INVALID],
  [
    'stats: STORED',
    'stats servers\r\n',
    /^stats/,
    'STORED\r\n',
    /error SERVER_ERROR Invalid argument/,
  ],
  ['stats: items', 'stats servers\r\n', /^stats/, `${value('a')}END\r\n`, /error SERVER_ERROR Inv/],
  ['stats: only END', 'stats servers\r\n', /^stats/, 'END\r\n', 'END\r\n'],
  ['get: a number', `get ${keys().join(' ')}\r\n`, /^get user/, '7\r\n', INVALID],
];

function keys(): string[] {
  return Array.from({ length: 12 }, (_, i) => `user:${i}`);
}

async function answered(
  variant: Variant,
  [, request, asked, answer, reply]: (typeof CASES)[number],
) {
  const script = (_: number, line: Buffer) => {
    const text = line.toString('latin1');
    if (asked.test(text)) return send(answer);
    return send(text.startsWith('get mine') ? `${value('mine')}END\r\n` : 'END\r\n');
  };
  const fakes = [await startFakeMemcached(script), await startFakeMemcached(script)];
  const servers = fakes.map(({ port }, i) => `127.0.0.1:${port}:1 shard${i + 1}`);
  const ringway = await startInProcess(
    { servers, redis: false, timeout: 5_000, flush_all: true },
    variant,
  );
  const client = await RawClient.open(ringway.port);
  const other = await RawClient.open(ringway.port);
  try {
    const got = await client.ask(request);
    if (typeof reply === 'string') assert.equal(got, reply);
    else assert.match(got, reply);
    for (const each of [client, other]) {
      assert.equal(await each.ask('get mine\r\n'), `${value('mine')}END\r\n`);
    }
  } finally {
    client.close();
    other.close();
    await ringway.stop();
    for (const fake of fakes) await fake.stop();
  }
}

for (const variant of VARIANTS.filter(({ reader }) => reader === 'onread')) {
  describe(`memcached's answers that do not fit, ${variant.label}`, () => {
    for (const one of CASES) test(one[0], () => answered(variant, one));

    test('a quiet command with a reply too many costs the connection', async () => {
      const fake = await startFakeMemcached((_, line) => {
        const text = line.toString('latin1');
        if (text.startsWith('mg bad')) return send('HD\r\nHD\r\n');
        return send(text.startsWith('mn') ? 'MN\r\n' : `${value('mine')}END\r\n`);
      });
      const ringway = await startInProcess(
        { servers: [`127.0.0.1:${fake.port}:1 s1`], redis: false, timeout: 5_000 },
        variant,
      );
      const client = await RawClient.open(ringway.port);
      assert.match(await client.ask('mg bad q\r\nmn\r\n'), /^(SERVER_ERROR .*\r\n)?MN\r\n$/);
      assert.equal(await client.ask('get mine\r\n'), `${value('mine')}END\r\n`);
      client.close();
      await ringway.stop();
      await fake.stop();
    });
  });
}
