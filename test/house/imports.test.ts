import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesBelow, importsOf, readSource } from '../support/source-tree.ts';

// The rooms of src/, lowest first: who may import whom, type imports included. A file belongs to the
// longest name that begins its path; one that belongs to none fails, so a new one has to find its
// room first.

const BASE = [
  'limits',
  'errors',
  'log',
  'internal-errors',
  'assert',
  'asserts-on',
  'asserts-off',
  'version',
];
const COUNTING = ['stats/counters', 'stats/histogram', 'stats/latency'];
const PROTOCOLS = ['protocol/redis', 'protocol/memcache'];
/** What the proxy knows of messages before it knows a protocol: frame table, codec, lines. */
const NEUTRAL = ['hash', 'distribution', 'protocol'];
/** A shape that metrics and people are told. */
const VIEW_OF_PROMOTION = 'topology/promotion/promotion-view';
/** Who is taken of what SRV records list: a command that looks at them takes the same. */
const SRV_LIST = 'topology/names/srv-members';
const REFERENCE = [...NEUTRAL, ...PROTOCOLS];

const MAY_IMPORT: Record<string, readonly string[]> = {
  limits: [],
  errors: [],
  version: [],
  'asserts-on': [],
  'asserts-off': [],
  assert: [],
  log: ['limits', 'errors'],
  'internal-errors': ['limits', 'log'],
  'stats/counters': [],
  'stats/histogram': [],
  'stats/latency': ['stats/histogram'],
  hash: [...BASE, 'hash'],
  distribution: [...BASE, 'hash', 'distribution', 'protocol'],
  protocol: [...BASE, 'protocol'],
  'protocol/redis': [...BASE, ...COUNTING, ...NEUTRAL, 'protocol/redis'],
  'protocol/memcache': [...BASE, ...COUNTING, ...REFERENCE],
  wasm: [...BASE, ...REFERENCE, 'wasm'],
  'codec/choices': [],
  codec: [...BASE, ...REFERENCE, 'codec/choices', 'codec', 'wasm'],
  net: [...BASE, 'net'],
  acl: [...BASE, ...REFERENCE, 'acl'],
  config: ['limits', 'errors', 'hash/names', 'distribution/names', 'acl', 'config'],
  'hash/names': [],
  'distribution/names': [],

  // The proxy. Data flows from a client to a server and back; each room sees only those before it.
  'proxy/engine': [],
  'proxy/backend': [],
  'proxy/pool': [],
  'proxy/client': [],
  'proxy/routing': [],
  'proxy/siblings': [],
  'proxy/redis/commands': [],
  'proxy/redis/listening': [],
  'proxy/redis/monitor': [],
  'proxy/redis/pubsub': [],
  'proxy/redis/tracking': [],
  'proxy/redis': [],
  'proxy/memcache': [],
  proxy: [],

  // It runs where there may be no proxy, and hands on plain data.
  topology: [...BASE, 'protocol/redis', 'net', 'topology', VIEW_OF_PROMOTION, SRV_LIST],
  [SRV_LIST]: ['limits', 'topology'],
  [VIEW_OF_PROMOTION]: [],

  stats: [
    ...[...BASE, ...COUNTING, ...REFERENCE, 'net', 'config', 'proxy/engine', 'proxy/pool'],
    VIEW_OF_PROMOTION,
  ],
  'stats/http': [...BASE, ...COUNTING, 'net', 'config', 'stats', 'stats/http'],
  admin: [...BASE, 'net', 'admin'],
  commands: [
    ...[...BASE, ...COUNTING, ...REFERENCE, 'config', 'net', 'proxy/pool', 'stats'],
    ...['stats/http', 'admin', SRV_LIST],
  ],
  logging: [...BASE, 'logging'],
  options: ['codec/choices'],
  usage: ['options'],
  'command-line': [...BASE, 'config', 'options', 'usage'],
};

