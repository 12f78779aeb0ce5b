import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { FileLog, LOG_ERROR, LOG_INFO, LOG_NOTICE, LOG_WARN, type Log } from '../../src/log.ts';
import { JsonLog } from '../../src/logging/json-log.ts';
import { RepeatLimit } from '../../src/logging/repeat-limit.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-log-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

describe('the text log', () => {
  test('writes one line each, whatever clients send', () => {
    const file = join(folder, 'text.log');
    const log = new FileLog(LOG_NOTICE, file);
    log.write(LOG_NOTICE, 'key a\r\n[2026-01-01] forged\x1b[31m');
    log.write(LOG_INFO, 'not at this level');
    const lines = linesOf(file);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] key a\\x0d\\x0a\[2026/);
    assert.match(lines[0], /forged\\x1b\[31m$/);
  });

  test('escapes what steers a terminal beyond ASCII, as JSON does too', () => {
    const file = join(folder, 'c1.log');
    new FileLog(LOG_NOTICE, file).write(LOG_NOTICE, 'key \x80\x9b2J\x7f\xa0.');
    assert.match(linesOf(file)[0], /key \\x80\\x9b2J\\x7f\xa0\.$/);
    const json = join(folder, 'c1-json.log');
    new JsonLog(LOG_NOTICE, json).write(LOG_NOTICE, 'key \x9b2J');
    assert.match(linesOf(json)[0], /key \\u009b2J/);
    assert.equal(JSON.parse(linesOf(json)[0]).msg, 'key \x9b2J');
  });

  test('is opened anew after a rotation', () => {
    const file = join(folder, 'rotated.log');
    const log = new FileLog(LOG_NOTICE, file);
    log.write(LOG_NOTICE, 'before');
    renameSync(file, `${file}.1`);
    log.reopen();
    log.write(LOG_NOTICE, 'after');
    assert.match(linesOf(`${file}.1`)[0], /before$/);
    assert.match(linesOf(file)[0], /after$/);
  });
});

describe('the JSON log', () => {
  test('writes an object per line, with level, time, pid and fields', () => {
    const file = join(folder, 'json.log');
    const log = new JsonLog(LOG_WARN, file);
    log.write(LOG_WARN, 'server is ejected', { pool: 'alpha', server: 's1' });
    log.write(LOG_NOTICE, 'not at this level');
    log.level = LOG_NOTICE;
    log.write(LOG_NOTICE, 'now\nit is');
    const [first, second] = linesOf(file).map((line) => JSON.parse(line));
    assert.equal(first.level, 'warn');
    assert.equal(first.msg, 'server is ejected');
    assert.equal(first.pid, process.pid);
    assert.equal(first.server, 's1');
    assert.ok(Math.abs(Date.parse(first.time) - Date.now()) < 60_000);
    assert.equal(second.msg, 'now\nit is');
    assert.equal(second.level, 'notice');
  });

  test('is opened anew after a rotation', () => {
    const file = join(folder, 'json-rotated.log');
    const log = new JsonLog(LOG_NOTICE, file);
    log.write(LOG_NOTICE, 'before');
    renameSync(file, `${file}.1`);
    log.reopen();
    log.write(LOG_NOTICE, 'after');
    assert.equal(JSON.parse(linesOf(`${file}.1`)[0]).msg, 'before');
    assert.equal(JSON.parse(linesOf(file)[0]).msg, 'after');
  });

  test('has a name for each of the twelve levels', () => {
    const file = join(folder, 'levels.log');
    const log = new JsonLog(11, file);
    for (let level = 0; level <= 11; level++) log.write(level, `level ${level}`);
    const names = linesOf(file).map((line) => JSON.parse(line).level);
    assert.equal(new Set(names).size, 12);
    assert.deepEqual([names[0], names[3], names[5]], ['emerg', 'error', 'notice']);
  });
});

describe('repeated lines', () => {
  function recorder(): Log & { lines: string[] } {
    const lines: string[] = [];
    return { level: LOG_INFO, lines, write: (_level, message) => void lines.push(message) };
  }

  test('are held back after the twentieth, and counted when the window is over', () => {
    let now = 1000;
    const log = recorder();
    const limit = new RepeatLimit(log, () => now);
    for (let i = 0; i < 100; i++) limit.write(LOG_INFO, `client 127.0.0.1:${i} failed`);
    limit.write(LOG_ERROR, 'something else');
    assert.equal(log.lines.length, 21);
    now += 10_001;
    limit.write(LOG_INFO, 'client 127.0.0.1:7 failed');
    assert.equal(log.lines[21], '80 more like this: client 127.0.0.1:99 failed');
    assert.equal(log.lines[22], 'client 127.0.0.1:7 failed');
  });

  test('what was held back is told at the end', () => {
    const log = recorder();
    const limit = new RepeatLimit(log, () => 1);
    for (let i = 0; i < 25; i++) limit.write(LOG_INFO, 'again');
    limit.flush();
    assert.equal(log.lines.at(-1), '5 more like this: again');
  });

  test('kinds are not remembered without bound, and the level is that of the log', () => {
    const log = recorder();
    const limit = new RepeatLimit(log, () => 1);
    for (let i = 0; i < 1000; i++) limit.write(LOG_INFO, `kind ${'x'.repeat(i)}`);
    assert.equal(log.lines.length, 1000);
    limit.level = LOG_ERROR;
    limit.write(LOG_INFO, 'not at this level');
    assert.equal(log.level, LOG_ERROR);
    assert.equal(log.lines.length, 1000);
  });
});
