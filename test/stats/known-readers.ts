import assert from 'node:assert/strict';
import { parse } from 'yaml';

// How readers of nutcracker's stats that are in use walk the document, and which fields they take,
// as their sources have it: what would make one of them fail, or count something wrong, fails here.

export type Json = Record<string, unknown>;
/** @param text all that was sent @param pools of the configuration, with their servers */
export type Reader = (text: string, pools: Pools) => void;
export type Pools = Readonly<Record<string, readonly string[]>>;

export const TOP_NUMBERS = ['uptime', 'timestamp', 'total_connections', 'curr_connections'];
export const TOP_TEXTS = ['service', 'source', 'version'];
export const POOL = [
  'client_eof',
  'client_err',
  'client_connections',
  'server_ejects',
  'forward_error',
  'fragments',
];
export const SERVER = [
  'server_eof',
  'server_err',
  'server_timedout',
  'server_connections',
  'server_ejected_at',
  'requests',
  'request_bytes',
  'responses',
  'response_bytes',
  'in_queue',
  'in_queue_bytes',
  'out_queue',
  'out_queue_bytes',
];

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectsIn(json: Json): [string, Json][] {
  return Object.entries(json).filter((pair): pair is [string, Json] => isObject(pair[1]));
}

/** The pools that a reader found, with the servers that it found in each. */
function assertFound(found: Record<string, readonly string[]>, pools: Pools): void {
  const sorted = (all: Pools) =>
    Object.entries(all)
      .map(([name, servers]) => [name, ...[...servers].sort()])
      .sort();
  assert.deepEqual(sorted(found), sorted(pools));
}

function assertNumbers(json: Json, names: readonly string[], where: string): void {
  for (const name of names) assert.equal(typeof json[name], 'number', `${where} ${name}`);
}

/** Pools are named in its configuration. What else is an object in one is a server; of that it takes every number. */
const telegraf: Reader = (text, pools) => {
  const json = JSON.parse(text) as Json;
  assert.equal(typeof json['source'], 'string');
  assertNumbers(json, ['total_connections', 'curr_connections', 'timestamp'], 'top');
  for (const [name, servers] of Object.entries(pools)) {
    const pool = json[name];
    assert.ok(isObject(pool), name);
    assertNumbers(pool, POOL, name);
    assert.deepEqual(
      objectsIn(pool)
        .map(([server]) => server)
        .sort(),
      [...servers].sort(),
    );
    for (const [, server] of objectsIn(pool)) assert.deepEqual(Object.keys(server), SERVER);
  }
};

/** Every object is a pool, every object in one a server; of that it sends twelve fields, there or not. */
const datadog: Reader = (text, pools) => {
  const json = JSON.parse(text) as Json;
  const asked = SERVER.filter((name) => name !== 'server_ejected_at');
  const found: Record<string, string[]> = {};
  assertNumbers(json, ['curr_connections', 'total_connections'], 'top');
  for (const [name, pool] of objectsIn(json)) {
    assertNumbers(pool, POOL, name);
    found[name] = objectsIn(pool).map(([server]) => server);
    for (const [server, values] of objectsIn(pool)) assertNumbers(values, asked, server);
  }
  assertFound(found, pools);
};

/** But for four names at the top, whatever is no object is turned into a whole number, and counted unless its name is a gauge's. */
const diamond: Reader = (text) => {
  const ignored = ['service', 'source', 'timestamp', 'version'];
  const gauges = /^(uptime|server_ejected_at|\w+_connections|(in|out)_queue(_bytes)?)$/;
  const counted =
    /^(total_connections|server_(eof|err|timedout|ejects)|client_(eof|err)|forward_error|fragments|(request|response)(s|_bytes))$/;
  const visit = (values: Json, skipped: readonly string[]): void => {
    for (const [name, value] of Object.entries(values)) {
      if (isObject(value)) visit(value, []);
      else if (!skipped.includes(name)) {
        assert.ok(Number.isSafeInteger(value), `${name}: ${value}`);
        assert.ok(gauges.test(name) || counted.test(name), name);
      }
    }
  };
  visit(JSON.parse(text) as Json, ignored);
};

