import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { FUNCTION, LITERALS, lines, TEMPLATES } from '../differential/key-grammar.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { type Made, NAMES, requestsOf } from '../support/request-templates.ts';
import {
  encodeRequest,
  type Reply,
  ReplyError,
  RespClient,
  toText,
  type Word,
} from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, USUAL, VARIANTS } from '../support/ringway.ts';
import { nameOf } from '../support/specs.ts';
import {
  COUNTS_EVERY_LOOK,
  type Content,
  restoring,
  TouchedKeys,
  textOf,
  wordsOf,
} from '../support/touched-keys.ts';

// Requests whose free words are the names of options, through ringway with one and four servers. A
// server of its own executes each and shows which keys it touches. When one of the four has them
// all, the reply is the same; else it is CROSSSERVER, or the request is split.

const SPLIT = /^(MGET|MSET|DEL|UNLINK|EXISTS|TOUCH)$/i;
/** They stop at the first key that decides, or look without a trace: the template knows the keys. */
const TRACELESS = /^(EXISTS|P?TTL|P?EXPIRETIME|TYPE|OBJECT|MEMORY|MSETNX|LMPOP|ZMPOP)$/i;
/** Their replies are random, or tell the time or the layout of a hash table. */
const VARIES =
  /^(SPOP|[SZ]RANDMEMBER|HRANDFIELD|XADD|[SHZ]SCAN|XINFO|XPENDING|XCLAIM|XAUTOCLAIM)$/i;

/** The same for two servers: elements in any order, as sets have none. */
function comparable(words: readonly string[], reply: Reply): string {
  if (reply instanceof ReplyError) return 'error';
  if (VARIES.test(words[0])) return 'varies';
  const sorted = (value: Reply): Reply => {
    return Array.isArray(value)
      ? value.map(sorted).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
      : value;
  };
  return textOf(sorted(toText(reply)));
}

