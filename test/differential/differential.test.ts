import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { KNOWN_COMMANDS } from '../../src/protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../src/protocol/redis/table/unsupported.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, type Reply, RespClient, toText } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { DIFFERENCES } from './differences.ts';
import { repliesOf } from './raw-replies.ts';
import {
  erroneous,
  isOf,
  laterForm,
  ordinary,
  type Sample,
  sample,
  served,
  unsupported,
  wrongArity,
} from './requests.ts';

// Each request of the suite goes to a server and through ringways with one and four servers, all
// empty at first, in one write; the replies must be the same bytes.

const seen = new Set<(typeof DIFFERENCES)[number]>();

function expectedDifference(text: string, servers: number): boolean {
  const found = DIFFERENCES.filter(({ request, servers: only = servers }) => {
    return only === servers && (text === request || text.startsWith(`${request} `));
  });
  for (const each of found) seen.add(each);
  return found.length > 0;
}

/** Sends all in one write, after HELLO for `resp`. @returns the bytes of each reply */
function exchange(port: number, resp: 2 | 3, samples: readonly Sample[]): Promise<string[]> {
  const requests = samples.map(({ words }) => encodeRequest(...words));
  const bytes = Buffer.concat([encodeRequest('HELLO', resp), ...requests]);
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.write(bytes);
  return new Promise((resolve, reject) => {
    const end = (): void => {
      socket.destroy();
      resolve(repliesOf(Buffer.concat(chunks)).slice(1));
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (repliesOf(Buffer.concat(chunks)).length > samples.length) end();
    });
    socket.on('end', end);
    socket.on('error', reject);
    socket.setTimeout(10_000, () => reject(new Error(`silence on port ${port}`)));
  });
}

/** Idle times and the like, and the order of a hash table, are never the same twice. */
function steady(reply: string, { words }: Sample): string {
  if (/^(KEYS|SCAN|COMMAND LIST|ACL CAT)\b/.test(words.join(' ')))
    return reply.split('\r\n').sort().join();
  const clocks = /(\$(?:4|6|8|12|9|11|18)\r\n(?:idle|inactive|seen-time|active-time)\r\n:)-?\d+/g;
  return words[0] === 'XINFO' ? reply.replace(clocks, '$1N') : reply;
}

const UNITS_PER_SECOND: Readonly<Record<string, number>> = { TTL: 1, PTTL: 1000 };
/** What is left of a time may differ by so much from one server to the other. */
const APART_SECONDS = 2;

function sameReply(here: string, there: string, request: Sample): boolean {
  const unit = UNITS_PER_SECOND[request.words[0]];
  const [a, b] = [here, there].map((reply) => Number(/^:([1-9]\d*)\r\n$/.exec(reply)?.[1]));
  if (unit === undefined || Number.isNaN(a) || Number.isNaN(b)) {
    return steady(here, request) === steady(there, request);
  }
  return Math.abs(a - b) <= APART_SECONDS * unit;
}

for (const variant of VARIANTS) {
  for (const resp of [2, 3] as const) {
    describe(`as a server answers, RESP${resp}, ${variant.label}`, () => suite(variant, resp));
  }
}

function suite(variant: (typeof VARIANTS)[number], resp: 2 | 3): void {
  let servers: RealServer[];
  const proxies = new Map<1 | 4, TestRingway>();
  let direct: RealServer;
  let known: string[];

  before(async () => {
    servers = await startRedisSet(6);
    direct = servers[0];
    const ports = servers.map(({ port }) => port);
    const keys = { hash_tag: '{}', allow_flush: true };
    const options = { ...keys, allow_config_set: 'notify-keyspace-events' };
    for (const [count, own] of [
      [1, ports.slice(1, 2)],
      [4, ports.slice(2)],
    ] as const) {
      proxies.set(count, await startInProcess({ servers: shards(own), ...options }, variant));
    }
    const client = await RespClient.open(direct.port);
    const list = (await client.command('COMMAND', 'LIST')) as Reply[];
    known = list.map((name) => String(toText(name)).toUpperCase());
    client.close();
  });
  after(async () => {
    for (const proxy of proxies.values()) await proxy.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function compare(samples: readonly Sample[], may: (index: number) => boolean) {
    const expected = await exchange(direct.port, resp, samples);
    const wrong: string[] = [];
    for (const [count, { port }] of proxies) {
      const actual = await exchange(port, resp, samples);
      for (const [i, each] of samples.entries()) {
        const [here, there] = [actual[i] ?? '', expected[i] ?? ''];
        if (sameReply(here, there, each) || may(i) || expectedDifference(each.text, count))
          continue;
        wrong.push(`${each.text} with ${count} servers: ${here} instead of ${there}`);
      }
    }
    assert.deepEqual(wrong, []);
  }

  test('ordinary requests', () => compare(ordinary, () => false));

  test('erroneous requests', () => compare(erroneous, () => false));

  test('every command with a wrong number of words', async () => {
    const isLater = wrongArity.map(({ words }) => !known.includes(words[0].toUpperCase()));
    await compare(wrongArity, (i) => isLater[i]);
  });

  test('commands that the server does not have: its own words', async () => {
    const later = KNOWN_COMMANDS.filter(
      ({ name, handling }) => !known.includes(name) && handling !== 'unsupported',
    ).map(laterForm);
    await compare(later, () => false);
  });

  test('unsupported commands say why, the connection is kept', async () => {
    for (const { port } of proxies.values()) {
      const forms = [...unsupported.map(laterForm), sample('PING')];
      const replies = await exchange(port, resp, forms);
      for (const [i, { name }] of unsupported.entries()) {
        assert.match(replies[i], /^-ERR '[^']+' is not supported by ringway: /, name);
        assert.ok(replies[i].endsWith(`${whyUnsupported(name)}\r\n`), name);
      }
      assert.equal(replies.at(-1), '+PONG\r\n');
    }
  });
}

describe('the suite itself', () => {
  test('has an ordinary form of every command that is served', () => {
    const without = served.filter((spec) => {
      if (spec.handling === 'container' || ENDLESS.includes(spec.name)) return false;
      return !ordinary.some((each) => isOf(spec, each));
    });
    // Those of later versions and of modules are sent in a form made from the table.
    const names = without.map(({ name }) => name);
    const sevenOh = names.filter((name) => !/[.]/.test(name) && !LATER.includes(name));
    assert.deepEqual(sevenOh, [], 'a line of ordinary.ts, or a name in LATER, is missing');
  });

  test('lists no difference that is none', () => {
    assert.deepEqual(
      DIFFERENCES.filter((each) => !seen.has(each)).map(({ request }) => request),
      [],
    );
  });
});

/** Their replies have no end: test/tracking/monitor.test.ts has them. */
const ENDLESS = ['MONITOR'];

/** Served commands that Redis 7.0 does not have. */
const LATER = `
  DELEX DELIFEQ DIGEST HEXPIRE HEXPIREAT HEXPIRETIME HGETDEL HGETEX HPERSIST HPEXPIRE HPEXPIREAT
  HPEXPIRETIME HPTTL HSETEX HTTL MSETEX XACKDEL XDELEX VADD VCARD VDIM VEMB VGETATTR VINFO VISMEMBER
  VLINKS VRANDMEMBER VRANGE VREM VSETATTR VSIM WAITAOF`.match(/\S+/g)!;
