import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { type Action, type FakeServer, inOrder, send, startFake } from '../support/fake-server.ts';
import { encodeRequest, RespClient, toText } from '../support/resp-client.ts';
import { shards, startInProcess, USUAL, VARIANTS, type Variant } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// Servers that answer what they should not: malformed, unasked, cut off, too large. Two clients ask
// through the same connection; each must get its own reply or an error, and ringway must live.

const INVALID = '-ERR Invalid argument\r\n';

const DEEP = `${'*1\r\n'.repeat(1_000)}:1\r\n`;

/** A first reply, and what both of two clients see that asked at once for keys of that server. */
const REPLIES: readonly (readonly [what: string, reply: string, client: string | RegExp])[] = [
  // Nutcracker wraps the number to 2, takes the next replies for elements, and loses count.
  ['an array of 2^32 + 2', '*4294967298\r\n$1\r\na\r\n$1\r\nb\r\n', INVALID],
  ['an array of 2^31', '*2147483648\r\n', INVALID],
  ['a bulk of 2^32 + 1', '$4294967297\r\na\r\n', INVALID],
  ['a bulk beyond 512 MB', '$536870913\r\na', INVALID],
  ['a bulk of -2', '$-2\r\n', INVALID],
  ['an array of -2', '*-2\r\n', INVALID],
  ['a bulk without its end', '$1\r\nabc\r\n', INVALID],
  ['a streamed string', '$?\r\n;1\r\na\r\n;0\r\n', INVALID],
  ['a number that is none', ':x\r\n', INVALID],
  ['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n', INVALID],
  ['memcached', 'ERROR\r\n', INVALID],
  ['NULs', '\0\0\0\0', INVALID],
  [
    'a line of 100,000 bytes',
    `+${'x'.repeat(100_000)}\r\n`,
    /^(-ERR Invalid argument\r\n|\+x+\r\n)$/,
  ],
  ['more elements than can be counted', '*2147483647\r\n'.repeat(3), INVALID],
  // Read whole and passed on.
  ['-LOADING', '-LOADING Redis is loading\r\n', '-LOADING Redis is loading\r\n'],
  ['-OOM', '-OOM no memory\r\n', '-OOM no memory\r\n'],
  ['-BUSY', '-BUSY script\r\n', '-BUSY script\r\n'],
  ['a null array', '*-1\r\n', '*-1\r\n'],
  ['1,000 arrays in each other', DEEP, DEEP],
  ['arrays in arrays', '*2\r\n*1\r\n:1\r\n*0\r\n', '*2\r\n*1\r\n:1\r\n*0\r\n'],
];

const NESTED = '*1\r\n*1\r\n*1\r\n:1\r\n';
const LONG = 'x'.repeat(200_000);
/** Taken in pieces and joined outside the arena. */
const LARGE = `*1\r\n*3\r\n*1\r\n:1\r\n$200000\r\n${LONG}\r\n+\r\n`;

/** What one of two servers answers its part of an MGET. */
const PARTS: readonly (readonly [what: string, reply: string])[] = [
  ['a null array', '*-1\r\n'], // nutcracker dies
  ['arrays in the array', NESTED], // nutcracker loops for ever; joined as any element
  ['arrays in a large array', LARGE],
  ['too few elements', '*0\r\n'],
  ['too many elements', '*3\r\n:1\r\n:2\r\n:3\r\n'],
  ['no array', '+OK\r\n'],
  ['a null', '$-1\r\n'],
  ['2^32 + 1 elements', '*4294967297\r\n$1\r\na\r\n'],
  ['an error', '-LOADING wait\r\n'],
  ['nothing, and the end', ''],
];

const MEMCACHED: readonly (readonly [string, string])[] = [
  ['a word it does not know', 'HELLO\r\n'],
  ['a size of 2^32 + 1', 'VALUE a 0 4294967297\r\nx\r\nEND\r\n'],
  ['a negative size', 'VALUE a 0 -1\r\nEND\r\n'],
  ['data without its end', 'VALUE a 0 1\r\nxyz\r\nEND\r\n'],
  ['RESP', '$1\r\nx\r\n'],
  ['a line of 100,000 bytes', `STAT ${'x'.repeat(100_000)}\r\n`],
  ['an end in the middle', 'VALUE a 0 10\r\nabc'],
];

for (const variant of VARIANTS) {
  describe(`hostile servers, ${variant.label}`, () => {
    for (const [what, reply, seen] of REPLIES) {
      test(what, () => oneServer(variant, reply, seen));
    }
    for (const [what, reply] of PARTS) {
      test(`a part of an MGET: ${what}`, () => partOfMget(variant, reply));
    }
    test('replies nobody asked for', () => unasked(variant));
    test('half a reply nobody asked for', () => halfUnasked(variant));
    test('replies in single bytes, then an end in the middle', () => dripping(variant));
    for (const [what, reply] of MEMCACHED) {
      test(`memcached: ${what}`, () => memcachedServer(variant, reply));
    }
  });
}

/** Ends the connection after `text`, so that an incomplete reply ends too. */
function bad(text: string): Action {
  return { do: 'send-and-end', bytes: Buffer.from(text, 'latin1') };
}

