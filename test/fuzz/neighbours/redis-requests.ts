import {
  COMMANDS,
  type CommandSpec,
  SUBCOMMANDS,
} from '../../../src/protocol/redis/table/commands.ts';
import type { Random } from '../random.ts';
import { bytes, glob, key, number, OPTION_WORDS, PREFIX, script, word } from './words.ts';

// Requests of hostile Redis clients: every command of the table with words that it does not expect,
// and sentences that are right but for one word.

/** The words of a request, in latin1. */
export type Words = readonly string[];

// {k} key, {n} number, {w} any word, {o} option, {g} pattern, {S} script, {i} stream ID, {c} name
const TEMPLATES: readonly string[] = `
  XGROUP CREATE {s} {c} $ MKSTREAM
  XGROUP CREATE {s} {c} 0 MKSTREAM ENTRIESREAD {n}
  XREADGROUP GROUP {c} {c} BLOCK {b} STREAMS {s} >
  XREADGROUP GROUP {c} {c} COUNT 1 BLOCK {b} NOACK STREAMS {s} >
  XREADGROUP COUNT 1 GROUP {c} {c} STREAMS {s} >
  XREADGROUP BLOCK {b} GROUP {c} {c} STREAMS {s} {i}
  XREAD BLOCK {b} STREAMS {s} $
  XREAD COUNT {n} STREAMS {s} {s} {i} {i}
  XREAD COUNT STREAMS BLOCK {b} STREAMS {s} $
  XADD {s} MAXLEN ~ {n} * {w} {w}
  XADD {s} * a b
  XAUTOCLAIM {s} {c} {c} 0 {i} COUNT 10 JUSTID
  XCLAIM {s} {c} {c} 0 {i} IDLE {n} RETRYCOUNT {n} FORCE JUSTID
  XINFO STREAM {s} FULL COUNT {n}
  XPENDING {s} {c} IDLE {n} - + {n} {c}
  SORT {k} BY {w} LIMIT {n} {n} GET {o} GET # ASC ALPHA STORE {k}
  SORT {k} GET STORE GET {k}
  GEORADIUS {k} 1 1 {n} km COUNT {n} ANY STORE {k} STOREDIST {k}
  GEORADIUS {k} STORE STORE STORE STORE STORE
  ZRANGESTORE {k} {k} 0 -1 BYSCORE REV LIMIT {n} {n}
  ZUNIONSTORE {k} {n} {k} {k} WEIGHTS 1 {n} AGGREGATE {o}
  ZMPOP {n} {k} {k} MIN COUNT {n}
  LMPOP {n} {k} LEFT COUNT {n}
  SINTERCARD {n} {k} {k} LIMIT {n}
  MSET {k} {w} {k} {w} {k} {w}
  MGET {k} {k} {k} {k} {k} {k} {k} {k}
  DEL {k} {k} {k} {k}
  SET {k} {w} EX {n} NX GET KEEPTTL
  SET {k} {w}
  APPEND {k} {w}
  GETEX {k} PX {n}
  LPUSH {k} {w} {w} {w}
  ZADD {k} NX GT CH {n} {w} {n} {w}
  EVAL {S} 0
  EVAL {S} 0 {w}
  EVAL {S} {n} {k} {w}
  EVAL_RO {S} 1 {k}
  FCALL {w} {n} {k}
  SCRIPT LOAD {S}
  SCRIPT EXISTS {w} {w}
  FUNCTION LOAD REPLACE {S}
  FUNCTION LIST LIBRARYNAME {g} WITHCODE
  CONFIG GET {G}
  CONFIG GET {G} {G}
  CLIENT LIST TYPE {w}
  CLIENT LIST ID {n} {n} {w}
  CLIENT LIST
  CLIENT SETNAME {w}
  CLIENT SETINFO LIB-NAME {w}
  CLIENT NO-EVICT {w}
  CLIENT INFO
  CLIENT TRACKING ON REDIRECT {n} BCAST PREFIX {w}
  CLIENT KILL USER nobody TYPE {w}
  CLIENT KILL USER nobody ID {n}
  CLIENT REPLY {w}
  CLIENT REPLY ON
  COMMAND GETKEYS {o} {w} {w}
  COMMAND INFO {w} {o}
  COMMAND DOCS {w}
  KEYS {g}
  SCAN {n} MATCH {g} COUNT {n} TYPE {w}
  SCAN 0 COUNT 1
  DBSIZE
  RANDOMKEY
  HELLO {n} SETNAME {w}
  HELLO 2
  HELLO 3
  SELECT {n}
  INFO {w} {w}
  WAIT {n} {n}
  OBJECT ENCODING {k}
  MEMORY USAGE {k} SAMPLES {n}
  SLOWLOG GET {n}
  SLOWLOG {w}
  ACL WHOAMI
  ECHO {w}
  PING {w}
  MIGRATE {w} {n} {k} {n} {n} COPY KEYS {k} {k}
  SUBSCRIBE {w} {w}
  BLPOP {k} 0
  DEBUG SLEEP 0
  CLUSTER {o}`
  .trim()
  .split('\n')
  .map((line) => line.trim());

