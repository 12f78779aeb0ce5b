import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DIFFERENTIAL_CASES } from '../../memcache/differential-cases.ts';
import { RawClient } from '../../memcache/raw-client.ts';
import { type RealServer, startMemcached } from '../../support/real-servers.ts';
import { Keyspace } from './keyspace.ts';
import { execute, KNOWN_COMMANDS, type MemcachedContext } from './memcached/execute.ts';
import { LineStream } from './memcached/sim-memcached.ts';

// The simulated memcached answers as a real one, to those differential cases that have nothing but
// right requests that it knows, and to random programs of such.

let used = 0;

/** A right request of a command that the model knows. */
const RIGHT: readonly RegExp[] = [
  /^gets?( K\d)+$/,
  /^(set|add|replace|append|prepend) K\d \d{1,9} (0|-1|100) \d{1,4}( noreply)?$/,
  /^(delete K\d|(incr|decr) K\d \d{1,18}|touch K\d (0|100))( noreply)?$/,
  /^mn$/,
];

/** Whether a case has only such requests. */
function isRight(template: string): boolean {
  let rest = template;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n');
    if (end < 0) return false;
    const line = rest.slice(0, end);
    if (!RIGHT.some((right) => right.test(line))) return false;
    rest = rest.slice(end + 2);
    const words = line.split(' ');
    if (!/^(set|add|replace|append|prepend)$/.test(words[0])) continue;
    const size = Number(words[4]);
    if (rest.slice(size, size + 2) !== '\r\n') return false;
    rest = rest.slice(size + 2);
  }
  return true;
}

class Model {
  readonly #context: MemcachedContext;
  #lastCas = 0;

  constructor() {
    const data = new Keyspace(() => Date.now());
    const nextCas = (): number => ++this.#lastCas;
    this.#context = { data, now: Date.now(), nextCas, cas: new Map() };
  }

  ask(text: string): string {
    const stream = new LineStream();
    stream.add(Buffer.from(text, 'latin1'));
    let replies = '';
    for (let request = stream.next(); request !== null; request = stream.next()) {
      const { reply } = execute(this.#context, request);
      if (request.words.at(-1) !== 'noreply') replies += reply.toString('latin1');
    }
    return replies;
  }
}

function withoutCas(reply: string): string {
  return reply.replace(/^(VALUE \S+ \d+ \d+) \d+\r$/gm, '$1 cas\r');
}

const key = fc.constantFrom('K1', 'K2', 'K3');
const data = fc.constantFrom('', '0', '9', '99', 'abc', '18446744073709551615', 'x'.repeat(300));
const request = fc.oneof(
  fc
    .tuple(fc.constantFrom('get', 'gets'), fc.array(key, { minLength: 1, maxLength: 4 }))
    .map(([name, keys]) => `${name} ${keys.join(' ')}\r\n`),
  fc
    .tuple(fc.constantFrom('set', 'add', 'replace', 'append', 'prepend'), key, data, fc.nat(9))
    .map(([name, to, value, flags]) => `${name} ${to} ${flags} 0 ${value.length}\r\n${value}\r\n`),
  fc
    .tuple(fc.constantFrom('incr', 'decr'), key, fc.constantFrom('1', '90', '18446744073709551615'))
    .map((words) => `${words.join(' ')}\r\n`),
  fc
    .tuple(fc.constantFrom('delete K1', 'touch K2 0', 'touch K1 100', 'mn'))
    .map(([line]) => `${line}\r\n`),
);

describe('the simulated memcached', () => {
  let server: RealServer;
  before(async () => {
    server = await startMemcached();
  });
  after(() => server.stop());

  async function compare(template: string): Promise<void> {
    const prefix = `sim${String(++used).padStart(6, '0')}_`;
    const text = template.replace(/\bK(\d)/g, `${prefix}$1`);
    const client = await RawClient.open(server.port);
    try {
      const expected = await client.ask(Buffer.from(`${text}mn\r\n`, 'latin1'), 10_000);
      const actual = new Model().ask(`${text}mn\r\n`);
      assert.equal(withoutCas(actual), withoutCas(expected), template);
    } finally {
      client.close();
    }
  }

  test('the differential cases', async () => {
    const cases = DIFFERENTIAL_CASES.filter(isRight);
    assert.ok(cases.length > 30, `${cases.length} cases`);
    for (const each of cases) await compare(each);
  });

  test('random programs', async () => {
    const programs = fc
      .array(request, { minLength: 5, maxLength: 30 })
      .map((list) => list.join(''));
    await fc.assert(fc.asyncProperty(programs, compare), { numRuns: 60 });
  });

  test('it knows what it says it knows', () => {
    const model = new Model();
    for (const name of KNOWN_COMMANDS) {
      const isStorage = /^(set|add|replace|append|prepend)$/.test(name);
      const tail = isStorage ? ' k 0 0 1\r\nx' : name === 'mn' ? '' : ' k 1';
      assert.notEqual(model.ask(`${name}${tail}\r\n`), 'ERROR\r\n', name);
    }
  });
});
