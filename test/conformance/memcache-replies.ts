import * as T from '../../src/protocol/frame-table.ts';
import type { Case } from './cases.ts';

const long = 'x'.repeat(3000);
const value = (key: string, data: string, more = '') =>
  `VALUE ${key} 0 ${data.length}${more}\r\n${data}\r\n`;
const line = (bytes: number) => `VERSION ${'x'.repeat(bytes - 10)}\r\n`;
const valueLine = (bytes: number) => `VALUE ${'k'.repeat(bytes - 12)} 0 1\r\n`;

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
  ...[
    ...['a 0 1', 'a 4294967295 1', 'a 42949672950 1', 'a x 1', 'a -1 1', 'a \t 1', 'a  1', ' 0 1'],
    ...['  1', 'a\tb 0 1', '\t 0 1', 'a\0b 0 1', 'a\rb 0 1', '\xff\x80 0 1', 'a 0 000000001'],
    ...['a 0 0000000001', 'a 0 1 ', 'a 0 1  ', 'a 0 1 18446744073709551615', 'a 0 1 x'],
    ...['a 0 1 2 3', 'a 0 1 \t', 'a 0 1 \0', 'a 0 1 a\rb', 'a 0 1 \r'],
    ...[15, 16, 17, 250, 251].map((bytes) => `${'k'.repeat(bytes)} 0 1`),
  ].map((words) => ({
    name: `a hit between others: ${words}`,
    input: `${value('a', 'x')}VALUE ${words}\r\ny\r\n${value('b', 'z')}END\r\nOK\r\n`,
    frames: ['VALUE 3', 'OK'],
  })),
  {
    name: 'a hit whose size stands where the flags should',
    input: `${value('a', 'x')}VALUE a  0 1\r\n\r\n${value('b', 'z')}END\r\n`,
    frames: ['VALUE 3'],
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
    name: 'hits with the longest line',
    input: `${value('a', 'x')}${valueLine(T.LIMIT_REPLY_LINE_BYTES)}y\r\nEND\r\n`,
    frames: ['VALUE 2'],
  },
  {
    name: 'a hit with a line too long',
    input: `${value('a', 'x')}${valueLine(T.LIMIT_REPLY_LINE_BYTES + 1)}y\r\nEND\r\n`,
    frames: [],
    error: T.ERROR_REPLY_LINE,
  },
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
    `${value('a', 'x')}END\n`,
    `${value('a', 'x')}END \n`,
    ...['', 'a', 'a 0', 'a 0 ', 'a\t0 1', 'a 0\t1', 'a 0 1\t', 'a 0 1\r', 'a 0 +1'].map(
      (words) => `${value('a', 'x')}VALUE ${words}\r\nx\r\n`,
    ),
    ...['a 0 ', 'a 0  1', 'a 0 x', 'a 0 \0', 'a 0 -0'].map(
      (words) => `${value('a', 'x')}VALUE ${words}\r\n\r\n`,
    ),
    ...['00000000001', '2147483646', '9999999999', '4294967297'].map(
      (size) => `${value('a', 'x')}VALUE a 0 ${size}\r\nx\r\n`,
    ),
    ...['VALUE a 0 1\n', 'VALUE a 0 1 2\n', 'VALUE a\n', 'VALUE a 0\n'].map(
      (line) => `${value('a', 'x')}${line}x\r\n`,
    ),
    `STAT a b\r\n${value('a', 'x')}`,
    'STAT a b\r\nHD\r\n',
  ].map((input) => ({
    name: `malformed: ${input}`,
    input: `OK\r\n${input}`,
    frames: ['OK'],
    error: T.ERROR_REPLY_LINE,
  })),
  ...[
    'VALUE a 0 1\r\nxy\r\n',
    'VALUE a 0 1\r\nx\ry',
    `${value('a', 'x')}VALUE a 0 1\r\nxy\r\n`,
    `${value('a', 'x')}VALUE a 0 1\r\nx\n\n`,
    `${value('a', 'x')}VALUE a  0 1\r\nx\r\n`,
    'VA 1\r\nx\n\n',
    'VA 0\r\nx\r\n',
  ].map((input) => ({
    name: `data without line end: ${input}`,
    input: `OK\r\n${input}`,
    frames: ['OK'],
    error: T.ERROR_BULK_CRLF,
  })),
  ...[
    'VAL',
    'VALUE a 0 5\r\nxx',
    'VALUE a 0 999999999\r\nxx',
    'VALUE a 0 1000000000\r\nxx',
    'VALUE a 0 2147483645\r\nxx',
    ...['V', 'VALUE ', 'VALUE k', 'VALUE kkkkkkkkkk', 'VALUE k ', 'VALUE k 0', 'VALUE k 0 1'].map(
      (line) => value('a', 'x') + line,
    ),
    `${value('a', 'x')}VALUE k 0 1 77\r`,
    `${value('a', 'x')}END\r`,
    'VALUE a 0 1\r\nx\r\n',
    'STAT a b\r\n',
    'VA 1\r\nx\r',
    'OK\r',
  ].map((input) => ({ name: `unfinished: ${input}`, input, frames: [], partial: true })),
];
