import * as T from '../../src/protocol/frame-table.ts';
import type { Case } from './cases.ts';

const long = 'x'.repeat(3000);
const value = (key: string, data: string, more = '') =>
  `VALUE ${key} 0 ${data.length}${more}\r\n${data}\r\n`;
const line = (bytes: number) => `VERSION ${'x'.repeat(bytes - 10)}\r\n`;

/** What the memcached reply scanner makes of each input; see `describeFrame`. */
export const MEMCACHE_REPLY_CASES: readonly Case[] = [
  { name: 'nothing', input: '', frames: [] },
  ...[
    ...['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'DELETED', 'TOUCHED', 'OK', 'RESET'],
    ...['HD', 'EN', 'NF', 'NS', 'EX', 'MN', 'ME', 'VERSION', 'ERROR', 'CLIENT_ERROR'],
    'SERVER_ERROR',
  ].map((word) => ({
    name: word,
    input: `${word}\r\n${word} \r\n${word} a b\r\n${word}  Oq k\n\r\x80 W\r\n`.replace(
      '\n\r',
      '\r',
    ),
    frames: Array(4).fill(word),
  })),
  {
    name: 'errors, however they go on',
    input: 'ERROR: shutdown not enabled\r\nERROR\0\r\nCLIENT_ERRORS\r\nSERVER_ERROR: x\r\n',
    frames: ['ERROR', 'ERROR', 'CLIENT_ERROR', 'SERVER_ERROR'],
  },
  {
    name: 'numbers',
    input: `0\r\n18446744073709551615\r\n5  \r\n${'9'.repeat(40)}\r\n`,
    frames: Array(4).fill('number'),
  },
  { name: 'a miss', input: 'END\r\nEND\r\n', frames: ['VALUE', 'VALUE'] },
  {
    name: 'hits',
    input: `${value('a', 'x')}END\r\n${value('a', '', ' 77')}${value('b', 'END\r\n')}END\r\nEN\r\n`,
    frames: ['VALUE 1', 'VALUE 2', 'EN'],
  },
  {
    name: 'a large hit',
    input: `${value('k', long)}${value('l', '')}END\r\n`,
    frames: ['VALUE 2'],
  },
  {
    name: 'hits, then an error',
    input: `${value('a', 'x')}SERVER_ERROR Connection refused\r\n${value('a', 'x')}ERROR\r\n`,
    frames: ['SERVER_ERROR 1', 'ERROR 1'],
  },
  {
    name: 'statistics',
    input: 'STAT pid 1\r\nSTAT x \r\nSTAT\r\nEND\r\nSTAT a b\r\nCLIENT_ERROR x\r\n',
    frames: ['STAT 3', 'CLIENT_ERROR 1'],
  },
  {
    name: 'meta values',
    input: `VA 0\r\n\r\nVA 2 s2 Oabc\r\n\r\n\r\nVA 3000 k${long}\r\n${long}\r\nHD\r\n`,
    frames: ['VA', 'VA', 'VA', 'HD'],
  },
  { name: 'size with leading zeros', input: 'VA 0000000002\r\nxx\r\n', frames: ['VA'] },
  { name: 'the longest line', input: line(T.LIMIT_REPLY_LINE_BYTES), frames: ['VERSION'] },
  {
    name: 'a line too long',
    input: line(T.LIMIT_REPLY_LINE_BYTES + 1),
    frames: [],
    error: T.ERROR_REPLY_LINE,
  },
  ...[
    'VALU',
    'VALUES x',
    ' END',
    'stored',
    '12a',
    '-1',
    '1 2',
    '+OK',
    'STATS',
    'H',
    '',
    'NOT_FOUNE',
    'END\0',
    'VA\0',
  ].map((text) => ({
    name: `not a reply: ${text}`,
    input: `OK\r\n${text}\r\n`,
    frames: ['OK'],
    error: T.ERROR_REPLY_TYPE,
    errorByte: `${text}\r`.charCodeAt(0),
  })),
  ...[
    'STORED\n',
    '\n',
    'VALUE a 0\r\n',
    'VALUE a 0 \r\n',
    'VALUE\r\n',
    'VALUE a 0 -1\r\n',
    'VALUE a 0 1x\r\n',
    'VALUE a 0 2147483646\r\n',
    'VALUE a 0 00000000001\r\n',
    'VA\r\n',
    'VA x\r\n',
    'VA  1\r\n',
    `${value('a', 'x')}STORED\r\n`,
    `${value('a', 'x')}STAT a b\r\n`,
    `${value('a', 'x')}x\r\n`,
    `STAT a b\r\n${value('a', 'x')}`,
    'STAT a b\r\nHD\r\n',
  ].map((input) => ({
    name: `malformed: ${input}`,
    input: `OK\r\n${input}`,
    frames: ['OK'],
    error: T.ERROR_REPLY_LINE,
  })),
  ...['VALUE a 0 1\r\nxy\r\n', 'VALUE a 0 1\r\nx\ry', 'VA 1\r\nx\n\n', 'VA 0\r\nx\r\n'].map(
    (input) => ({
      name: `data without line end: ${input}`,
      input: `OK\r\n${input}`,
      frames: ['OK'],
      error: T.ERROR_BULK_CRLF,
    }),
  ),
  ...[
    'VAL',
    'VALUE a 0 5\r\nxx',
    'VALUE a 0 1\r\nx\r\n',
    'STAT a b\r\n',
    'VA 1\r\nx\r',
    'OK\r',
  ].map((input) => ({ name: `unfinished: ${input}`, input, frames: [], partial: true })),
];
