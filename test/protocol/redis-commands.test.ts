import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NO_COMMAND } from '../../src/protocol/frame-table.ts';
import { COMMAND_FACTS } from '../../src/protocol/redis/table/command-facts.ts';
import {
  arityFits,
  COMMAND_INDEX,
  COMMANDS,
  findCommand,
  findSubcommand,
  KNOWN_COMMANDS,
  SUBCOMMANDS,
} from '../../src/protocol/redis/table/commands.ts';
import { DECISIONS } from '../../src/protocol/redis/table/decisions.ts';
import { scannerEntries } from '../../src/protocol/redis/table/scanner-entries.ts';
import { SUBCOMMAND_FACTS } from '../../src/protocol/redis/table/subcommand-facts.ts';
import { REASONS } from '../../src/protocol/redis/table/unsupported.ts';
import { FORWARDS, SPLITS } from '../support/nutcracker-commands.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { type Reply, RespClient, toText } from '../support/resp-client.ts';

// Redis 7.2 gave these two an optional WITHSCORE; Redis 7.0 checks their arity itself.
const LATER_ARITY = new Map([
  ['ZRANK', -3],
  ['ZREVRANK', -3],
]);

/** Those that Redis 7.0 does not have. */
const LATER_SUBCOMMANDS = ['CLIENT|NO-TOUCH', 'CLIENT|SETINFO'];

/** One entry of the COMMAND reply, as far as the table repeats it. */
interface Fact {
  name: string;
  arity: number;
  access: string;
  place: number[];
  movable: boolean;
  blocks: boolean;
  subcommands: Fact[];
}

function toFact(entry: Reply): Fact {
  const [name, arity, flags, first, last, step, categories, , , subcommands] = entry as Reply[];
  const list = flags as string[];
  return {
    name: String(name).toUpperCase(),
    arity: Number(arity),
    access: list.includes('write') ? 'w' : list.includes('readonly') ? 'r' : '-',
    place: [Number(first), Number(last), Number(step)],
    movable: list.includes('movablekeys'),
    blocks: list.includes('blocking') || (categories as string[]).includes('@blocking'),
    subcommands: ((subcommands ?? []) as Reply[]).map(toFact),
  };
}

describe('command table', () => {
  test('names are unique, upper case and short enough for the scanner', () => {
    assert.equal(new Set(KNOWN_COMMANDS.map((spec) => spec.name)).size, KNOWN_COMMANDS.length);
    assert.ok(COMMANDS.length < NO_COMMAND);
    for (const { name } of KNOWN_COMMANDS) {
      assert.equal(name, name.toUpperCase());
      assert.ok(name.length <= 32);
    }
  });

  test('each command that Redis has is served or refused, once, and no other', () => {
    const facts = [...COMMAND_FACTS, ...SUBCOMMAND_FACTS].map(([name]) => name);
    const lists = [...DECISIONS.map(([, names]) => names), ...REASONS.map(([, names]) => names)];
    const placed = lists.flatMap((names) => names.match(/\S+/g) ?? []);
    assert.deepEqual(placed.sort(), facts.sort());
    assert.equal(new Set(placed).size, placed.length);
  });

  test('each row is consistent in itself', () => {
    for (const spec of [...KNOWN_COMMANDS, ...SUBCOMMANDS.values()]) {
      const { name, handling, keys, numkeys, coalesce, firstKey } = spec;
      assert.equal(keys.startsWith('numkeys'), numkeys > 0, name);
      assert.equal(handling === 'fragment', coalesce !== 'none', name);
      assert.equal(handling === 'blocking', spec.timeout !== 'none', name);
      if (handling === 'blocking') assert.notEqual(keys, 'none', name);
      if (handling === 'forward') assert.ok(firstKey > 0 && spec.lastKey === firstKey, name);
      // A shard channel has the place of a key, and goes where a key would.
      const isRouted = /^(SPUBLISH|SSUBSCRIBE|SUNSUBSCRIBE|WATCH)$/.test(name);
      if ((handling === 'local' && !isRouted) || handling === 'placeholder') {
        assert.equal(keys, 'none', name);
      }
      // Every request that passes the arity check has its first key.
      if (handling === 'forward') assert.ok(Math.abs(spec.arity) > firstKey, name);
      if (numkeys > 0) assert.ok(Math.abs(spec.arity) > numkeys, name);
    }
  });

  test('number 0, of a record that nobody wrote, is no command that anybody can send or run', () => {
    const [nothing, ...others] = COMMANDS;
    assert.deepEqual(others, KNOWN_COMMANDS);
    assert.equal(nothing.handling, 'unsupported');
    assert.equal(findCommand(nothing.name), undefined);
    assert.ok(!COMMAND_INDEX.has(nothing.name));
    for (const [name, index] of COMMAND_INDEX) assert.equal(COMMANDS[index].name, name);
    for (const { index, name } of scannerEntries()) assert.equal(COMMANDS[index].name, name);
    assert.equal(scannerEntries().length, KNOWN_COMMANDS.length);
  });

  test('lookup ignores case', () => {
    assert.equal(findCommand('mGet')?.name, 'MGET');
    assert.equal(findCommand('nosuch'), undefined);
    const object = findCommand('object');
    assert.ok(object);
    assert.equal(findSubcommand(object, 'encoding')?.name, 'OBJECT|ENCODING');
    assert.equal(findSubcommand(object, 'nosuch'), undefined);
  });

  test('arityFits counts as Redis does', () => {
    assert.deepEqual([arityFits(2, 1), arityFits(2, 2), arityFits(2, 3)], [false, true, false]);
    assert.deepEqual([arityFits(-2, 1), arityFits(-2, 2), arityFits(-2, 9)], [false, true, true]);
  });

  test('everything that twemproxy forwards or splits is served', () => {
    for (const name of [...FORWARDS, ...SPLITS]) {
      const spec = findCommand(name);
      assert.ok(spec && spec.handling !== 'unsupported', name);
    }
  });
});

