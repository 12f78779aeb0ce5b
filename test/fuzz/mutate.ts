import type { Random } from './random.ts';

// Changes that know what the protocols are made of: numbers, line ends, type bytes, whole lines.

const NUMBERS = [
  ...[
    '0',
    '-0',
    '00',
    '01',
    '-1',
    '-2',
    '+1',
    '1',
    '2',
    '',
    ' 1',
    '1 ',
    '0x1',
    '1e3',
    '65535',
    '65536',
  ],
  ...['1048576', '1048577', '536870912', '536870913', '2147483647', '2147483648', '4294967295'],
  ...[
    '4294967296',
    '4294967297',
    '4294967298',
    '9999999999',
    '10000000000',
    '18446744073709551616',
  ],
];
const TOKENS = [
  ...[
    '\r\n',
    '\r',
    '\n',
    '\r\r\n',
    '\0',
    ' ',
    '\t',
    '$',
    '*',
    '$-1\r\n',
    '*-1\r\n',
    '*0\r\n',
    '$0\r\n\r\n',
  ],
  ...[
    'END\r\n',
    'VALUE a 0 1\r\nx\r\n',
    ' noreply',
    ' b',
    ' q',
    '\x80',
    '|1\r\n',
    '%1\r\n',
    '>1\r\n',
  ],
  ...['$?\r\n', '*?\r\n', '*1\r\n', '*4294967298\r\n', 'noreply', 'GET', 'get '],
];
const BYTES = '\r\n$*:+-0123456789 _#|%~,(=!>\0\x80\xff';

type Mutation = (random: Random, bytes: Buffer) => Buffer;

function splice(bytes: Buffer, at: number, remove: number, insert: Uint8Array | string): Buffer {
  const middle = typeof insert === 'string' ? Buffer.from(insert, 'latin1') : insert;
  return Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + remove)]);
}

/** Positions and lengths of the decimal numbers in the input. */
function numbersIn(bytes: Buffer): { at: number; length: number }[] {
  const found: { at: number; length: number }[] = [];
  for (const match of bytes.toString('latin1').matchAll(/\d+/g)) {
    found.push({ at: match.index, length: match[0].length });
    if (found.length === 64) break;
  }
  return found;
}

const changeNumber: Mutation = (random, bytes) => {
  const numbers = numbersIn(bytes);
  if (numbers.length === 0) return bytes;
  const { at, length } = random.pick(numbers);
  if (random.once(2)) return splice(bytes, at, length, random.pick(NUMBERS));
  const value = Number(bytes.toString('latin1', at, at + length)) + random.below(5) - 2;
  return splice(bytes, at, length, String(value));
};

/** A line with its end, which may be the first or the last. */
function lineIn(random: Random, bytes: Buffer): { from: number; to: number } {
  const around = random.below(bytes.length);
  const from = bytes.lastIndexOf(10, around - 1) + 1;
  const to = bytes.indexOf(10, around) + 1;
  return { from: Math.min(from, around), to: to === 0 ? bytes.length : to };
}

const MUTATIONS: readonly Mutation[] = [
  changeNumber,
  changeNumber,
  (random, bytes) => splice(bytes, random.below(bytes.length + 1), 0, random.pick(TOKENS)),
  (random, bytes) => splice(bytes, random.below(bytes.length), 1, random.pick([...BYTES])),
  (random, bytes) => splice(bytes, random.below(bytes.length), 1, Buffer.of(random.below(256))),
  (random, bytes) => splice(bytes, random.below(bytes.length), 1 + random.below(4), ''),
  (random, bytes) => bytes.subarray(0, random.below(bytes.length) + 1),
  (random, bytes) => {
    const { from, to } = lineIn(random, bytes);
    return splice(bytes, from, to - from, '');
  },
  (random, bytes) => {
    const { from, to } = lineIn(random, bytes);
    return splice(bytes, to, 0, bytes.subarray(from, to));
  },
  (random, bytes) => {
    const { from, to } = lineIn(random, bytes);
    return splice(bytes, random.below(bytes.length), 0, bytes.subarray(from, to));
  },
];

const LONGEST = 20_000;

/** Up to a few changes. */
export function mutate(random: Random, input: Buffer): Buffer {
  let bytes = input;
  for (let i = random.below(4); i > 0 && bytes.length > 0; i--) {
    bytes = random.pick(MUTATIONS)(random, bytes);
  }
  return bytes.length > LONGEST ? bytes.subarray(0, LONGEST) : bytes;
}
