import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SLOW_ENTRY_BYTES, SLOW_KEY_BYTES } from '../../../src/limits.ts';
import type { Log } from '../../../src/log.ts';
import { HEAD_BYTES } from '../../../src/proxy/backend/in-flight.ts';
import { MemoryBudget } from '../../../src/proxy/engine/memory-budget.ts';
import { describeHead, SlowLog, slowLogReply } from '../../../src/proxy/pool/slow-log.ts';

function encode(words: readonly string[]): string {
  const bulks = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join('')}`;
}

function headOf(text: string): Buffer {
  return Buffer.from(text, 'latin1').subarray(0, HEAD_BYTES);
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
  test('a request is described by its command, the beginning of its key, and how many words follow', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), ([first, ...rest]) => {
        const words = [`c${first.slice(0, 20)}`, ...rest];
        const { command, key, words: count } = describeHead(headOf(encode(words)));
        assert.equal(count, words.length);
        assert.equal(command, words[0].toUpperCase());
        if (words.length === 1) assert.equal(key, null);
        else {
          assert.ok(key !== null);
          const cut = key.endsWith('...') && key !== words[1] ? key.slice(0, -3) : key;
          assert.ok(words[1].startsWith(cut));
          if (words[1].length <= SLOW_KEY_BYTES && encode(words.slice(0, 2)).length < HEAD_BYTES) {
            assert.equal(key, words[1]);
          }
        }
      }),
      { numRuns: 500, seed: 111 },
    );
  });

  test('whatever a head holds, describing it neither throws nor grows', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: HEAD_BYTES }).map((all) => Buffer.from(all)),
      fc
        .tuple(fc.array(word, { minLength: 1 }), fc.nat({ max: HEAD_BYTES }))
        .map(([words, cut]) => {
          return headOf(encode(words)).subarray(0, cut);
        }),
    );
    fc.assert(
      fc.property(bytes, (head) => {
        const { command, key } = describeHead(head);
        assert.ok(
          command.length <= 2 * SLOW_KEY_BYTES + 3 && (key ?? '').length <= SLOW_KEY_BYTES + 3,
        );
      }),
      { numRuns: 500, seed: 112 },
    );
  });

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
          const budget = new MemoryBudget(0, [], log);
          const slow = new SlowLog({ pool: 'p', log, budget, capacity, redact });
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