/** Names of groups and consumers: those that look like options, twice each to meet again. */
const NAMES = ['STREAMS', 'streams', 'c', 'COUNT', 'BLOCK'];

const SLOTS: Readonly<Record<string, (random: Random) => string>> = {
  '{k}': key,
  '{n}': number,
  '{w}': word,
  '{o}': (random) => random.pick(OPTION_WORDS),
  '{g}': (random) => glob(random),
  '{G}': (random) => glob(random, random.once(10) ? 2_000 : 60),
  '{S}': script,
  '{s}': (random) => `${PREFIX}stream${random.below(3)}`,
  '{c}': (random) => random.pick(NAMES),
  '{b}': (random) => (random.once(2) ? '0' : number(random)),
  '{i}': (random) => random.pick(['0', '$', '>', '0-1', '-', '+', '99-99']),
};

function fromTemplate(random: Random): string[] {
  const words = random.pick(TEMPLATES).split(' ');
  return words.map((each) => SLOTS[each]?.(random) ?? each);
}

/** What ringway answers by itself or takes apart has more that can go wrong. */
const WEIGHTED: readonly CommandSpec[] = [...COMMANDS, ...SUBCOMMANDS.values()].flatMap((spec) => {
  const own = spec.handling !== 'forward' && spec.handling !== 'unsupported';
  return new Array<CommandSpec>(own ? 5 : spec.name.includes('.') ? 1 : 2).fill(spec);
});

function anyCase(random: Random, name: string): string {
  if (random.once(2)) return name;
  return random.once(2) ? name.toLowerCase() : name[0].toLowerCase() + name.slice(1);
}

function fromTable(random: Random): string[] {
  const spec = random.pick(WEIGHTED);
  const words = spec.name.split('|').map((each) => anyCase(random, each));
  const least = Math.abs(spec.arity) + random.below(spec.arity < 0 ? 4 : 1);
  const count = random.once(4) ? random.below(8) : least;
  while (words.length < count) {
    const isKey = spec.firstKey > 0 && words.length >= spec.firstKey && !random.once(6);
    words.push(isKey ? key(random) : word(random));
  }
  return words;
}

/** One word less, more, twice or another: what is left is nearly right. */
function bend(random: Random, words: string[]): string[] {
  const at = random.below(words.length);
  switch (random.below(6)) {
    case 0:
      words.splice(at, 1);
      break;
    case 1:
      words.splice(at + 1, 0, word(random));
      break;
    case 2:
      words.splice(at, 0, words[at]);
      break;
    case 3:
      words[at] = word(random);
      break;
    case 4:
      words.push(...Array.from({ length: 1 + random.below(6) }, () => word(random)));
      break;
    default:
      words[at] = random.pick(OPTION_WORDS);
  }
  return words.length > 0 ? words : ['PING'];
}

const isLong = (each: string): boolean => /\d{7}/.test(each);

