import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { MEMBERS_HOLD_MS, MEMBERS_PACE_MS } from '../../../src/limits.ts';
import { type MemberLists, RingMembers } from '../../../src/topology/names/ring-members.ts';
import { SrvWatch } from '../../../src/topology/names/srv-watch.ts';
import { HandClock } from '../../support/hand-clock.ts';

const LETTERS = [...'abcdefgh'];

describe('what rings are made of, of all that SRV records list', () => {
  let clock: HandClock;
  let listed: Map<string, readonly string[]>;
  let said: string[];
  /** Each time that rings were made anew: all that is in them. */
  let rings: string[];
  let refuses: boolean;
  /** A list with this one is refused as well. */
  const BAD = 'bad';
  let watch: SrvWatch;
  let members: RingMembers;

  /** @param names that are followed @param taken what there was before */
  function begin(names: readonly string[] = ['s'], taken: MemberLists = {}): void {
    let now = taken;
    watch = new SrvWatch({
      clock,
      resolve: async (name) => {
        const found = listed.get(name);
        if (found === undefined) throw Object.assign(new Error('no'), { code: 'ESERVFAIL' });
        return found.map((host) => ({ name: host, port: 1 }));
      },
      onMembers: () => {},
      say: () => {},
    });
    watch.follow(names.map((name) => ({ name, intervalMs: 1000 })));
    members = new RingMembers(
      {
        clock,
        heard: (name) => watch.heard(name),
        change: async (lists) => {
          const isBad = Object.values(lists).some((list) => list.includes(`${BAD}:1`));
          if (refuses || isBad) throw new Error('no room');
          now = { ...now, ...lists };
          rings.push(Object.values(now).flat().sort().join(' ').replaceAll(':1', ''));
          members.follow(names, now);
        },
        say: (text) => void said.push(text),
      },
      taken,
    );
    members.follow(names, taken);
  }

  beforeEach(() => {
    clock = new HandClock();
    listed = new Map();
    said = [];
    rings = [];
    refuses = false;
  });

  test('the first list is taken at once, and what comes is', async () => {
    listed.set('s', ['a', 'b']);
    begin();
    await clock.passSlowly(2000);
    assert.deepEqual(rings, ['a b']);
    listed.set('s', ['a', 'b', 'c']);
    await clock.passSlowly(MEMBERS_PACE_MS + 2000);
    assert.deepEqual(rings, ['a b', 'a b c']);
    assert.deepEqual(members.taken, { s: ['a:1', 'b:1', 'c:1'] });
    assert.deepEqual([members.changes, members.errors], [2, 0]);
  });

  test('nothing changes while a list is as it was, or is not to be had, or empty', async () => {
    begin(['s'], { s: ['a:1', 'b:1'] });
    await clock.passSlowly(MEMBERS_HOLD_MS);
    listed.set('s', ['b', 'a']);
    await clock.passSlowly(MEMBERS_HOLD_MS);
    listed.set('s', []);
    await clock.passSlowly(2 * MEMBERS_HOLD_MS);
    listed.delete('s');
    await clock.passSlowly(2 * MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
    assert.equal(members.views[0].waits, '');
  });

  test('changes keep their distance, and what came meanwhile comes at once', async () => {
    begin(['s'], { s: ['a:1'] });
    for (let i = 1; i < LETTERS.length; i++) {
      listed.set('s', LETTERS.slice(0, i + 1));
      await clock.passSlowly(2000);
    }
    await clock.passSlowly(MEMBERS_PACE_MS + 2000);
    assert.equal(rings[0], 'a b');
    assert.equal(rings.at(-1), LETTERS.join(' '));
    assert.ok(rings.length <= 3, rings.join());
  });

  test('one that is missing once is not gone', async () => {
    begin(['s'], { s: ['a:1', 'b:1', 'c:1'] });
    listed.set('s', ['a', 'b', 'c']);
    await clock.passSlowly(2000);
    listed.set('s', ['a', 'b']);
    // One answer: in the time until the next there are several reviews.
    while (members.views[0].leaving.length === 0) await clock.passSlowly(50);
    assert.equal(members.views[0].waits, 'some are missing, and that was heard once');
    listed.set('s', ['a', 'b', 'c']);
    await clock.passSlowly(MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
    listed.set('s', ['a', 'b']);
    await clock.passSlowly(4000);
    assert.deepEqual(rings, ['a b']);
  });

  test('nor one that is missing in two answers at once', async () => {
    begin(['s'], { s: ['a:1', 'b:1', 'c:1'] });
    listed.set('s', ['a', 'b']);
    while (members.views[0].leaving.length === 0) await clock.passSlowly(50);
    // As a reload does: all names are asked anew.
    watch.follow([{ name: 's', intervalMs: 1000 }]);
    await clock.passSlowly(300);
    assert.equal(members.views[0].waits, 'some are missing, and that was heard once');
    assert.deepEqual(rings, []);
  });

  test('when more than half are missing the ring stays for a while, which is told', async () => {
    begin(['s'], { s: LETTERS.map((letter) => `${letter}:1`) });
    listed.set('s', ['a', 'b', 'c']);
    await clock.passSlowly(MEMBERS_HOLD_MS - 2000);
    assert.deepEqual(rings, []);
    assert.equal(said.length, 1);
    assert.match(said[0], /^s lists 3, and rings are made of 8 that it listed: they stay until/);
    assert.match(members.views[0].waits, /more than half are missing/);
    assert.equal(members.views[0].leaving.length, 5);
    // All are back: it was a name server that had not heard of them.
    listed.set('s', LETTERS);
    await clock.passSlowly(MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
    listed.set('s', ['a', 'b', 'c']);
    await clock.passSlowly(MEMBERS_HOLD_MS + 4000);
    assert.deepEqual(rings, ['a b c']);
    assert.equal(said.length, 2);
  });

  test('nor is that believed while nobody says it again', async () => {
    begin(['s'], { s: LETTERS.map((letter) => `${letter}:1`) });
    listed.set('s', ['a']);
    await clock.passSlowly(3000);
    listed.delete('s');
    await clock.passSlowly(10 * MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
  });

  test('while it is frozen nothing changes; afterwards it is as listed', async () => {
    begin(['s'], { s: ['a:1'] });
    members.frozen = true;
    listed.set('s', ['a', 'b']);
    await clock.passSlowly(MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
    const { coming, waits } = members.views[0];
    assert.deepEqual([coming, waits], [['b:1'], 'the topology is frozen']);
    members.frozen = false;
    await clock.passSlowly(2000);
    assert.deepEqual(rings, ['a b']);
  });

  test('a ring that could not be made is tried again, not all the time', async () => {
    begin(['s'], { s: ['a:1'] });
    refuses = true;
    listed.set('s', ['a', 'b']);
    await clock.passSlowly(2.5 * MEMBERS_PACE_MS);
    assert.equal(members.errors, 3);
    assert.deepEqual(members.taken, { s: ['a:1'] });
    refuses = false;
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.deepEqual(rings, ['a b']);
  });

  test('nor is one that is the first of its name', async () => {
    begin();
    refuses = true;
    listed.set('s', ['a']);
    await clock.passSlowly(2.5 * MEMBERS_PACE_MS);
    assert.equal(members.errors, 3);
    refuses = false;
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.deepEqual(rings, ['a']);
  });

  test('a list that no ring can be made of holds up no other', async () => {
    begin(['s', 't', 'u'], { s: ['a:1'], t: ['x:1'] });
    listed.set('s', ['a', BAD]);
    listed.set('t', ['x', 'y']);
    listed.set('u', [BAD]);
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.deepEqual(rings, ['a x y']);
    listed.set('t', ['x', 'y', 'z']);
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.deepEqual(rings, ['a x y', 'a x y z']);
    listed.set('s', ['a', 'b']);
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.equal(rings.at(-1), 'a b x y z');
  });

  test('lists of several names change together, and one that is first does not wait', async () => {
    begin(['s', 't'], { s: ['a:1'] });
    assert.equal(members.views[1].waits, 'SRV lists nobody yet');
    listed.set('s', ['a', 'b']);
    await clock.passSlowly(3000);
    assert.deepEqual(rings, ['a b']);
    listed.set('t', ['x']);
    await clock.passSlowly(3000);
    assert.deepEqual(rings, ['a b', 'a b x']);
  });

  test('ends when it is stopped', async () => {
    begin();
    members.stop();
    listed.set('s', ['a']);
    await clock.passSlowly(MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
  });
});
