import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesBelow, readSource } from '../support/source-tree.ts';

// Several engines live in one process (the simulated world, who embeds ringway): what one of them
// knows is not kept in a module, where others would find it.

/** The first is the program's own process; sockets and names belong to the system's. */
const NOT_LOOKED_AT = /^src\/(?:run\/processes\/worker\.ts|net\/)/;

/** What stays the same whatever engine uses it, or is over when a call returns. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  // A scanner's further results, read by whoever has just called it.
  'src/protocol/redis/scan/request-scanner.ts': ['lineLength'],
  'src/protocol/memcache/reply-line.ts': ['replyBlock'],
  'src/protocol/memcache/request-line.ts': [
    ...['lineInfo', 'lineCount', 'lineKey', 'lineKeyLength', 'lineBlock'],
    ...['wordStop', 'hasForbidden', 'isNegative'],
  ],
  // What is being hashed, or counted.
  'src/hash/md5.ts': ['word', 'state', 'tail', 'digest'],
  'src/distribution/ketama.ts': ['text'],
  'src/proxy/memcache/multiget.ts': ['tally'],
  // Filled before anybody sees it.
  'src/protocol/redis/scan/reply-scanner.ts': ['replyKinds'],
  // Texts, each made once: the same for everybody.
  'src/protocol/redis/replies/replies.ts': ['failures'],
  'src/protocol/memcache/replies.ts': ['serverErrors'],
  'src/proxy/redis/fragments/long-request.ts': ['nameWords'],
  'src/proxy/redis/commands/cluster.ts': ['ids'],
  // Never changed.
  'src/proxy/redis/commands/acl.ts': ['NO_USERS'],
  // They know things by weak keys, which are an engine's own.
  'src/proxy/redis/access/audit-file.ts': ['telling'],
  'src/proxy/client/access/login.ts': ['telling'],
  'src/proxy/client/input/http-guard.ts': ['telling'],
  'src/proxy/client/input/tls-guard.ts': ['telling'],
  // A request while it is handled: nobody else has a turn meanwhile, and it is empty again then.
  'src/proxy/redis/dispatch.ts': ['AT_HAND'],
  // Objects that nobody uses; one that was given back waits until its chunk is done, whoever's.
  'src/proxy/redis/fragments/coalesced-reply.ts': ['SPARES'],
};

const VARIABLE = /^(?:export )?let (\w+)/;
/** A list, a record or an object that is made empty or by a class: something could be put into it. */
const OBJECT =
  /^(?:export )?const (\w+)(?:: ([^=]+))? = (?:new (\w+)|\[\]|\{\}|Object\.create|Buffer\.alloc)/;
const UNCHANGING = /^(?:Readonly|readonly )/;
/** Bytes and numbers that are written in capitals are constants. */
const BYTES = /^(?:Uint|Int|Float)\d+Array$/;

function isState(name: string, type: string, made: string | undefined): boolean {
  if (UNCHANGING.test(type) || made === 'WeakMap' || made === 'WeakSet') return false;
  const isBytes = made === undefined ? !type.trimEnd().endsWith('[]') : BYTES.test(made);
  return !(isBytes && name === name.toUpperCase());
}

/** Names of what a module keeps between calls. */
function stateOf(source: string): string[] {
  return source
    .replace(/ =\n +/g, ' = ')
    .split('\n')
    .flatMap((line) => {
      const variable = VARIABLE.exec(line)?.[1];
      if (variable !== undefined) return [variable];
      const [, name, type = '', made] = OBJECT.exec(line) ?? [];
      return name !== undefined && isState(name, type, made) ? [name] : [];
    });
}

describe('modules', () => {
  test('keep nothing that is an engine’s', () => {
    for (const file of filesBelow('src')) {
      if (!file.endsWith('.ts') || NOT_LOOKED_AT.test(file)) continue;
      assert.deepEqual(stateOf(readSource(file)), HARMLESS[file] ?? [], file);
    }
  });

  test('are looked through: what would be state is seen, constants and weak keys are not', () => {
    const source = [
      'let count = 0;',
      'export let last: string | null = null;',
      'const known = new Map<string, number>();',
      'export const all: Pool[] = [];',
      'const ONE = new Thing();',
      'const scratch = new Uint8Array(16);',
      'const TABLE = new Uint8Array(256);',
      'const NOTHING = Buffer.alloc(0);',
      'const NAMES: ReadonlySet<string> = new Set();',
      'const NONE: readonly string[] = [];',
      'const ALL: string[] = [];',
      'const hubs: WeakMap<object, Hub> = new WeakMap();',
      '  let inner = 0;',
    ].join('\n');
    const seen = ['count', 'last', 'known', 'all', 'ONE', 'scratch', 'ALL'];
    assert.deepEqual(stateOf(source), seen);
  });

  test('have all the exceptions that are listed', () => {
    for (const file of Object.keys(HARMLESS)) assert.ok(filesBelow('src').includes(file), file);
  });
});