/**
 * Whether a real Redis would stay usable for its other clients: some commands take its time or
 * memory for as long as their numbers say, and some close other clients.
 */
function isFair(words: Words): boolean {
  const name = words[0].toUpperCase();
  if (/^[SHZ]RANDMEMBER$|^HRANDFIELD$/.test(name)) return !words.some((w) => /^-\d{4}/.test(w));
  if (/^SETRANGE$|^SETBIT$|^BITFIELD|^XAUTOCLAIM$/.test(name)) return !words.some(isLong);
  if (name === 'LCS') return words[1] === undefined;
  if (name === 'CLIENT' && words[1]?.toUpperCase() === 'KILL') {
    const users = words.filter((each) => each.toUpperCase() === 'USER').length;
    return words[2] === 'USER' && words[3] === 'nobody' && users === 1;
  }
  return true;
}

/** Anything at all, short of what would be unfair to the server itself. */
export function redisRequest(random: Random): Words {
  for (;;) {
    let words = random.once(2) ? fromTemplate(random) : fromTable(random);
    if (random.once(30)) words = [word(random), word(random)];
    if (random.once(4)) words = bend(random, words);
    if (isFair(words)) return words;
  }
}

// These change how many replies come, whether they come, or end the connection.
const UNCOUNTED = new Set([
  ...['AUTH', 'RESET', 'QUIT', 'MULTI', 'EXEC', 'DISCARD', 'WATCH', 'WAIT', 'WAITAOF', 'MONITOR'],
  ...['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE'],
  ...['SYNC', 'PSYNC', 'SHUTDOWN'],
]);

/** A request with exactly one reply, also behind it. */
export function countedRequest(random: Random): Words {
  for (;;) {
    const words = redisRequest(random);
    const name = words[0].toUpperCase();
    if (UNCOUNTED.has(name) || name === '') continue;
    if (name === 'CLIENT' && /^(REPLY|KILL)$/i.test(words[1] ?? '')) continue;
    if (name === 'HELLO' && words.length > 2) continue;
    return words;
  }
}

export function multibulk(words: Words): Buffer {
  const parts = words.map((each) => `$${each.length}\r\n${each}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1');
}

/** As one line, quoted where that is needed. */
export function inline(words: Words): Buffer {
  const parts = words.map((each) => {
    if (/^[!#-&(-~]+$/.test(each)) return each;
    const escaped = each.replace(/[\\"]/g, '\\$&').replace(/[^ -~]/g, (byte) => {
      return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
    });
    return `"${escaped}"`;
  });
  return Buffer.from(`${parts.join(' ')}\r\n`, 'latin1');
}

const CONTROL: readonly Words[] = [
  ['CLIENT', 'REPLY', 'ON'],
  ['CLIENT', 'REPLY', 'OFF'],
  ['CLIENT', 'REPLY', 'SKIP'],
  ['HELLO', '2'],
  ['HELLO', '3'],
  ['HELLO', '3', 'AUTH', 'default', 'wrong'],
  ['AUTH', 'wrong'],
  ['AUTH', 'default', 'wrong'],
  ['RESET'],
  ['QUIT'],
  ['MULTI'],
  ['EXEC'],
  ['DISCARD'],
  ['SELECT', '1'],
  ['SELECT', '15'],
  ['SELECT', '999'],
];

const MANY = [999, 1_000, 1_001, 1_002, 5_000, 20_000];

/** Bytes of a request, well-formed or not. */
export function redisBytes(random: Random): Buffer {
  if (random.once(8)) return multibulk(random.pick(CONTROL));
  const words = redisRequest(random);
  if (random.once(25)) {
    const count = Math.max(0, random.pick(MANY) - words.length);
    const all = [...words, ...new Array<string>(count).fill('x')];
    return random.once(3) ? multibulk(all) : inline(all);
  }
  if (random.once(5)) return inline(words);
  if (random.once(60)) return Buffer.from(bytes(random, 2_000), 'latin1');
  return multibulk(words);
}