for (const variant of VARIANTS) {
  describe(`keys that look like options, ${variant.label}`, () => {
    const numRuns = variant === USUAL ? 4 : 2;
    let servers: RealServer[];
    let oracle: TouchedKeys;
    let direct: RespClient[];
    let ringways: TestRingway[] = [];
    let single: RespClient;
    let four: RespClient;
    let owners: Map<string, number>;

    before(async () => {
      servers = await startRedisSet(6, { args: COUNTS_EVERY_LOOK });
      oracle = await TouchedKeys.open(servers[0].port);
      direct = await Promise.all(servers.slice(1).map(({ port }) => RespClient.open(port)));
      const [one, ...others] = servers.slice(1).map(({ port }) => port);
      ringways = [
        await startInProcess({ servers: shards([one]) }, variant),
        await startInProcess({ servers: shards(others), hash: 'md5' }, variant),
      ];
      [single, four] = await Promise.all(ringways.map(({ port }) => RespClient.open(port)));
      for (const client of [oracle.client, single, four]) {
        await client.text('SCRIPT', 'LOAD', LITERALS.SCRIPT);
        await client.text('FUNCTION', 'LOAD', FUNCTION);
      }
      owners = new Map();
      for (const name of NAMES) {
        await four.text('SET', name, 'x');
        const has = await Promise.all(direct.slice(1).map((each) => each.text('EXISTS', name)));
        owners.set(name, has.indexOf(1));
      }
      assert.equal(new Set(owners.values()).size, 4);
    });
    after(async () => {
      for (const client of [oracle?.client, single, four, ...(direct ?? [])]) client?.close();
      await Promise.all(ringways.map((ringway) => ringway.stop()));
      await Promise.all((servers ?? []).map((server) => server.stop()));
    });

    /** All names hold what the oracle's do: on the single server, and each on its own of the four. */
    async function fill(): Promise<void> {
      await Promise.all(
        direct.map((client, i) => {
          const names = NAMES.filter((name) => i === 0 || owners.get(name) === i - 1);
          const restore = names.map((name): Word[] => restoring(name, oracle.payload));
          return client.pipeline([['FLUSHALL'], ...restore]);
        }),
      );
    }

    async function check({ words, keys }: Made, seen: Set<string>): Promise<void> {
      await fill();
      const request = wordsOf(words);
      const { reply, touched } = await oracle.run(words);
      const marked = TRACELESS.test(words[0]) ? keys.map((i) => words[i]) : [...touched];
      const places = new Set(marked.map((name) => owners.get(name)));
      const here = await single.command(...request);
      const there = await four.command(...request);
      const shown = words.join(' ');
      const wanted = comparable(words, reply);
      assert.equal(comparable(words, here), wanted, shown);
      if (wanted === 'error') return;
      if (places.size > 1 && !SPLIT.test(words[0])) {
        seen.add('spread');
        assert.ok(there instanceof ReplyError, shown);
        assert.match(there.message, /^CROSSSERVER keys '/, shown);
        const named = [...there.message.matchAll(/'(.*?)' \(shard(\d)\)/g)];
        assert.equal(named.length, 2);
        for (const [, name, place] of named) {
          assert.ok(marked.includes(name), shown);
          assert.equal(owners.get(name), Number(place) - 1, shown);
        }
      } else {
        seen.add('together');
        assert.equal(comparable(words, there), wanted, shown);
      }
    }

    for (const [content, templates] of Object.entries(TEMPLATES)) {
      test(`of the kind ${content}: replies as from one server, or an error that names two`, async () => {
        await oracle.fill(content as Content);
        const literals = { ...LITERALS, PAYLOAD: oracle.payload.toString('latin1') };
        const seen = new Set<string>();
        for (const template of lines(templates)) {
          const property = (made: Made): Promise<void> => check(made, seen);
          const often = /STORE|STREAMS/.test(template) ? 4 : 1;
          const runs = { numRuns: numRuns * often, seed: nameOf(template).length };
          await fc.assert(fc.asyncProperty(requestsOf(template, literals), property), runs);
        }
        assert.ok(seen.has('together'));
        const several = /^(string|list|set|zset|stream|hll)$/.test(content);
        if (several) assert.ok(seen.has('spread'));
      });
    }

    test("malformed, with keys apart: a server's words, not CROSSSERVER", async () => {
      const all = [oracle.client, ...direct];
      await Promise.all(all.map((each) => each.command('FLUSHALL')));
      const far = NAMES.find((name) => owners.get(name) !== owners.get('a')) as string;
      const requests = [
        'SORT a LIMIT x 1 STORE FAR',
        'SORT a STORE FAR NOPE',
        'SORT a NOPE STORE FAR',
        'SORT a STORE FAR STORE',
        'GEORADIUS a 1 2 3 km COUNT 0 STORE FAR',
        'GEORADIUS a 1 2 3 km STOREDIST FAR COUNT +1',
        'GEORADIUSBYMEMBER a m 3 km NOPE STORE FAR',
        'XREAD COUNT x STREAMS a FAR 0 0',
        'XREAD NOPE STREAMS a FAR 0 0',
        'XREAD NOACK STREAMS a FAR 0 0',
        'XREAD GROUP g c STREAMS a FAR 0 0',
        'XREAD STREAMS a FAR 0',
        'XREADGROUP COUNT 1 NOACK STREAMS a FAR 0 0',
        'XREADGROUP GROUP g STREAMS a FAR 0 0',
        'ZUNION 3 a FAR',
        'ZUNION +2 a FAR',
        'ZUNIONSTORE a 02 FAR a',
        'LMPOP 0 a FAR LEFT',
        'SINTERCARD 3 a FAR',
        'EVAL return 3 a FAR',
        'EVAL return -1 a FAR',
        'FCALL touches 2x a FAR',
      ];
      for (const text of requests) {
        const words = text.replace('FAR', far).split(' ');
        const [here, there] = [await oracle.client.command(...words), await four.command(...words)];
        assert.ok(here instanceof ReplyError, text);
        assert.equal(textOf(there), textOf(here), text);
        assert.equal(textOf(await single.command(...words)), textOf(here), text);
      }
    });

    test('a group called STREAMS does not let a request block what other clients use', async () => {
      await fill();
      const innocent = await RespClient.open(ringways[0].port);
      const requests = [
        'XREADGROUP GROUP STREAMS c BLOCK 0 STREAMS stream >',
        'XREADGROUP BLOCK 0 GROUP STREAMS c STREAMS stream >',
        'XREADGROUP GROUP STREAMS c COUNT 1 block 0 BLOCK 1 STREAMS stream >',
        'XREADGROUP GROUP STREAMS STREAMS BLOCK 0 STREAMS stream >',
        'XREAD COUNT 1 BLOCK 0 STREAMS stream $',
        'XREAD BLOCK\0 0 STREAMS stream $',
        'XREAD BLOCK\0STREAMS 0 STREAMS stream $',
        'XREAD COUNT 1 bLoCk 0 streams STREAMS $',
      ];
      await single.text('DEL', 'stream');
      await single.text('XGROUP', 'CREATE', 'stream', 'STREAMS', '$', 'MKSTREAM');
      for (const text of requests) {
        // Who blocks does so on a connection of its own, and leaves without a trace.
        const blocked = await RespClient.open(ringways[0].port);
        await blocked.send(encodeRequest(...text.split(' ')));
        assert.equal(await innocent.text('PING', 'a'), 'a', text);
        assert.equal(await innocent.text('GET', 'none'), null, text);
        blocked.close();
      }
      const read = 'XREADGROUP COUNT 1 GROUP STREAMS c STREAMS stream >'.split(' ');
      assert.equal(await single.text(...read), null);
      const spread = 'XREADGROUP GROUP streams c COUNT 1 STREAMS orders >'.split(' ');
      await four.text('XGROUP', 'CREATE', 'orders', 'streams', '0', 'MKSTREAM');
      assert.equal(await four.text(...spread), null);
      await four.text('XADD', 'orders', '1-1', 'f', 'v');
      assert.deepEqual(await four.text(...spread), [['orders', [['1-1', ['f', 'v']]]]]);
      innocent.close();
    });
  });
}