/** The rooms of the proxy from the sockets up; each may import those before it, and itself. */
const PROXY_ROOMS = ['engine', 'backend', 'pool', 'client', 'routing', 'siblings'];
{
  // None of the shared rooms knows a protocol: each is told by its interface what it needs.
  const below: string[] = [...BASE, ...COUNTING, ...NEUTRAL, 'net', 'acl', 'config'];
  for (const room of PROXY_ROOMS) {
    below.push(`proxy/${room}`);
    MAY_IMPORT[`proxy/${room}`] = [...below];
  }
  // The two protocols stand side by side, and know nothing of each other.
  const redis = [
    ...[...below, 'protocol/redis', 'proxy/redis', 'proxy/redis/commands'],
    ...['proxy/redis/listening', 'proxy/redis/monitor'],
    ...['proxy/redis/pubsub', 'proxy/redis/tracking'],
  ];
  MAY_IMPORT['proxy/memcache'] = [...below, 'protocol/memcache', 'proxy/memcache'];
  MAY_IMPORT['proxy/redis'] = redis;
  MAY_IMPORT['proxy/redis/commands'] = redis;
  const beside = [...below, 'protocol/redis', 'proxy/redis', 'proxy/redis/listening'];
  MAY_IMPORT['proxy/redis/listening'] = beside;
  for (const room of ['proxy/redis/monitor', 'proxy/redis/pubsub', 'proxy/redis/tracking']) {
    MAY_IMPORT[room] = [...beside, room];
  }
  MAY_IMPORT['proxy'] = [...redis, 'protocol/memcache', 'proxy', 'proxy/memcache', 'codec', 'wasm'];
}
for (const room of ['stats', 'commands']) MAY_IMPORT[room] = [...MAY_IMPORT[room], room];

/** Files that put everything together; they may import whatever they need. */
const ROOTS = ['launcher', 'cli', 'index', 'embed', 'run'];

/** Imports between files that a rule about rooms cannot say. */
const ONLY_FROM: readonly (readonly [imported: RegExp, from: RegExp, why: string])[] = [
  [
    /^src\/proxy\/redis\/commands\//,
    /^src\/proxy\/redis\/(commands\/|dispatch\.ts)/,
    'only dispatch.ts hands requests to commands',
  ],
];

