import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  MEMBERS_TOLD,
  NAME_LOG_MS,
  NAME_LOOKUPS,
  SRV_INTERVAL_MS,
  SRV_MEMBERS,
} from '../../../src/limits.ts';
import { addressText } from '../../../src/topology/facts.ts';
import { SrvWatch } from '../../../src/topology/names/srv-watch.ts';
import { HandClock } from '../../support/hand-clock.ts';

type Record = { readonly name: string; readonly port: number };

describe('what SRV records list', () => {
  let clock: HandClock;
  let records: Map<string, readonly Record[]>;
  let asked: string[];
  let news: number;
  let said: string[];
  let watch: SrvWatch;
  let isDead: boolean;
  let under: number;
  let most: number;

  beforeEach(() => {
    clock = new HandClock();
    records = new Map();
    asked = [];
    news = 0;
    said = [];
    isDead = false;
    under = 0;
    most = 0;
    watch = new SrvWatch({
      clock,
      resolve: async (name) => {
        asked.push(name);
        most = Math.max(most, ++under);
        if (isDead) return new Promise(() => {});
        await Promise.resolve();
        under--;
        const found = records.get(name);
        if (found === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
        return found;
      },
      onMembers: () => void news++,
      say: (text) => void said.push(text),
    });
  });

  const listed = (name: string): string[] | undefined =>
    watch.membersOf(name)?.map((address) => addressText(address));

  test('is the same in any order, and news when it is another', async () => {
    const [a, b] = ['a', 'b'].map((name) => ({ name: `${name}.test.`, port: 1 }));
    records.set('s', [b, a]);
    watch.follow([{ name: 's', intervalMs: 1000 }]);
    assert.equal(watch.membersOf('s'), null);
    await clock.passSlowly(100);
    assert.deepEqual(listed('s'), ['a.test:1', 'b.test:1']);
    records.set('s', [a, b]);
    await clock.passSlowly(3000);
    assert.equal(news, 1);
    records.set('s', [a]);
    await clock.passSlowly(3000);
    assert.equal(news, 2);
    assert.deepEqual(listed('s'), ['a.test:1']);
  });

  test('holds each once, whatever the case in which name servers give it', async () => {
    records.set(
      's',
      ['A.test.', 'a.TEST', 'a.test'].map((name) => ({ name, port: 1 })),
    );
    watch.follow([{ name: 's', intervalMs: 1000 }]);
    await clock.passSlowly(100);
    assert.deepEqual(listed('s'), ['a.test:1']);
    records.set('s', [{ name: 'a.tesT', port: 1 }]);
    await clock.passSlowly(3000);
    assert.equal(news, 1);
  });

  test('stays when there is no answer or an empty one, which is told once', async () => {
    records.set('s', [{ name: 'a', port: 1 }]);
    watch.follow([{ name: 's', intervalMs: 0 }]);
    await clock.passSlowly(100);
    records.delete('s');
    await clock.passSlowly(3 * SRV_INTERVAL_MS);
    records.set('s', []);
    await clock.passSlowly(3 * SRV_INTERVAL_MS);
    assert.deepEqual(listed('s'), ['a:1']);
    assert.equal(asked.length, 7);
    assert.deepEqual(said, [
      's lists a:1',
      'SRV records of s are not to be had: ENOTFOUND; what it listed stays',
    ]);
  });

  test('that changes all the time is told a few times, and what it is in the end', async () => {
    watch.follow([{ name: 's', intervalMs: 1000 }]);
    for (let i = 0; i < 40; i++) {
      records.set('s', [{ name: `h${i}`, port: 1 }]);
      await clock.passSlowly(1250);
    }
    assert.equal(news, 40);
    assert.deepEqual(
      said,
      [0, 1, 2, 3, 4].map((i) => `s lists h${i}:1`),
    );
    await clock.passSlowly(NAME_LOG_MS);
    assert.deepEqual(said.slice(5), ['s lists h39:1']);
  });

  test('is bounded, and holds hosts only', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({ name: `h${i}`, port: 1 }));
    const texts = ['', '.', 'a b', 'x\r\n', 'y'.repeat(300), '::1', 'a:1', 'fe80%eth0'];
    const odd = [...texts, 'srv:_s._tcp.test'].map((name) => ({ name, port: 1 }));
    records.set('s', [...odd, { name: 'zero', port: 0 }, ...many]);
    watch.follow([{ name: 's', intervalMs: 1000 }]);
    await clock.passSlowly(100);
    assert.equal(listed('s')?.length, SRV_MEMBERS);
    assert.ok(listed('s')?.every((text) => /^h\d+:1$/.test(text)));
  });

  test('is told in a line that is not too long, with the number of all', async () => {
    const long = 'x'.repeat(200);
    const many = Array.from({ length: SRV_MEMBERS }, (_, i) => ({ name: `${long}${i}`, port: 1 }));
    records.set('s', many);
    watch.follow([{ name: 's', intervalMs: 1000 }]);
    await clock.passSlowly(100);
    assert.equal(said.length, 1);
    assert.ok(said[0].length < 300 * MEMBERS_TOLD, `${said[0].length}`);
    assert.ok(said[0].endsWith(` and ${SRV_MEMBERS - MEMBERS_TOLD} more`));
  });

  test('a few names are asked at a time, whatever a dead name server does', async () => {
    isDead = true;
    const names = Array.from({ length: 20 }, (_, i) => ({ name: `s${i}`, intervalMs: 1000 }));
    watch.follow(names);
    await clock.passSlowly(10_000);
    assert.equal(most, NAME_LOOKUPS);
    assert.equal(asked.length, NAME_LOOKUPS);
  });
});
