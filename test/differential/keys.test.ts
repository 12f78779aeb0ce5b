import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  COMMANDS,
  type CommandSpec,
  SUBCOMMANDS,
} from '../../src/protocol/redis/table/commands.ts';
import { keyWords } from '../../src/protocol/redis/table/key-words.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { type Made, requestsOf } from '../support/request-templates.ts';
import { ReplyError, type RespClient } from '../support/resp-client.ts';
import { nameOf, specOf } from '../support/specs.ts';
import { COUNTS_EVERY_LOOK, type Content, TouchedKeys } from '../support/touched-keys.ts';
import { FUNCTION, LATER, LITERALS, lines, TEMPLATES } from './key-grammar.ts';

// The keys that ringway finds in a request are those that a real server touches when it executes it.
// RINGWAY_KEY_RUNS=1000 tries that many requests of each template, with another seed each time.

const LONG = Number(process.env.RINGWAY_KEY_RUNS ?? 0);
const RUNS = LONG > 0 ? { numRuns: LONG } : { numRuns: 12, seed: 20 };

/** They look at a key without a trace, or stop at the first key that decides. */
const TRACELESS = /^(EXISTS|P?TTL|P?EXPIRETIME|TYPE|OBJECT\|\w+|MEMORY\|USAGE|MSETNX|LMPOP|ZMPOP)$/;

const OF_MODULES = /\.|^V/;

function byKeys({ handling }: CommandSpec): boolean {
  return ['forward', 'same-server', 'fragment'].includes(handling);
}

describe('keys of requests, executed', () => {
  let server: RealServer;
  let oracle: TouchedKeys;

  before(async () => {
    server = await startRedis({ args: COUNTS_EVERY_LOOK });
    oracle = await TouchedKeys.open(server.port);
    await oracle.client.text('FUNCTION', 'LOAD', FUNCTION);
    await oracle.client.text('SCRIPT', 'LOAD', LITERALS.SCRIPT);
  });
  after(async () => {
    oracle?.close();
    await server?.stop();
  });

  test('nothing is touched when no request names it', async () => {
    await oracle.fill('string');
    assert.deepEqual([...(await oracle.run(['PING'])).touched], []);
    assert.deepEqual([...(await oracle.run(['GET', 'none'])).touched], []);
    assert.deepEqual([...(await oracle.run(['GET', 'BLOCK'])).touched], ['BLOCK']);
  });

  for (const [content, templates] of Object.entries(TEMPLATES)) {
    test(`commands on keys of the kind ${content}`, async () => {
      await oracle.fill(content as Content);
      const literals = { ...LITERALS, PAYLOAD: oracle.payload.toString('latin1') };
      for (const template of lines(templates)) {
        let executed = 0;
        const check = async ({ words }: Made): Promise<void> => {
          const spec = specOf(words);
          const alone = TRACELESS.test(spec.name);
          const { reply, touched } = await (alone ? oracle.runAlone(words) : oracle.run(words));
          if (!alone && reply instanceof ReplyError) return;
          executed++;
          const { keys, refusal } = keyWords(spec, words.length, (i) => words[i]);
          const found = new Set(keys.map((i) => words[i]));
          assert.deepEqual([...found].sort(), [...touched].sort(), words.join(' '));
          assert.equal(refusal, null);
        };
        await fc.assert(fc.asyncProperty(requestsOf(template, literals), check), RUNS);
        assert.ok(executed * 3 >= RUNS.numRuns, `${template}: ${executed} requests were valid`);
      }
    });
  }

  test('every command that goes by its keys has a template', async () => {
    const has = new Set([...Object.values(TEMPLATES), LATER].flatMap(lines).map(nameOf));
    const all = [...COMMANDS, ...SUBCOMMANDS.values()].filter(byKeys);
    const missing = all.filter(({ name }) => !has.has(name) && !OF_MODULES.test(name));
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
      'key-grammar.ts has no line for them',
    );
    const executed = Object.values(TEMPLATES).flatMap(lines).map(nameOf);
    assert.deepEqual(
      executed.filter((name) => !serverKnows.has(name.split('|')[0])),
      [],
    );
  });

  let serverKnows: Set<string>;
  before(async () => {
    serverKnows = await commandNames(oracle.client);
  });

  // Redis's own ways to ask are no oracle: they search where the command parses.
  test('where COMMAND GETKEYS deviates from what is executed', async () => {
    const deviations: [Content, string, executed: string[], said: string[]][] = [
      ['stream', 'XREADGROUP COUNT 1 GROUP STREAMS a STREAMS m >', ['m'], ['a', 'STREAMS']],
      ['list', 'SORT a STORE STORE ASC', ['a', 'STORE'], ['a', 'ASC']],
    ];
    for (const [content, text, executed, said] of deviations) {
      const words = text.split(' ');
      await oracle.fill(content);
      assert.deepEqual([...(await oracle.run(words)).touched].sort(), executed.sort(), text);
      assert.deepEqual(await oracle.client.text('COMMAND', 'GETKEYS', ...words), said, text);
      const { keys } = keyWords(specOf(words), words.length, (i) => words[i]);
      assert.deepEqual(keys.map((i) => words[i]).sort(), executed, text);
    }
  });
});

async function commandNames(client: RespClient): Promise<Set<string>> {
  const names = (await client.text('COMMAND', 'LIST')) as string[];
  return new Set(names.map((name) => name.toUpperCase()));
}

describe('keys of commands that the server at hand does not have', () => {
  const check = ({ words, keys }: Made): void => {
    const { boundsAll, ...found } = keyWords(specOf(words), words.length, (i) => words[i]);
    assert.deepEqual(found, { keys, refusal: null, block: 0 }, words.join(' '));
    assert.ok(!boundsAll || words.some((word) => /^MAX(COUNT|SIZE)$/i.test(word)));
  };

  for (const template of lines(LATER)) {
    test(template, () => fc.assert(fc.property(requestsOf(template), check), RUNS));
  }

  test('of modules, the word behind the name', () => {
    const elsewhere = lines(LATER).map(nameOf);
    const modules = COMMANDS.filter(
      ({ name }) => OF_MODULES.test(name) && !elsewhere.includes(name),
    );
    assert.ok(modules.length > 90);
    for (const { name } of modules) {
      fc.assert(fc.property(requestsOf(`${name} K ( W )*`), check), RUNS);
    }
  });
});