const GOOD = (request: Buffer): Action => send(`+${keyOf(request)}\r\n`);

/** The second word of a request. */
function keyOf(request: Buffer): string {
  return request.toString('latin1').split('\r\n')[4];
}

async function oneServer(variant: Variant, reply: string, seen: string | RegExp): Promise<void> {
  // The first request gets the bad reply, all others a good one that names their key.
  const fake = await startFake((index, request) => (index === 0 ? send(reply) : GOOD(request)));
  const ringway = await startInProcess({ servers: shards([fake.port]), timeout: 2_000 }, variant);
  const first = await RespClient.open(ringway.port);
  const second = await RespClient.open(ringway.port);
  try {
    await first.send(encodeRequest('GET', 'a1'));
    await waitFor('the request', () => fake.received.length === 1);
    await second.send(Buffer.concat([encodeRequest('GET', 'b1'), encodeRequest('GET', 'b2')]));
    const got = (await first.readRaw(1)).toString('latin1');
    if (typeof seen === 'string') assert.equal(got, seen);
    else assert.match(got, seen);
    const replies = await second.read(2);
    for (const [i, each] of replies.entries()) {
      // The server's next words on that connection were lost with it, or are the right ones.
      assert.match(String(each), new RegExp(`^(b${i + 1}|ReplyError: ERR .*)$`));
    }
    for (const client of [first, second]) {
      assert.equal(await client.command('GET', 'again'), 'again');
      assert.equal(client.unread.length, 0);
    }
  } finally {
    first.close();
    second.close();
    await ringway.stop();
    await fake.stop();
  }
}

async function partOfMget(variant: Variant, reply: string): Promise<void> {
  const scripts = [bad(reply), send('*1\r\n$4\r\ngood\r\n')];
  const isMget = (request: Buffer) => /mget/i.test(request.toString('latin1', 0, 14));
  const fakes: FakeServer[] = [];
  for (const action of scripts) {
    fakes.push(await startFake((_, request) => (isMget(request) ? action : GOOD(request))));
  }
  const servers = shards(fakes.map(({ port }) => port));
  const ringway = await startInProcess({ servers, timeout: 2_000 }, variant);
  const client = await RespClient.open(ringway.port);
  try {
    const [a, b] = await keysOfDifferentServers(client, fakes);
    const replies = await client.pipeline([['MGET', a, b], ['PING'], ['GET', b]]);
    if (reply === NESTED) assert.deepEqual(toText(replies[0]), [[[1]], 'good']);
    else if (reply === LARGE) assert.deepEqual(toText(replies[0]), [[[1], LONG, ''], 'good']);
    else
      assert.match(
        String(replies[0]),
        /^ReplyError: (ERR (Invalid argument|unknown)|LOADING wait)$/,
      );
    assert.deepEqual(replies.slice(1), ['PONG', b]);
    assert.equal(await client.command('GET', a), a);
    assert.equal(client.unread.length, 0);
  } finally {
    client.close();
    await ringway.stop();
    for (const fake of fakes) await fake.stop();
  }
}

/** @returns a key of the first server and one of the second */
async function keysOfDifferentServers(client: RespClient, fakes: FakeServer[]): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; found[0] === undefined || found[1] === undefined; i++) {
    const before = fakes[0].received.length;
    const key = `key${i}`;
    await client.command('GET', key);
    found[fakes[0].received.length > before ? 0 : 1] ??= key;
  }
  return found;
}

async function unasked(variant: Variant): Promise<void> {
  const fake = await startFake((index, request) => {
    return index === 0 ? send('+first\r\n+stray\r\n') : GOOD(request);
  });
  const ringway = await startInProcess({ servers: shards([fake.port]) }, variant);
  const client = await RespClient.open(ringway.port);
  assert.equal(await client.command('GET', 'a'), 'first');
  await waitFor('the connection to be closed', () => fake.open.size === 0);
  assert.equal(await client.command('GET', 'b'), 'b');
  // On an idle connection.
  for (const socket of fake.open) socket.write('+late\r\n');
  await waitFor('the second to be closed', () => fake.open.size === 0);
  assert.equal(await client.command('GET', 'c'), 'c');
  assert.equal(client.unread.length, 0);
  client.close();
  await ringway.stop();
  await fake.stop();
}

async function halfUnasked(variant: Variant): Promise<void> {
  const strays = [
    '$5\r\nstr',
    '|1\r\n+a\r\n+b\r\n',
    '*2\r\n:1\r\n',
    '+str',
    `$99999\r\n${'x'.repeat(70_000)}`,
  ];
  for (const stray of strays) {
    const fake = await startFake((index, request) => {
      return index === 0 ? send(`+first\r\n${stray}`) : GOOD(request);
    });
    const ringway = await startInProcess({ servers: shards([fake.port]) }, variant);
    const client = await RespClient.open(ringway.port);
    try {
      assert.equal(await client.command('GET', 'a'), 'first');
      await waitFor('the connection to be closed', () => fake.open.size === 0);
      assert.equal(await client.command('GET', 'b'), 'b', stray.slice(0, 20));
      assert.equal(client.unread.length, 0);
    } finally {
      client.close();
      await ringway.stop();
      await fake.stop();
    }
  }
}