/** Packages and built-in modules that only some rooms may use. */
const RESERVED: readonly (readonly [module: RegExp, rooms: readonly string[]])[] = [
  [/^yaml$/, ['config']],
  [/^pino$/, ['logging']],
  [/^prom-client$/, ['stats/http']],
  [/^@opentelemetry\//, ['run']],
  [/^node:(http|dgram)$/, ['stats/http', 'commands', ...ROOTS]],
  [/^node:tls$/, ['net', 'config']],
  [/^node:cluster$/, ROOTS],
  [/^node:child_process$/, ROOTS],
];

const MAX_FILES = 16;
const files = filesBelow('src').filter((file) => file.endsWith('.ts'));

/** The name in MAY_IMPORT, or of ROOTS, that a path in src/ belongs to. */
function roomOf(path: string): string {
  const inside = path.replace(/^src\//, '').replace(/\.ts$/, '');
  const parts = inside.split('/');
  for (let n = parts.length; n > 0; n--) {
    const name = parts.slice(0, n).join('/');
    if (name in MAY_IMPORT || ROOTS.includes(name)) return name;
  }
  return '';
}

/** The files below `folder` on each circle of imports, one text per circle. */
function circles(folder: string): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (file: string): void => {
    state.set(file, 'open');
    path.push(file);
    for (const name of importsOf(file)) {
      if (!name.startsWith(`${folder}/`)) continue;
      // AssemblyScript leaves the ending out.
      const imported = name.endsWith('.ts') ? name : `${name}.ts`;
      if (state.get(imported) === 'open') {
        found.push([...path.slice(path.indexOf(imported)), imported].join(' -> '));
      } else if (!state.has(imported)) visit(imported);
    }
    path.pop();
    state.set(file, 'done');
  };
  const sources = filesBelow(folder).filter((file) => file.endsWith('.ts'));
  for (const file of sources) if (!state.has(file)) visit(file);
  return found;
}

describe('who may import whom', () => {
  test('there is something to check', () => assert.ok(files.length > 200));

  for (const file of files) {
    test(file, () => {
      const room = roomOf(file);
      assert.notEqual(room, '', 'it has no room in MAY_IMPORT yet');
      const isRoot = ROOTS.includes(room);
      for (const imported of importsOf(file)) {
        checkReserved(room, imported);
        checkOnlyFrom(file, imported);
        if (!imported.startsWith('src/')) {
          assert.doesNotMatch(imported, /^(assembly|bench|test|packaging)\//, 'leaves src/');
        } else if (!isRoot) {
          const target = roomOf(imported);
          const may = target === room || MAY_IMPORT[room].some((name) => isIn(target, name));
          assert.ok(may, `${room} may not import ${target}`);
        }
      }
    });
  }

  /** Whether a room is `name`, or lies in it without rules of its own beside it. */
  function isIn(target: string, name: string): boolean {
    if (target === name) return true;
    return /^(hash|distribution|codec)$/.test(name) && target.startsWith(`${name}/`);
  }

  function checkReserved(room: string, imported: string): void {
    for (const [module, rooms] of RESERVED) {
      if (module.test(imported)) assert.ok(rooms.includes(room), `${room}: not ${imported}`);
    }
  }

  function checkOnlyFrom(file: string, imported: string): void {
    for (const [target, from, why] of ONLY_FROM) {
      if (target.test(imported)) assert.match(file, from, why);
    }
  }

  test('there is no circle, not even of types', () => {
    for (const folder of ['src', 'assembly']) assert.deepEqual(circles(folder), []);
  });

  test('architecture.md names every file of the proxy that starts a timer', () => {
    const page = readSource('docs/architecture.md');
    const named = /\n## Clock and timers\n(.*?)\n## /s.exec(page)?.[1] ?? '';
    const timed = files.filter((file) => /\bset(Timeout|Interval)\(/.test(readSource(file)));
    const proxy = timed.filter((file) => file.startsWith('src/proxy/'));
    assert.ok(proxy.length > 0);
    assert.deepEqual(
      proxy.filter((file) => !named.includes(`${file.slice(file.lastIndexOf('/') + 1)}\``)),
      [],
    );
  });

  test(`no folder has more than ${MAX_FILES} files`, () => {
    const counts = new Map<string, number>();
    for (const file of files) {
      const folder = file.slice(0, file.lastIndexOf('/'));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts].filter(([, count]) => count > MAX_FILES),
      [],
    );
  });

  test('only net/ opens sockets for the proxy', () => {
    const opens = /\bimport \{[^}]*\b(connect|createConnection|createServer)\b[^}]*\} from 'node:/;
    for (const file of files) {
      if (roomOf(file).startsWith('proxy')) assert.doesNotMatch(readSource(file), opens, file);
    }
  });

  test('one file counts who waits for replies', () => {
    const counts = files.filter((file) => /#open(\+\+|--)/.test(readSource(file)));
    assert.deepEqual(counts, ['src/proxy/client/claims.ts']);
  });

  test('one file opens connections for requests, one those that subscribe; one logs in', () => {
    const having = (pattern: RegExp) => files.filter((file) => pattern.test(readSource(file)));
    assert.deepEqual(having(/= dial\(/), [
      'src/proxy/backend/backend-connection.ts',
      'src/proxy/redis/listening/listening-connection.ts',
    ]);
    assert.deepEqual(having(/Buffer\.from\('AUTH'\)/), [
      'src/commands/doctor/redis.ts',
      'src/proxy/redis/server-login.ts',
    ]);
  });

  test('one file decides where a request goes', () => {
    const asks = files.filter((file) => /\.connectionFor\(/.test(readSource(file)));
    assert.deepEqual(
      asks.filter((file) => file !== 'src/proxy/pool/server.ts'),
      // The second sends requests on that a node of a cluster has sent elsewhere.
      ['src/proxy/pool/slots/request-moves.ts', 'src/proxy/routing/router.ts'],
    );
  });

  test('the packages used at run time are the known ones', () => {
    const packages = files.flatMap(importsOf).filter((name) => !/^(node:|src\/|#)/.test(name));
    const { dependencies, peerDependencies } = JSON.parse(readSource('package.json'));
    assert.deepEqual(Object.keys(dependencies), ['pino', 'prom-client', 'yaml']);
    const known = [...Object.keys(peerDependencies), ...Object.keys(dependencies)];
    assert.deepEqual([...new Set(packages)].sort(), known);
  });

  test('optional packages are loaded when they are asked for, never with a file', () => {
    const loads = /^import (?!type )[^;]*? from '@opentelemetry\//m;
    for (const file of files) assert.doesNotMatch(readSource(file), loads, file);
  });

  test('only wasm/ opens the WebAssembly modules', () => {
    const opens = /ringway(-\w+)?\.wasm['"`]|WebAssembly\.(Module|Instance|compile|instantiate)/;
    for (const file of files) {
      if (roomOf(file) !== 'wasm') assert.doesNotMatch(readSource(file), opens, file);
    }
  });

  test('only the composition roots read the command line and the environment', () => {
    // A configuration may name a variable where a password is.
    const named = 'src/config/environment.ts';
    for (const file of files) {
      if (ROOTS.includes(roomOf(file)) || file === named) continue;
      assert.doesNotMatch(readSource(file), /\bprocess\.(argv|env)\b|['"]node:process['"]/, file);
    }
  });

  test('assembly/ imports nothing outside itself', () => {
    for (const file of filesBelow('assembly').filter((name) => name.endsWith('.ts'))) {
      for (const imported of importsOf(file)) assert.match(imported, /^assembly\//, file);
    }
  });
});
