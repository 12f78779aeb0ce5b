import fc from 'fast-check';
import { MEMCACHE_REPLY_CASES } from '../conformance/memcache-replies.ts';
import { MEMCACHE_REQUEST_CASES } from '../conformance/memcache-requests.ts';

const asBytes = (text: string) => Buffer.from(text, 'latin1');
const texts = (inputs: readonly { input: string }[]) =>
  inputs.map((item) => item.input).filter((input) => input.length < 700);

const keys = fc.oneof(
  fc.constantFrom('a', 'key', 'YQ==', '{a}b', 'noreply', 'k'.repeat(250), 'k'.repeat(251)),
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => text.replaceAll(' ', '_')),
);
const numbers = fc.oneof(
  fc.nat(70).map(String),
  fc.constantFrom('0', '1', '-1', '+2', '007', 'x', '1700000000', '-0', '1x', '4294967296', '\t5'),
  fc.constantFrom('18446744073709551615', '18446744073709551616', '9223372036854775808'),
);
const blanks = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '     ');
const lineEnds = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', ' \r\n', '\r\r\n');
const flags = fc.constantFrom(
  ...['v', 'q', 'b', 'k', 'O12', 'T0', 'c', 'N30', 'qq', 'S1', 'MS', 'noreply', 'v q', '0 0 1'],
);
const bodies = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ maxLength: 200 }));

const simple = fc
  .tuple(
    fc.constantFrom(
      ...['delete', 'incr', 'decr', 'touch', 'mg', 'md', 'ma', 'me', 'mn', 'version', 'quit'],
      ...['verbosity', 'flush_all', 'stats', 'nope', 'GET', '', 'set', 'cas', 'ms'],
    ),
    fc.array(fc.oneof(keys, numbers, flags), { maxLength: 6 }),
    blanks,
    lineEnds,
  )
  .map(([name, words, blank, end]) => [name, ...words].join(blank) + end);
const lines = fc
  .tuple(
    fc.constantFrom('get', 'gets', 'gat 0', 'gats  1', 'gat x', ' get'),
    fc.array(keys, { maxLength: 30 }),
    blanks,
    lineEnds,
  )
  .map(([name, list, blank, end]) => [name, ...list].join(blank) + end);
const storage = fc
  .tuple(
    fc.constantFrom('set', 'set', 'add', 'replace', 'append', 'prepend', 'cas', 'ms'),
    keys,
    fc.tuple(fc.oneof(fc.constant('0'), numbers), fc.oneof(fc.constant('0'), numbers), numbers),
    bodies,
    fc.constantFrom('', '', ' noreply', ' q', ' b', ' 5', ' 5 noreply'),
    lineEnds,
    fc.constantFrom(0, 0, 0, 0, 1, -1),
  )
  .map(([name, key, [first, second, third], body, more, end, off]) => {
    const size = `${Math.max(0, body.length + off)}`;
    const numbers =
      name === 'ms' ? [size] : [first, second, size, ...(name === 'cas' ? [third] : [])];
    return `${[name, key, ...numbers].join(' ')}${more}${end}${body}\r\n`;
  });

/** Requests, most of them well formed; one Buffer may hold several frames or a part of one. */
export const memcacheRequests = fc.oneof(
  { weight: 3, arbitrary: simple.map(asBytes) },
  { weight: 3, arbitrary: lines.map(asBytes) },
  { weight: 4, arbitrary: storage.map(asBytes) },
  { weight: 2, arbitrary: fc.constantFrom(...texts(MEMCACHE_REQUEST_CASES)).map(asBytes) },
);

const valueFlags = fc.constantFrom('0', '0', '0', '32', '4294967295', '42949672950', '', 'x', '\t');
const sizeDigits = fc.constantFrom(0, 0, 0, 0, 9, 10);
const cas = fc.constantFrom('', '', '', ' 12', ' 18446744073709551615', ' ', '  ', ' 1 2', ' x\ty');
const values = fc
  .tuple(keys, valueFlags, bodies, sizeDigits, cas)
  .map(([key, flags, body, digits, more]) => {
    const size = String(body.length).padStart(digits, '0');
    return `VALUE ${key} ${flags} ${size}${more}\r\n${body}\r\n`;
  });
const gets = fc
  .tuple(fc.array(values, { maxLength: 12 }), fc.constantFrom('END', 'END', 'SERVER_ERROR x'))
  .map(([items, end]) => `${items.join('')}${end}\r\n`);
const meta = bodies.map((body) => `VA ${body.length} s1 Ox\r\n${body}\r\n`);
const words = fc.constantFrom(
  ...['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'DELETED', 'TOUCHED', 'OK', 'HD Oq', 'EN'],
  ...['NF', 'NS', 'EX', 'MN', 'ME a b=1', 'RESET', 'VERSION 1.6', 'ERROR', 'CLIENT_ERROR bad'],
  ...['SERVER_ERROR x', '17', '17 ', 'STAT a b\r\nSTAT c d\r\nEND'],
);

/** Replies, well formed but for some of the cases. */
export const memcacheReplies = fc.oneof(
  { weight: 4, arbitrary: gets.map(asBytes) },
  { weight: 2, arbitrary: meta.map(asBytes) },
  { weight: 3, arbitrary: words.map((line) => asBytes(`${line}\r\n`)) },
  { weight: 1, arbitrary: fc.constantFrom(...texts(MEMCACHE_REPLY_CASES)).map(asBytes) },
);
