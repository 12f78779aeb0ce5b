import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACL_COMMANDS } from '../../src/acl/commands.ts';
import { ACL_FACTS } from '../../src/acl/facts.ts';
import { parseKeyPlace } from '../../src/acl/key-places.ts';
import { COMMANDS, SUBCOMMANDS } from '../../src/protocol/redis/table/commands.ts';
import { startRedis } from '../support/real-servers.ts';
import { type Reply, RespClient } from '../support/resp-client.ts';

/** An array of keys and values in turn, by key. */
function mapOf(reply: Reply): Map<string, Reply> {
  const items = reply as Reply[];
  const pairs = items.flatMap((key, i): [string, Reply][] =>
    i % 2 === 0 ? [[String(key), items[i + 1]]] : [],
  );
  return new Map(pairs);
}

/** A key specification in the words of facts.ts; null for one that is no key. */
function placeOf(reply: Reply): string | null {
  const spec = mapOf(reply);
  const flags = (spec.get('flags') as Reply[]).map(String);
  if (flags.includes('not_key')) return null;
  const reads = flags.includes('access') ? 'r' : '';
  const writes = flags.some((flag) => /^(insert|delete|update)$/.test(flag)) ? 'w' : '';
  const access = reads + writes || 'any';
  const marks =
    (flags.includes('incomplete') ? '~' : '') + (flags.includes('variable_flags') ? '!' : '');
  const [begin, find] = ['begin_search', 'find_keys'].map((name) => mapOf(spec.get(name)!));
  const at = mapOf(begin.get('spec')!);
  const of = mapOf(find.get('spec')!);
  if ([begin, find].some((part) => String(part.get('type')) === 'unknown'))
    return `${access}:?${marks}`;
  const keyword = at.get('keyword');
  const first =
    keyword === undefined ? String(at.get('index')) : `${keyword}@${at.get('startfrom')}`;
  if (String(find.get('type')) === 'keynum') return `${access}:${first}#${marks}`;
  const last = of.get('lastkey') === 0 ? '' : `..${of.get('lastkey')}`;
  const step = of.get('keystep') === 1 ? '' : `/${of.get('keystep')}`;
  const parts = Number(of.get('limit')) > 1 ? `%${of.get('limit')}` : '';
  return `${access}:${first}${last}${step}${parts}${marks}`;
}

function rowsOf(reply: Reply): [string, string][] {
  const [name, arity, , , , , categories, , specs, subcommands] = reply as Reply[];
  const places = (specs as Reply[]).map(placeOf).filter((place) => place !== null);
  const names = (categories as Reply[]).map((each) => String(each).slice(1));
  const row = [arity, names.sort().join(' '), places.join(' ')].join(' | ');
  return [[String(name), row], ...(subcommands as Reply[]).flatMap(rowsOf)];
}

test('what rules know of commands is what a real Redis says of them', async () => {
  const redis = await startRedis();
  const client = await RespClient.open(redis.port);
  const theirs = new Map(((await client.command('COMMAND')) as Reply[]).flatMap(rowsOf));
  client.close();
  await redis.stop();
  const own = ACL_FACTS.map(([name, arity, categories, places]): [string, string] => {
    const row = [arity, categories.split(' ').sort().join(' '), places ?? ''];
    return [name, row.join(' | ')];
  });
  for (const [name, row] of own) assert.equal(row, theirs.get(name), name);
  assert.equal(own.length, theirs.size);
});

test('each command that ringway knows can be named by a rule', () => {
  const names = new Set(ACL_COMMANDS.map(({ name }) => name));
  const known = [...COMMANDS.slice(1), ...SUBCOMMANDS.values()].map(({ name }) =>
    name.toLowerCase(),
  );
  // What Redis 7.0 does not have of CLIENT goes with CLIENT.
  const missing = known.filter((name) => !names.has(name));
  assert.deepEqual(missing, ['client|no-touch', 'client|setinfo']);
});

test('a place that is none is a mistake of the table', () => {
  assert.throws(() => parseKeyPlace('x:1'), /place of keys: x:1/);
});
