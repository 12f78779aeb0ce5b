import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { NAME_LOG_MS, NAME_LOOKUPS } from '../../../src/limits.ts';
import { type NameSpec, NameWatch } from '../../../src/topology/names/name-watch.ts';
import type { Answer } from '../../../src/topology/names/resolvers.ts';
import { HandClock } from '../../support/hand-clock.ts';

describe('names that are looked up', () => {
  let clock: HandClock;
  let answers: Map<string, readonly string[]>;
  let ttlMs: number | null;
  let asked: string[];
  let led: string[];
  let said: string[];
  let watch: NameWatch;

  async function resolve(host: string): Promise<Answer> {
    asked.push(host);
    const addresses = answers.get(host);
    if (addresses === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    return { addresses, ttlMs };
  }

  beforeEach(() => {
    clock = new HandClock();
    answers = new Map([['pod', ['10.0.0.1']]]);
    ttlMs = null;
    asked = [];
    led = [];
    said = [];
    watch = new NameWatch({
      clock,
      resolvers: { system: resolve, resolver: resolve },
      onAddress: (host, address) => led.push(`${host} ${address}`),
      say: (text) => said.push(text),
    });
  });

  const spec = (host: string): NameSpec => ({ host, intervalMs: 5000, dns: 'system' });

  test('lead elsewhere when their address is no longer among the answers', async () => {
    watch.follow([spec('pod'), spec('10.9.9.9'), spec('::1')]);
    await clock.passSlowly(100);
    answers.set('pod', ['10.0.0.2', '10.0.0.1']);
    await clock.passSlowly(6000);
    assert.deepEqual(led, ['pod 10.0.0.1'], 'it is still there');
    answers.set('pod', ['10.0.0.2']);
    await clock.passSlowly(6000);
    assert.deepEqual(led, ['pod 10.0.0.1', 'pod 10.0.0.2']);
    assert.deepEqual(watch.known, [['pod', '10.0.0.2']]);
    assert.deepEqual([...new Set(asked)], ['pod'], 'addresses are not looked up');
    watch.follow([]);
    assert.equal(led.at(-1), 'pod null');
  });

  test('keep their address while there is no answer, or none of use; it is told seldom', async () => {
    watch.follow([spec('pod')]);
    await clock.passSlowly(100);
    answers.delete('pod');
    await clock.passSlowly(NAME_LOG_MS / 2);
    answers.set('pod', []);
    await clock.passSlowly(6000);
    answers.set('pod', ['<script>', '999.1.1.1']);
    await clock.passSlowly(6000);
    assert.deepEqual(led, ['pod 10.0.0.1']);
    assert.equal(said.length, 1);
    assert.match(said[0], /pod does not resolve: ENOTFOUND; 10\.0\.0\.1 stays/);
  });

  test('that lead elsewhere all the time are told a few times, and where in the end', async () => {
    watch.follow([{ ...spec('pod'), intervalMs: 1000 }]);
    for (let i = 0; i < 40; i++) {
      answers.set('pod', [`10.0.1.${i}`]);
      await clock.passSlowly(1250);
    }
    assert.equal(led.length, 41);
    assert.equal(said.length, 5);
    assert.equal(said[4], 'pod leads from 10.0.1.3 to 10.0.1.4 now');
    await clock.passSlowly(NAME_LOG_MS);
    assert.deepEqual(said.slice(5), ['pod leads from 10.0.1.4 to 10.0.1.39 now']);
  });

  test('lead where another process found that they do, until they are known to lead elsewhere', async () => {
    answers.set('pod', ['10.0.0.2']);
    const next = new NameWatch(
      {
        clock,
        resolvers: { system: resolve, resolver: resolve },
        onAddress: (host, address) => led.push(`${host} ${address}`),
        say: (text) => said.push(text),
      },
      [
        ['pod', '10.0.0.1'],
        ['gone', '10.0.0.9'],
      ],
    );
    assert.equal(next.known.length, 2);
    next.follow([spec('pod')]);
    assert.deepEqual(next.known, [['pod', '10.0.0.1']]);
    assert.deepEqual(led, ['gone null']);
    await clock.passSlowly(100);
    assert.deepEqual(led, ['gone null', 'pod 10.0.0.2']);
    assert.deepEqual(said, ['pod leads from 10.0.0.1 to 10.0.0.2 now']);
    next.stop();
  });

  test('are asked for again when the answer is too old, but not all the time', async () => {
    ttlMs = 2000;
    watch.follow([spec('pod')]);
    await clock.passSlowly(20_000);
    assert.ok(asked.length >= 8 && asked.length <= 11, `${asked.length}`);
    ttlMs = 0;
    asked.length = 0;
    await clock.passSlowly(20_000);
    assert.ok(asked.length <= 21, `${asked.length}`);
  });

  test('are looked up a few at a time, and one that hangs holds up no other', async () => {
    let open = 0;
    let most = 0;
    const hosts = Array.from({ length: 20 }, (_, i) => `h${i}`);
    const slow = new NameWatch({
      clock,
      resolvers: {
        system: (host) => {
          open++;
          most = Math.max(most, open);
          if (host === 'h0') return new Promise(() => {});
          return new Promise((done) => {
            clock.after(10, () => {
              open--;
              done({ addresses: ['10.0.0.1'], ttlMs: null });
            });
          });
        },
        resolver: resolve,
      },
      onAddress: (host) => led.push(host),
      say: () => {},
    });
    slow.follow(hosts.map(spec));
    await clock.passSlowly(4000);
    assert.deepEqual([led.length, most], [19, NAME_LOOKUPS]);
    slow.stop();
  });
});
