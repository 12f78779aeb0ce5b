import * as T from '../../src/protocol/frame-table.ts';
import type { Case } from './cases.ts';

const long = 'x'.repeat(3000);
const depth = (levels: number) => `${'*1\r\n'.repeat(levels)}:1\r\n`;
const line = (bytes: number) => `+${'x'.repeat(bytes - 3)}\r\n`;

/** What the reply scanner makes of each input; see `describeFrame` for the frames' notation. */
export const REPLY_CASES: readonly Case[] = [
  { name: 'nothing', input: '', frames: [] },
  { name: 'status', input: '+OK\r\n+\r\n+a\nb\r\n', frames: ['+', '+', '+'] },
  {
    name: 'error',
    input: '-ERR no\r\n-BUSYKEY x\r\n-MOVED 1 a:1\r\n-\r\n',
    frames: Array(4).fill('-'),
  },
  {
    name: 'transient errors',
    input: '-LOADING x\r\n-OOM command\r\n-BUSY y\r\n-OOM\r\n-LOADING\r\n-BUSY\r\n',
    frames: Array(6).fill('- transient'),
  },
  {
    name: 'nearly transient errors',
    input:
      '-OOMX\r\n-BUS\r\n-LOADINGS now\r\n-loading\r\n-oom x\r\n-OO M\r\n- OOM\r\n*1\r\n-OOM\r\n+OOM x\r\n',
    frames: ['-', '-', '-', '-', '-', '-', '-', '* 1', '+'],
  },
  {
    name: 'integers',
    input: `:0\r\n:-12\r\n:00\r\n:${'9'.repeat(40)}\r\n`,
    frames: Array(4).fill(':'),
  },
  ...[
    ':\r\n',
    ':-\r\n',
    ':+5\r\n',
    ':1a\r\n',
    ':--1\r\n',
    ':1-\r\n',
    ': 1\r\n',
    ':1\rx',
    ':1\n',
  ].map((input) => ({
    name: `bad integer ${JSON.stringify(input)}`,
    input,
    frames: [],
    error: T.ERROR_REPLY_LINE,
  })),
  {
    name: 'bulks',
    input: `$0\r\n\r\n$3\r\na\r\n\r\n$-1\r\n$3000\r\n${long}\r\n`,
    frames: ['$', '$', '$ null', '$'],
  },
  {
    name: 'arrays',
    input: `*0\r\n*-1\r\n*2\r\n$1\r\na\r\n:1\r\n*12\r\n${'+x\r\n'.repeat(12)}`,
    frames: ['* 0', '* null', '* 2', '* 12'],
  },
  {
    name: 'nested',
    input: '*3\r\n*2\r\n+a\r\n*0\r\n*-1\r\n*1\r\n*1\r\n$1\r\nx\r\n+OK\r\n',
    frames: ['* 3', '+'],
  },
  {
    name: 'RESP3',
    input:
      '_\r\n#t\r\n,1.5\r\n(12345678901234567890\r\n!5\r\nERR x\r\n=5\r\ntxt:a\r\n%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n:1\r\n~1\r\n+x\r\n>2\r\n+p\r\n+m\r\n',
    frames: ['_', '#', ',', '(', '!', '=', '% 4', '~ 1', '> 2'],
  },
  {
    name: 'attributes',
    input:
      '|1\r\n+k\r\n*2\r\n+a\r\n+b\r\n*2\r\n:1\r\n|1\r\n+k\r\n+v\r\n:2\r\n|0\r\n+OK\r\n|1\r\n+k\r\n+v\r\n|1\r\n+k\r\n+v\r\n-OOM x\r\n',
    frames: ['* 2', '+', '- transient'],
  },
  { name: 'deep', input: `${depth(100)}+OK\r\n`, frames: ['* 1', '+'] },
  {
    name: 'deep, with more behind each level',
    input: `${'*2\r\n'.repeat(50)}:1\r\n${':2\r\n'.repeat(50)}${depth(40)}`,
    frames: ['* 2', '* 1'],
  },
  {
    name: 'deep attributes, empty aggregates and nulls',
    input: `|1\r\n+k\r\n${depth(40)}%1\r\n|1\r\n*0\r\n~0\r\n%0\r\n|0\r\n*2\r\n*-1\r\n$-1\r\n-OOM\r\n`,
    frames: ['% 2', '- transient'],
  },
  {
    name: 'an attribute of an attribute, and errors in it',
    input:
      '|1\r\n|1\r\n-OOM\r\n-BUSY\r\n-OOM\r\n-BUSY\r\n>1\r\n-OOM\r\n|1\r\n-OOM\r\n+v\r\n$1\r\nx\r\n',
    frames: ['> 1', '$'],
  },
  {
    name: 'as many elements outstanding as can be counted',
    input: '*2147483647\r\n%1073741823\r\n*4\r\n',
    frames: [],
    partial: true,
  },
  ...['*2147483647\r\n%1073741823\r\n*5\r\n', '*2147483647\r\n'.repeat(3)].map((input) => ({
    name: `more elements than can be counted ${JSON.stringify(input)}`,
    input: `+a\r\n${input}:1\r\n`,
    frames: ['+'],
    error: T.ERROR_REPLY_ELEMENTS,
  })),
  { name: 'longest line', input: line(T.LIMIT_REPLY_LINE_BYTES), frames: ['+'] },
  {
    name: 'line too long',
    input: line(T.LIMIT_REPLY_LINE_BYTES + 1),
    frames: [],
    error: T.ERROR_REPLY_LINE,
  },
  {
    name: 'endless line',
    input: 'x'.repeat(T.LIMIT_REPLY_LINE_BYTES).replace('x', '-'),
    frames: [],
    error: T.ERROR_REPLY_LINE,
  },
  {
    name: 'endless integer',
    input: '1'.repeat(T.LIMIT_REPLY_LINE_BYTES).replace('1', ':'),
    frames: [],
    error: T.ERROR_REPLY_LINE,
  },
  { name: 'lone CR', input: '+a\r\n-b\rc\r\n', frames: ['+'], error: T.ERROR_REPLY_LINE },
  ...[
    '*a\r\n',
    '*\r\n',
    '*?\r\n',
    '$?\r\n',
    '$-2\r\n',
    '*-2\r\n',
    '%-1\r\n',
    '~-1\r\n',
    '!-1\r\n',
    '=-1\r\n',
    '>-1\r\n',
    '|-1\r\n',
    '*2147483648\r\n',
    '%1073741824\r\n',
    '|1073741824\r\n',
    '*4294967298\r\n',
    '$536870913\r\n',
    '*01\r\n',
    '*1\r1',
    `*${'1'.repeat(40)}`,
  ].map((input) => ({
    name: `bad header ${JSON.stringify(input)}`,
    input: `+a\r\n${input}`,
    frames: ['+'],
    error: T.ERROR_REPLY_LINE,
  })),
  {
    name: 'largest header',
    input: '*2147483647\r\n%1073741823\r\n$536870912\r\n',
    frames: [],
    partial: true,
  },
  {
    name: 'unknown type',
    input: '+a\r\nHTTP/1.1\r\n',
    frames: ['+'],
    error: T.ERROR_REPLY_TYPE,
    errorByte: 0x48,
  },
  {
    name: 'unknown element',
    input: '*2\r\n+a\r\n\r\n',
    frames: [],
    error: T.ERROR_REPLY_TYPE,
    errorByte: 0x0d,
  },
  { name: 'bulk ends late', input: '$1\r\naa\r\n', frames: [], error: T.ERROR_BULK_CRLF },
  {
    name: 'bulk ends with CR only',
    input: '*1\r\n$1\r\na\r\r\n',
    frames: [],
    error: T.ERROR_BULK_CRLF,
  },
  ...[
    '+',
    '+OK',
    '+OK\r',
    ':1',
    '$',
    '$3',
    '$3\r\nab',
    '$3\r\nabc\r',
    '*2\r\n+a\r\n',
    '%1\r\n+a\r\n',
    '|1\r\n+a\r\n+b\r\n',
  ].map((input) => ({
    name: `partial ${JSON.stringify(input)}`,
    input: `:1\r\n${input}`,
    frames: [':'],
    partial: true,
  })),
];