describe('command table beside a real server', () => {
  let server: RealServer;
  let facts: Fact[];

  before(async () => {
    server = await startRedis();
    const client = await RespClient.open(server.port);
    facts = (toText(await client.command('COMMAND')) as Reply[]).map(toFact);
    client.close();
  });
  after(() => server.stop());

  test('the server has commands, and every one is in the table', () => {
    assert.ok(facts.length >= 200);
    // A newer server may know more than this release; Redis 7.0's commands must all be there.
    const unknown = facts.filter((fact) => !findCommand(fact.name)).map((fact) => fact.name);
    if (facts.length === 240) assert.deepEqual(unknown, []);
  });

  test('arity, access and key positions agree', () => {
    for (const fact of facts) {
      const spec = findCommand(fact.name);
      if (!spec || fact.arity === -1) continue; // a module leaves its arity to itself
      const arities = [fact.arity, LATER_ARITY.get(fact.name)];
      assert.ok(arities.includes(spec.arity), `${fact.name}: arity ${fact.arity}`);
      assert.equal(spec.access, fact.access, `${fact.name}: access`);
      const place = [spec.firstKey, spec.lastKey, spec.step];
      if (spec.keys !== 'numkeys') assert.deepEqual(place, fact.place, `${fact.name}: keys`);
    }
  });

  test('a command with movable keys is never forwarded blindly', () => {
    for (const fact of facts.filter((each) => each.movable)) {
      // The patterns of SORT_RO are looked up on the server of its key.
      if (fact.name === 'SORT_RO') continue;
      const spec = findCommand(fact.name);
      assert.notEqual(spec?.handling, 'forward', fact.name);
    }
  });

  test('what may block a connection gets one of its own, is refused, or answered by ringway', () => {
    const all = facts.flatMap((fact) => [fact, ...fact.subcommands]).filter(({ blocks }) => blocks);
    assert.ok(all.length >= 10, all.map(({ name }) => name).join());
    for (const { name } of all) {
      const spec = SUBCOMMANDS.get(name) ?? findCommand(name);
      assert.ok(spec, name);
      const lookedInto = /^(group-)?streams$/.test(spec.keys);
      assert.ok(lookedInto || /^(blocking|unsupported|local)$/.test(spec.handling), name);
    }
  });

  test('subcommands of containers agree', () => {
    let seen = 0;
    for (const container of facts) {
      if (findCommand(container.name)?.handling !== 'container') continue;
      for (const fact of container.subcommands) {
        const spec = SUBCOMMANDS.get(fact.name);
        assert.equal(spec?.handling === 'forward', fact.place[0] > 0, fact.name);
        if (!spec) continue;
        seen++;
        assert.equal(spec.arity, fact.arity, fact.name);
        assert.equal(spec.access, fact.access, fact.name);
        assert.deepEqual([spec.firstKey, spec.lastKey, spec.step], fact.place, fact.name);
      }
    }
    assert.equal(seen, SUBCOMMANDS.size - LATER_SUBCOMMANDS.length);
  });

  test('the server finds the same keys', async () => {
    const client = await RespClient.open(server.port);
    const samples: [string[], string[]][] = [
      [
        ['BITOP', 'AND', 'd', 'a', 'b'],
        ['d', 'a', 'b'],
      ],
      [
        ['ZUNIONSTORE', 'd', '2', 'a', 'b'],
        ['d', 'a', 'b'],
      ],
      [
        ['ZINTERCARD', '2', 'a', 'b', 'LIMIT', '1'],
        ['a', 'b'],
      ],
      [
        ['EVAL', 'return 1', '2', 'a', 'b', 'x'],
        ['a', 'b'],
      ],
      [
        ['MSETNX', 'a', '1', 'b', '2'],
        ['a', 'b'],
      ],
      [
        ['LMPOP', '2', 'a', 'b', 'LEFT'],
        ['a', 'b'],
      ],
      [['OBJECT', 'ENCODING', 'a'], ['a']],
    ];
    for (const [words, expected] of samples) {
      const found = toText(await client.command('COMMAND', 'GETKEYS', ...words)) as string[];
      assert.deepEqual([...found].sort(), [...expected].sort(), words.join(' '));
      assert.deepEqual(keysByTable(words).sort(), [...expected].sort(), words.join(' '));
    }
    client.close();
  });
});

/** Reads the keys off a request with nothing but the table, as commands.ts explains it. */
function keysByTable(words: string[]): string[] {
  let spec = findCommand(words[0]);
  if (spec?.handling === 'container') spec = findSubcommand(spec, words[1]);
  assert.ok(spec);
  if (spec.keys === 'range') {
    const last = spec.lastKey < 0 ? words.length + spec.lastKey : spec.lastKey;
    return words.filter(
      (_, i) => i >= spec.firstKey && i <= last && (i - spec.firstKey) % spec.step === 0,
    );
  }
  const first = spec.numkeys + 1;
  const keys = words.slice(first, first + Number(words[spec.numkeys]));
  return spec.keys === 'numkeys-store' ? [words[1], ...keys] : keys;
}
