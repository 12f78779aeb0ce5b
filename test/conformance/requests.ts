import * as T from '../../src/protocol/frame-table.ts';
import type { Case } from './cases.ts';

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const request = (...args: string[]) => `*${args.length}\r\n${args.map(bulk).join('')}`;
const longKey = 'k'.repeat(T.LIMIT_KEY_BYTES);
const long = 'x'.repeat(3000);

/** What the request scanner makes of each input; see `describeFrame` for the frames' notation. */
export const REQUEST_CASES: readonly Case[] = [
  { name: 'nothing', input: '', frames: [] },
  { name: 'plain', input: request('GET', 'foo'), frames: ['1 n=2 key=foo'] },
  { name: 'any case', input: request('gEt', 'foo'), frames: ['1 n=2 key=foo'] },
  {
    name: 'pipelined',
    input: request('SET', 'a', '1') + request('get', 'a') + request('GET', 'b'),
    frames: ['2 n=3 key=a', '1 n=2 key=a', '1 n=2 key=b'],
  },
  { name: 'hash tag', input: request('GET', 'x{foo}y'), frames: ['1 n=2 key=x{foo}y'] },
  { name: 'empty key', input: request('GET', ''), frames: ['1 n=2 key='] },
  { name: 'empty value', input: request('SET', 'k', ''), frames: ['2 n=3 key=k'] },
  { name: 'binary', input: request('SET', '\r\n$1', '\0\xff\r\n'), frames: ['2 n=3 key=\r\n$1'] },
  { name: 'large value', input: request('SET', 'k', long), frames: ['2 n=3 key=k'] },
  {
    name: 'names of 1, 8, 9, 14, 15, 16 and 32 bytes',
    input:
      request('t', 'a', 'b') +
      request('flushAll') +
      request('zrevrange', 'k', '0', '1') +
      request('zremrangebylex', 'k', 'a', 'b') +
      request('zremrangebyrank', 'k', 'a', 'b') +
      request('zremrangebyscore', 'k', 'a', 'b') +
      request(`x${'y'.repeat(31)}`, 'k'),
    frames: [
      '12 n=3 key=b',
      '6 n=1 special',
      '7 n=4 key=k',
      '8 n=4 key=k',
      '9 n=4 key=k',
      '10 n=4 key=k',
      '11 n=2 key=k',
    ],
  },
  {
    name: 'unknown names, also empty and beyond the longest',
    input:
      request('NOPE', 'foo') +
      request('ZREVRANGEX', 'k') +
      request('ZREVRANGEBYLEX', 'k') +
      request('') +
      request('G\xc5T', 'k') +
      request(`x${'y'.repeat(32)}`, 'k') +
      request(long, 'k'),
    frames: Array.from([2, 2, 2, 1, 2, 2, 2], (count) => `none n=${count} special`),
  },
  {
    name: 'special unless it has the plain number of words',
    input: request('MGET', 'a') + request('MGET', 'a', 'b') + request('PING'),
    frames: ['3 n=2 key=a', '3 n=3 key=a special', '4 n=1 special'],
  },
  {
    name: 'wrong number of words',
    input: request('GET') + request('GET', 'a', 'b') + request('SET', 'a') + request('MGET'),
    frames: [
      '1 n=1 special arity',
      '1 n=3 key=a special arity',
      '2 n=2 key=a special arity',
      '3 n=1 special arity',
    ],
  },
  {
    name: 'key behind other words',
    input: request('EVAL', long, '1', 'foo', 'bar'),
    frames: ['5 n=5 key=foo'],
  },
  {
    name: 'ten and more words',
    input: request('MGET', ...'abcdefghijkl'),
    frames: ['3 n=13 key=a special'],
  },
  {
    name: 'no words',
    input: `*0\r\n*-1\r\n*-77\r\n${request('GET', 'a')}`,
    frames: ['1 n=2 key=a'],
  },
  { name: 'longest key', input: request('GET', longKey), frames: [`1 n=2 key=${longKey}`] },
  {
    name: 'key beyond the limit',
    input: request('GET', `${longKey}k`) + request('GET', 'a'),
    frames: ['1 n=2 special long', '1 n=2 key=a'],
  },
  {
    name: 'inline',
    input: 'PING\r\nGET foo\n \t\r\n\r\n\n  x\n"*3\r\n',
    frames: [
      'none n=0 special inline',
      'none n=0 special inline',
      'none n=0 special inline',
      'none n=0 special inline',
    ],
  },
  {
    name: 'inline with CR inside',
    input: '\r \r\nPING\r\n',
    frames: Array(2).fill('none n=0 special inline'),
  },
  {
    name: 'longest inline',
    input: `${'x'.repeat(T.LIMIT_INLINE_BYTES)}\n`,
    frames: ['none n=0 special inline'],
  },
  {
    name: 'inline too long',
    input: 'x'.repeat(T.LIMIT_INLINE_BYTES + 1),
    frames: [],
    error: T.ERROR_INLINE_TOO_LONG,
  },
  {
    name: 'inline too long, with its end',
    input: `${'x'.repeat(T.LIMIT_INLINE_BYTES + 1)}\n`,
    frames: [],
    error: T.ERROR_INLINE_TOO_LONG,
  },
  ...['*', '*2', '*2\r', '*2\r\n', '*2\r\n$', '*2\r\n$3\r\nGE', '*2\r\n$3\r\nGET\r\n$1\r\na'].map(
    (input) => ({
      name: `partial ${JSON.stringify(input)}`,
      input: request('GET', 'z') + input,
      frames: ['1 n=2 key=z'],
      partial: true,
    }),
  ),
  { name: 'partial inline', input: 'PIN', frames: [], partial: true },
  ...[
    '*a\r\n',
    '*\r\n',
    '*-\r\n',
    '*-0\r\n',
    '*+1\r\n',
    '*01\r\n',
    '* 1\r\n',
    '*1 \r\n',
    '*1048577\r\n',
    '*4294967297\r\n',
    '*99999999999999999999\r\n',
    '*3\n$3\r\n',
  ].map((input) => ({
    name: `bad count ${JSON.stringify(input)}`,
    input: request('GET', 'z') + input,
    frames: ['1 n=2 key=z'],
    error: T.ERROR_MULTIBULK_LENGTH,
  })),
  ...['$-1', '$a', '$', '$+1', '$00', '$536870913', '$-0', '$4294967299', '$3 '].map((line) => ({
    name: `bad length ${line}`,
    input: `*2\r\n${line}\r\nGET\r\n`,
    frames: [],
    error: T.ERROR_BULK_LENGTH,
  })),
  {
    name: 'largest count and length',
    input: '*1048576\r\n$536870912\r\n',
    frames: [],
    partial: true,
  },
  {
    name: 'no dollar',
    input: '*2\r\n$3\r\nGET\r\n+x\r\n',
    frames: [],
    error: T.ERROR_EXPECTED_DOLLAR,
    errorByte: 0x2b,
  },
  {
    name: 'no dollar at the name',
    input: '*1\r\n3\r\nGET\r\n',
    frames: [],
    error: T.ERROR_EXPECTED_DOLLAR,
    errorByte: 0x33,
  },
  { name: 'bulk ends late', input: '*2\r\n$3\r\nGETX\r\n', frames: [], error: T.ERROR_BULK_CRLF },
  {
    name: 'bulk ends with LF',
    input: '*1\r\n$4\r\nPING\n\n',
    frames: [],
    error: T.ERROR_BULK_CRLF,
  },
  {
    name: 'bulk ends with CR only',
    input: '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\rx',
    frames: [],
    error: T.ERROR_BULK_CRLF,
  },
  {
    name: 'value ends late',
    input: '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nvv\r\n',
    frames: [],
    error: T.ERROR_BULK_CRLF,
  },
  {
    name: 'count line too long',
    input: `*${'1'.repeat(40)}`,
    frames: [],
    error: T.ERROR_MULTIBULK_LINE_TOO_LONG,
  },
  {
    name: 'length line too long',
    input: `*1\r\n$${'1'.repeat(31)}\r\n`,
    frames: [],
    error: T.ERROR_BULK_LINE_TOO_LONG,
  },
  {
    name: 'count line as long as may be',
    input: `*${'1'.repeat(29)}\r\n`,
    frames: [],
    error: T.ERROR_MULTIBULK_LENGTH,
  },
  { name: 'CR without LF in the count', input: '*1\rx', frames: [], error: T.ERROR_HEADER_LINE },
  {
    name: 'CR without LF in a length',
    input: '*1\r\n$4\r\r',
    frames: [],
    error: T.ERROR_HEADER_LINE,
  },
];
