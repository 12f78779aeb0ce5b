import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { keyWords } from '../../src/protocol/redis/table/key-words.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { type Literals, type Made, NAMES, requestsOf } from '../support/request-templates.ts';
import { ReplyError, RespClient } from '../support/resp-client.ts';
import { specOf } from '../support/specs.ts';
import {
  COUNTS_EVERY_LOOK,
  type Content,
  TouchedKeys,
  type Tried,
} from '../support/touched-keys.ts';
import { lines } from './key-grammar.ts';

// Options in any order and number, good ones and bad ones, with numbers that Redis takes and others:
// what blocks a connection is never sent, and what is refused is refused in the words of a server.
// RINGWAY_KEY_RUNS=1000 tries that many requests of each template, with another seed each time.

const LONG = Number(process.env.RINGWAY_KEY_RUNS ?? 0);
const RUNS = LONG > 0 ? { numRuns: LONG } : { numRuns: 60, seed: 20 };

const MAX = 2n ** 63n - 1n;
const NUMBERS = [0, 1, -1, '01', '+1', ' 1', '1 ', '1\0', '-0', '0x1', '1.0', '', MAX, MAX + 1n];

/** An option is known up to a NUL, as a C string; numbers are named by their place in NUMBERS. */
const LITERALS: Literals = {
  ...Object.fromEntries(NUMBERS.map((number, i) => [`n${i}`, String(number)])),
  ...Object.fromEntries(
    ['BLOCK', 'STREAMS', 'COUNT', 'GROUP', 'STORE', 'LIMIT', 'NOACK'].map((option) => [
      `${option}_`,
      `${option.toLowerCase()}\0${option}`,
    ]),
  ),
};
const NUMBER = `( 0 | 1 | 2 | 1 | ${NUMBERS.map((_, i) => `n${i}`).join(' | ')} )`;

const SOUPS: Partial<Record<Content, string>> = {
  stream: `
XREAD ( BLOCK # | BLOCK_ # | COUNT # | COUNT_ 1 | GROUP W W | NOACK | W )* STREAMS 2( K ; ( 0 | $ ) )
XREAD ( BLOCK # | COUNT # )* ( STREAMS | STREAMS_ ) 2( K ; ( $ | 9-9 ) ) ( W )?
XREAD ( COUNT # | BLOCK # ) ( STREAMS | STREAMS_ ) K ( $ )?
XREADGROUP ( BLOCK # | COUNT # | NOACK | GROUP W W | W )* GROUP W W STREAMS 2( K ; > )
XREADGROUP ( GROUP W W | GROUP_ W W ) ( BLOCK # | BLOCK_ # | COUNT # )* STREAMS 2( K ; ( > | 0 ) )
XREADGROUP ( GROUP W W | NOACK_ GROUP_ W W ) ( COUNT_ # )? ( STREAMS | STREAMS_ ) 2( K ; ( > | 0 ) ) ( W )?
XREADGROUP COUNT 1 COUNT_ 2 ( W )* STREAMS 2( K ; > )
XREADGROUP GROUP STREAMS W BLOCK 0 STREAMS 2( K ; > )`,
  list: `
SORT K ( STORE K | STORE_ K | LIMIT # # | BY W | GET W | ASC | ALPHA )* ( W )?
SORT K ( STORE K | LIMIT_ # # | W )*
SORT_RO K ( BY W | LIMIT # # | GET W | ALPHA )* ( W )?`,
  zset: `
GEORADIUS K 1 2 900 km ( STORE K | STORE_ K | STOREDIST K | COUNT # | ANY | ASC | WITHDIST )* ( W )?
GEORADIUSBYMEMBER K W 900 km ( STORE K | STOREDIST K | COUNT # | ASC )* ( W )?
ZUNIONSTORE K # K ( K )? ( K )?
ZINTER # K ( K )? ( K )?
ZINTERCARD # K ( K )? LIMIT #`,
};

describe('options of every kind, executed', () => {
  let server: RealServer;
  let oracle: TouchedKeys;
  let control: RespClient;
  let oracleId: string;

  before(async () => {
    server = await startRedis({ args: COUNTS_EVERY_LOOK });
    oracle = await TouchedKeys.open(server.port);
    control = await RespClient.open(server.port);
    oracleId = String(await oracle.client.text('CLIENT', 'ID'));
  });
  after(async () => {
    oracle?.close();
    control?.close();
    await server?.stop();
  });

  /** Executes a request, and ends it when it blocks. */
  async function tryOut(words: readonly string[]): Promise<Tried & { readonly blocked: boolean }> {
    let done = false;
    let blocked = false;
    const running = oracle.run(words).finally(() => {
      done = true;
    });
    while (!done) {
      const clients = String(await control.text('INFO', 'clients'));
      if (!clients.includes('blocked_clients:1')) continue;
      blocked = true;
      await control.text('CLIENT', 'UNBLOCK', oracleId);
    }
    return { ...(await running), blocked };
  }

  async function check({ words }: Made): Promise<string> {
    const spec = specOf(words);
    const { reply, touched, blocked } = await tryOut(words);
    const { keys, refusal, block } = keyWords(spec, words.length, (i) => words[i]);
    const text = refusal?.toString('latin1') ?? '';
    const shown = JSON.stringify(words);
    assert.ok(block > 0 || !blocked, shown);
    if (reply instanceof ReplyError) {
      // Redis 7.0 does not know CLAIM, so it does not see what is wrong behind it.
      const early = /\bclaim\b/i.test(words.join(' ')) && reply.message === 'ERR syntax error';
      if (refusal !== null && !early) assert.equal(text, `-${reply.message}\r\n`, shown);
      return refusal === null ? 'error of a server' : 'refused';
    }
    assert.equal(refusal, null, shown);
    // An option in the place of a key may be spelt like no name.
    const found = new Set(keys.map((i) => words[i]).filter((name) => NAMES.includes(name)));
    assert.deepEqual([...found].sort(), [...touched].sort(), shown);
    return blocked ? 'blocked' : 'executed';
  }

  for (const [content, templates] of Object.entries(SOUPS)) {
    test(`of commands on a ${content}`, async () => {
      await oracle.fill(content as Content);
      const seen = new Set<string>();
      for (const template of lines(templates.replaceAll('#', NUMBER))) {
        const property = async (made: Made) => void seen.add(await check(made));
        await fc.assert(fc.asyncProperty(requestsOf(template, LITERALS), property), RUNS);
      }
      const all = ['executed', 'refused', 'error of a server'];
      if (content === 'stream') all.push('blocked');
      assert.deepEqual([...seen].sort(), all.sort());
    });
  }
});