/** A number that it does not know is an error, wherever it stands, and so is one that is missing. */
const mackerel: Reader = (text, pools) => {
  const json = JSON.parse(text) as Json;
  const found: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(json)) {
    if (typeof value === 'number') assert.ok(TOP_NUMBERS.includes(name), name);
    else assert.ok(typeof value === 'string' || isObject(value), name);
  }
  for (const [name, pool] of objectsIn(json)) {
    found[name] = objectsIn(pool).map(([server]) => server);
    const numbers = Object.keys(pool).filter((each) => !isObject(pool[each]));
    assert.deepEqual(numbers.sort(), [...POOL].sort());
    assertNumbers(pool, POOL, name);
    for (const [server, values] of objectsIn(pool)) {
      assert.deepEqual(Object.keys(values).sort(), [...SERVER].sort(), server);
      assertNumbers(values, SERVER, server);
    }
  }
  assertFound(found, pools);
};

/** Seven names at the top have a type each; what is left is pools, what is left in one is servers. */
const exporterInGo: Reader = (text, pools) => {
  const json = JSON.parse(text) as Json;
  for (const name of TOP_TEXTS) assert.equal(typeof json[name], 'string', name);
  assertNumbers(json, TOP_NUMBERS, 'top');
  const rest = Object.keys(json).filter((name) => ![...TOP_TEXTS, ...TOP_NUMBERS].includes(name));
  const found = rest.map((name): [string, string[]] => {
    const pool = json[name] as Json;
    assertNumbers(pool, POOL, name);
    const servers = Object.keys(pool).filter((each) => !POOL.includes(each));
    for (const server of servers) assertNumbers(pool[server] as Json, SERVER, server);
    return [name, servers];
  });
  assertFound(Object.fromEntries(found), pools);
};

/** Names in twice the quotes lose one pair, and then the document is read as YAML. */
const exporterInRuby: Reader = (text, pools) => {
  const json = parse(text.replace(/"("[^"]+")"/g, '$1')) as Json;
  assert.deepEqual(json, JSON.parse(text));
  assert.equal(typeof json['source'], 'string');
  assertNumbers(json, ['total_connections', 'curr_connections', 'uptime'], 'top');
  const found: Record<string, string[]> = {};
  for (const [name, pool] of objectsIn(json)) {
    assertNumbers(pool, POOL, name);
    found[name] = objectsIn(pool).map(([server]) => server);
    for (const [server, values] of objectsIn(pool)) assertNumbers(values, SERVER, server);
  }
  assertFound(found, pools);
};

/** What is left of the top is an object each, whose objects and numbers become lines. */
const sensu: Reader = (text, pools) => {
  const json = JSON.parse(text) as Json;
  const found: Record<string, string[]> = {};
  for (const [name, pool] of Object.entries(json)) {
    if ([...TOP_TEXTS, ...TOP_NUMBERS].includes(name)) continue;
    assert.ok(isObject(pool), name);
    found[name] = objectsIn(pool).map(([server]) => server);
    for (const value of Object.values(pool)) {
      for (const each of isObject(value) ? Object.values(value) : [value]) {
        assert.equal(typeof each, 'number');
      }
    }
  }
  assertFound(found, pools);
};

/** Objects have the names of pools of the file; servers in them are named in it, or by host and port, which it connects to. */
const gemOfNutcracker: Reader = (text, pools) => {
  const found: Record<string, string[]> = {};
  for (const [name, pool] of objectsIn(JSON.parse(text) as Json)) {
    found[name] = objectsIn(pool).map(([server]) => server);
  }
  assertFound(found, pools);
};

/** Reads a line, and the connection is of no use then. */
const munin: Reader = (text, pools) => {
  const [line, rest] = text.split('\n');
  assert.equal(rest, '');
  datadog(line as string, pools);
};

export const READERS: Readonly<Record<string, Reader>> = {
  'the input of telegraf': telegraf,
  'the check of Datadog': datadog,
  'the collector of Diamond': diamond,
  'the plugin of mackerel': mackerel,
  'an exporter for Prometheus, in Go': exporterInGo,
  'an exporter for Prometheus, in Ruby': exporterInRuby,
  'the plugin of Sensu': sensu,
  'the gem nutcracker': gemOfNutcracker,
  'a plugin of Munin': munin,
};

/**
 * A check for Nagios looks twice: a server that was asked for more in between, and has no
 * connection, is a problem. @returns the problems
 */
export function problemsOf(before: string, after: string): string[] {
  const first = JSON.parse(before) as Record<string, Record<string, Json>>;
  const second = JSON.parse(after) as Json;
  return objectsIn(second).flatMap(([name, pool]) =>
    objectsIn(pool)
      .filter(([server, values]) => {
        const asked = Number(values['requests']) - Number(first[name]?.[server]?.['requests']);
        return Number(values['server_connections']) === 0 && asked !== 0;
      })
      .map(([server]) => server),
  );
}
