import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FLAG_SPECIAL, PART_TABLE, RECORD_BYTES } from '../../src/protocol/frame-table.ts';
import { writeCommandTable } from '../../src/protocol/redis/table/command-table-layout.ts';
import {
  COMMANDS,
  type CommandSpec,
  findCommand,
  SUBCOMMANDS,
} from '../../src/protocol/redis/table/commands.ts';
import { keyWords } from '../../src/protocol/redis/table/key-words.ts';
import { scannerEntries } from '../../src/protocol/redis/table/scanner-entries.ts';
import { LATER, LITERALS, lines, TEMPLATES } from '../differential/key-grammar.ts';
import { Random } from '../fuzz/random.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../support/codec-all.ts';
import { type Made, NAMES, requestsOf } from '../support/request-templates.ts';
import { encodeRequest } from '../support/resp-client.ts';
import { specOf } from '../support/specs.ts';
import { wordsOf } from '../support/touched-keys.ts';

// RINGWAY_KEY_RUNS=1000 tries that many requests of each template, with another seed each time.

const LONG = Number(process.env.RINGWAY_KEY_RUNS ?? 0);
const RUNS = LONG > 0 ? { numRuns: LONG } : { numRuns: 10, seed: 20 };
const WORD_LISTS = 100_000;
const MODULES = COMMANDS.map(({ name }) => name).filter((name) => /\.|^V/.test(name));

/** Rows that differ in how their keys are found. */
const rules: readonly CommandSpec[] = [
  ...new Map(
    [...COMMANDS, ...SUBCOMMANDS.values()].map((spec) => {
      const { arity, keys, firstKey, lastKey, step, numkeys } = spec;
      return [[arity, keys, firstKey, lastKey, step, numkeys].join(), spec] as const;
    }),
  ).values(),
];

function anyWord(random: Random): string {
  if (random.once(6)) return `${random.pick(NAMES)}\0${random.pick(NAMES)}`;
  if (random.once(6)) return String(random.below(9) - 1);
  if (random.once(8)) return String(2n ** BigInt(random.below(70)));
  if (random.once(12))
    return String.fromCharCode(...Array.from({ length: 5 }, () => random.below(256)));
  return random.pick(NAMES);
}

describe('keys of any words', () => {
  test('finding them never fails, looks at no word twice, and stays inside the request', () => {
    const random = new Random(LONG > 0 ? Date.now() : 20);
    let looks = 0;
    let words: string[] = [];
    const word = (index: number): string => {
      looks++;
      assert.ok(index > 0 && index < words.length);
      return words[index];
    };
    for (let list = 0; list < WORD_LISTS; list++) {
      const rule = rules[list % rules.length];
      const least = Math.abs(rule.arity);
      const length = rule.arity > 0 ? least : least + random.below(random.once(50) ? 400 : 12);
      words = Array.from({ length }, () => anyWord(random));
      looks = 0;
      const { keys, refusal } = keyWords(rule, length, word);
      const shown = JSON.stringify([rule.name, ...words.slice(1)]);
      assert.ok(looks < length, shown);
      assert.ok(
        keys.every((key) => Number.isInteger(key) && key > 0 && key < length),
        shown,
      );
      assert.equal(new Set(keys).size, keys.length, shown);
      if (refusal !== null) assert.match(refusal.toString('latin1'), /^-[A-Z]+ [^\r\n]+\r\n$/);
    }
  });

  test('a request of many words takes steps in proportion', () => {
    for (const rule of rules.filter(({ arity, keys }) => arity < 0 && keys !== 'none')) {
      for (const filler of ['ASC', 'STORE', 'NOACK', 'STREAMS', 'COUNT', '1', '24000']) {
        let looks = 0;
        const { keys } = keyWords(rule, 24_000, () => {
          looks++;
          return filler;
        });
        assert.ok(looks <= 24_000 && keys.length <= 24_000, `${rule.name} ${filler}`);
      }
    }
  });
});

describe('keys that the scanners find', () => {
  const codecs = allCodecs();
  for (const { codec } of codecs) {
    writeCommandTable(codec.arena.words, codec.arena.bytes, scannerEntries());
  }
  const literals = { ...LITERALS, PAYLOAD: 'payload' };

  function check({ words }: Made): void {
    const input = encodeRequest(...wordsOf(words));
    const { keys } = keyWords(specOf(words), words.length, (i) => words[i]);
    for (const { label, codec } of codecs) {
      codec.arena.bytes.set(input, TEST_BASE);
      const end = TEST_BASE + input.length;
      assert.equal(codec.scanRequests(TEST_BASE, end, PART_TABLE, 1, TEST_POOL), 1);
      const at = PART_TABLE >>> 2;
      const [, , , info, , , key, keyLength] = codec.arena.words.subarray(
        at,
        at + RECORD_BYTES / 4,
      );
      const shown = `${label}: ${words.join(' ')}`;
      const found = Buffer.from(codec.arena.bytes.subarray(key, key + keyLength));
      if ((info & FLAG_SPECIAL) === 0) {
        assert.deepEqual(
          [found.toString('latin1')],
          keys.map((i) => words[i]),
          shown,
        );
      } else {
        assert.notEqual(findCommand(words[0])?.handling, 'forward', shown);
      }
    }
  }

  test('are those of the command, in every codec', () => {
    const modules = MODULES.filter((name) => !LATER.includes(name)).map(
      (name) => `${name} K ( W )*`,
    );
    for (const template of [
      ...Object.values(TEMPLATES).flatMap(lines),
      ...lines(LATER),
      ...modules,
    ]) {
      fc.assert(fc.property(requestsOf(template, literals), check), RUNS);
    }
  });
});