async function dripping(variant: Variant): Promise<void> {
  const text = '*3\r\n$5\r\nhello\r\n:-12\r\n*-1\r\n';
  const fake = await startFake((index, _request, socket) => {
    if (index === 2) return { do: 'send-and-end', bytes: Buffer.from(text.slice(0, -3)) };
    void (async () => {
      for (const byte of Buffer.from(text)) {
        socket.write(Buffer.of(byte));
        await delay(1);
      }
    })();
    return undefined;
  });
  const ringway = await startInProcess({ servers: shards([fake.port]), timeout: 3_000 }, variant);
  const client = await RespClient.open(ringway.port);
  for (let i = 0; i < 2; i++) {
    await client.send(encodeRequest('LRANGE', 'a', '0', '-1'));
    assert.equal((await client.readRaw(1)).toString(), text);
  }
  assert.equal(String(await client.command('LRANGE', 'a', '0', '-1')), 'ReplyError: ERR unknown');
  client.close();
  await ringway.stop();
  await fake.stop();
}

async function memcachedServer(variant: Variant, reply: string): Promise<void> {
  const fake = await startFakeMemcached(inOrder([bad(reply), send('END\r\n')]));
  const ringway = await startInProcess(
    { servers: [`127.0.0.1:${fake.port}`], redis: false, timeout: 2_000 },
    variant,
  );
  const client = await RawClient.open(ringway.port);
  client.send('get a\r\n');
  await client.until((got) => got.includes('\n'), 'a reply');
  assert.match(client.take().toString(), /^SERVER_ERROR (Invalid argument|unknown)\r\n$/);
  client.send('get a\r\nget a b\r\n');
  await client.untilLength(10);
  assert.equal(client.take().toString(), 'END\r\nEND\r\n');
  client.close();
  await ringway.stop();
  await fake.stop();
}

/** Of commands that ask servers on their own account: a reply of a kind that no server gives. */
const OF_THE_WRONG_KIND: readonly (readonly [request: string, reply: string])[] = [
  ['DBSIZE', '+OK\r\n'],
  ['DBSIZE', '$1\r\na\r\n'],
  ['DBSIZE', ':-1\r\n'],
  ['DBSIZE', ':9223372036854775808\r\n'],
  ['DBSIZE', '*-1\r\n'],
  ['DBSIZE', ',1.5\r\n'],
  ['WAIT 0 10', '+OK\r\n'],
  ['WAIT 0 10', ':99999999999999999999999\r\n'],
  ['WAIT 0 10', '#t\r\n'],
  ['SCAN 0', '*2\r\n$1\r\na\r\n*0\r\n'],
  ['SCAN 0', '*2\r\n$2\r\n-1\r\n*0\r\n'],
  ['SCAN 0', '%1\r\n+a\r\n*0\r\n'],
  ['SCAN 0', '*1\r\n$1\r\n0\r\n'],
  ['SCAN 0', '+OK\r\n'],
];

describe('hostile servers: replies of the wrong kind', () => {
  for (const [request, reply] of OF_THE_WRONG_KIND) {
    test(`${request}: ${JSON.stringify(reply)}`, async () => {
      const words = request.split(' ');
      const fake = await startFake((_, bytes) =>
        bytes.includes(words[0]) ? send(reply) : GOOD(bytes),
      );
      const ringway = await startInProcess({ servers: shards([fake.port]), timeout: 500 }, USUAL);
      const clients = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
      const [wrong, right] = await clients[0].pipeline([words, ['GET', 'mine']]);
      assert.match(String(wrong), /^ReplyError: ERR (shard1 did not do it: )?Invalid argument$/);
      assert.equal(toText(right), 'mine');
      assert.equal(await clients[1].text('GET', 'other'), 'other');
      for (const client of clients) client.close();
      await ringway.stop();
      await fake.stop();
    });
  }
});

describe('hostile servers: time', () => {
  test('one that is silent costs its clients the timeout, others nothing', async () => {
    const silent = await startFake(() => ({ do: 'silence' }));
    const good = await startFake((_, request) => GOOD(request));
    const servers = shards([silent.port, good.port]);
    const ringway = await startInProcess({ servers, timeout: 500 }, USUAL);
    const clients = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
    const keys = Array.from({ length: 40 }, (_, i) => `key${i}`);
    const replies = await clients[0].pipeline(keys.map((key) => ['GET', key]));
    let timeouts = 0;
    for (const [i, reply] of replies.entries()) {
      if (reply === keys[i]) continue;
      timeouts++;
      assert.equal(String(reply), 'ReplyError: ERR Connection timed out');
    }
    assert.ok(timeouts > 0 && timeouts < keys.length, `${timeouts} of ${keys.length}`);
    assert.equal(clients[0].unread.length, 0);
    for (const client of clients) client.close();
    await ringway.stop();
    await Promise.all([silent.stop(), good.stop()]);
  });
});
