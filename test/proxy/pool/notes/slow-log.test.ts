import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PoolConfig } from '../../../../src/config/index.ts';
import { REQUEST_HEAD_BYTES, SLOW_ENTRY_BYTES, SLOW_KEY_BYTES } from '../../../../src/limits.ts';
import type { Log } from '../../../../src/log.ts';
import { requestHead } from '../../../../src/protocol/redis/request-head.ts';
import { MemoryBudget } from '../../../../src/proxy/engine/memory-budget.ts';
import { SlowLog } from '../../../../src/proxy/pool/notes/slow-log.ts';
import { slowLogReply } from '../../../../src/proxy/redis/commands/slowlog.ts';

function encode(words: readonly string[]): string {
  const bulks = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join('')}`;
}

function headOf(text: string): Buffer {
  return Buffer.from(text, 'latin1').subarray(0, REQUEST_HEAD_BYTES);
}

/** A RESP reply as nested arrays of texts. */
function parse(reply: string): unknown {
  let at = 0;
  const line = (): string => {
    const end = reply.indexOf('\r\n', at);
    const text = reply.slice(at, end);
    at = end + 2;
    return text;
  };
  const value = (): unknown => {
    const head = line();
    const rest = Number(head.slice(1));
    if (head[0] === '*') return Array.from({ length: rest }, value);
    if (head[0] === ':') return rest;
    const text = reply.slice(at, at + rest);
    at += rest + 2;
    return text;
  };
  const whole = value();
  assert.equal(at, reply.length);
  return whole;
}

const word = fc.string({
  unit: fc.nat({ max: 255 }).map((c) => String.fromCharCode(c)),
  maxLength: 90,
});

describe('the slow log', () => {
  test('random requests: the latest are kept, newest first, and each is a line of the log', () => {
    const request = fc.record({
      words: fc.array(word, { minLength: 1, maxLength: 4 }),
      totalMicros: fc.nat(),
      reset: fc.constantFrom(false, false, false, true),
    });
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        fc.integer({ min: -1, max: 9 }),
        (requests, capacity, redact, count) => {
          const lines: string[] = [];
          const log: Log = {
            level: 0,
            write: (_level: number, text: string) => void lines.push(text),
          };
          const config = {
            name: 'p',
            slowlogLength: capacity,
            slowlogRedact: redact,
          } as PoolConfig;
          const budget = new MemoryBudget(0, [], log);
          const slow = new SlowLog({ config, log, budget, describe: requestHead });
          let model: { id: number; key: boolean; micros: number }[] = [];
          requests.forEach(({ words, totalMicros, reset }, id) => {
            if (reset) {
              slow.reset();
              model = [];
            }
            slow.add({
              head: headOf(encode(words)),
              client: 'c',
              clientName: 'n',
              server: 's',
              totalMicros,
              serverMicros: 1,
              host: '127.0.0.1',
              port: 6379,
              endedAt: 0,
              traced: false,
              failure: null,
            });
            model = [...model, { id, key: words.length > 1, micros: totalMicros }].slice(-capacity);
            assert.equal(slow.length, model.length);
          });
          assert.equal(lines.length, requests.length);
          assert.ok(budget.used >= SLOW_ENTRY_BYTES * model.length);
          assert.ok(budget.used <= (SLOW_ENTRY_BYTES + 3 * SLOW_KEY_BYTES) * model.length);
          const newest = [...model].reverse().slice(0, count < 0 ? model.length : count);
          const latest = slow.latest(count);
          assert.deepEqual(
            latest.map(({ id, totalMicros }) => [id, totalMicros]),
            newest.map(({ id, micros }) => [id, micros]),
          );
          latest.forEach(({ key }, i) => {
            assert.equal(key !== null, newest[i].key);
            if (redact && key !== null) assert.equal(key, '(redacted)');
          });
          const parsed = parse(slowLogReply(latest).toString('latin1')) as unknown[][];
          assert.deepEqual(
            parsed.map(([id, , micros]) => [id, micros]),
            newest.map(({ id, micros }) => [id, micros]),
          );
          slow.reset();
          assert.equal(budget.used, 0);
        },
      ),
      { numRuns: 200, seed: 113 },
    );
  });
});
