import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  MEMBERS_FLOOR_MS,
  MEMBERS_HOLD_MS,
  MEMBERS_PACE_MS,
  SRV_MEMBERS,
} from '../../../src/limits.ts';
import { type MemberLists, RingMembers } from '../../../src/topology/names/ring-members.ts';
import { SrvWatch } from '../../../src/topology/names/srv-watch.ts';
import { HandClock } from '../../support/hand-clock.ts';

const LETTERS = [...'abcdefgh'];
const at = (host: string): string => `${host}:1`;

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
    begin(['s'], { s: LETTERS.slice(0, 4).map(at) });
    listed.set('s', [...'aefgh']);
    await clock.passSlowly(MEMBERS_HOLD_MS - 2000);
    assert.deepEqual(rings, []);
    assert.equal(said.length, 1);
    assert.match(said[0], /^s lists 5, and rings are made of 4: more than half are missing: /);
    const { leaving, withheld, waits } = members.views[0];
    assert.match(waits, /more than half are missing/);
    assert.deepEqual([leaving.length, withheld.length], [3, 3]);
    // All are back: it was a name server that had not heard of them.
    listed.set('s', [...'abcd']);
    await clock.passSlowly(2 * MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
    assert.equal(members.views[0].withheld.length, 0);
    listed.set('s', [...'aefgh']);
    await clock.passSlowly(MEMBERS_HOLD_MS + 4000);
    assert.deepEqual(rings, ['a e f g h']);
    assert.equal(said.length, 2);
  });

  /** Half of what is listed is missing from each list, down to one. */
  async function halveAgainAndAgain(): Promise<void> {
    for (const count of [4, 2, 1]) {
      listed.set('s', LETTERS.slice(0, count));
      await clock.passSlowly(MEMBERS_HOLD_MS + MEMBERS_PACE_MS);
    }
  }

  test('a list that is halved again and again leaves half of the ring, which is told', async () => {
    begin(['s'], { s: LETTERS.map(at) });
    await halveAgainAndAgain();
    assert.deepEqual(rings, ['a b c d']);
    const { withheld, waits } = members.views[0];
    assert.deepEqual(withheld, ['b:1', 'c:1', 'd:1']);
    assert.match(waits, /fewer than half of those of the last 10 min would be left/);
    const told = said.filter((text) => text.includes('fewer than half'));
    assert.deepEqual(
      told.map((text) => text.split(':', 1)[0]),
      [2, 1].map((count) => `s lists ${count}, and rings are made of 4`),
    );
  });

  test('nor is one that loses one after the other ever less, however slowly', async () => {
    begin(['s'], { s: LETTERS.map(at) });
    for (let count = LETTERS.length - 1; count > 0; count--) {
      listed.set('s', LETTERS.slice(0, count));
      await clock.passSlowly(2 * MEMBERS_PACE_MS);
    }
    assert.equal(rings.at(-1), 'a b c d');
  });

  test('what stays so is taken when the larger ring is long ago', async () => {
    begin(['s'], { s: LETTERS.map(at) });
    listed.set('s', [...'ab']);
    await clock.passSlowly(MEMBERS_FLOOR_MS - 2000);
    assert.deepEqual(rings, []);
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.deepEqual(rings, ['a b']);
  });

  test('or at once when an operator says that it is right, and for that list alone', async () => {
    begin(['s'], { s: LETTERS.map(at) });
    assert.equal(members.accept('s'), false, 'nothing is withheld');
    assert.equal(members.accept('t'), null);
    listed.set('s', [...'ab']);
    await clock.passSlowly(3000);
    assert.deepEqual(rings, []);
    assert.equal(members.accept('s'), true);
    await clock.passSlowly(0);
    assert.deepEqual(rings, ['a b']);
    assert.equal(members.views[0].waits, '');
    // Of what comes behind it nobody has said anything.
    listed.set('s', [...'a']);
    await clock.passSlowly(MEMBERS_PACE_MS + 2000);
    assert.deepEqual(rings, ['a b', 'a']);
  });

  test('and not when it lists others before the ring is made', async () => {
    begin(['s'], { s: LETTERS.map(at) });
    members.frozen = true;
    listed.set('s', [...'ab']);
    await clock.passSlowly(3000);
    assert.equal(members.accept('s'), true);
    listed.set('s', [...'a']);
    await clock.passSlowly(3000);
    members.frozen = false;
    await clock.passSlowly(2 * MEMBERS_HOLD_MS);
    assert.deepEqual(rings, []);
  });

  test('one that comes is taken though others come and go with each answer', async () => {
    begin(['s'], { s: [...'abcd'].map(at) });
    for (let i = 0; i < 40; i++) {
      listed.set('s', [...(i % 2 === 0 ? 'abc' : 'bcd'), 'new', `n${i}`]);
      await clock.passSlowly(1000);
    }
    assert.match(rings[0], /\bnew\b/);
    assert.ok(
      rings.every((ring) => [...'abcd'].every((letter) => ring.split(' ').includes(letter))),
      rings.join('; '),
    );
  });

  test('and though more than half are others each time, when that stays so', async () => {
    begin(['s'], { s: [...'abcd'].map(at) });
    for (let i = 0; i < 60; i++) {
      listed.set('s', ['new', `n${i}`, `m${i}`]);
      await clock.passSlowly(1000);
    }
    assert.ok(rings[0].split(' ').includes('new'), rings.join('; '));
  });

  test('one that is missing from every other answer is taken, whenever rings may change', async () => {
    begin(['s'], { s: [...'ab'].map(at) });
    // The answers of two name servers, in turn, and something new just when a ring may be made.
    for (let i = 0; i < 80; i++) {
      listed.set('s', i % 2 === 1 ? [...'ab', 'odd'] : [...'ab', `n${i}`]);
      await clock.passSlowly(1000);
    }
    assert.ok(
      rings.some((ring) => ring.split(' ').includes('odd')),
      rings.join('; '),
    );
  });

  test('a ring has no more than a name may list, whatever that lists in turn', async () => {
    const old = Array.from({ length: SRV_MEMBERS - 24 }, (_, i) => `old${i}`).sort();
    const fresh = Array.from({ length: 400 }, (_, i) => `new${i}`);
    begin(['s'], { s: old.map(at) });
    for (let i = 0; i < 40; i++) {
      listed.set('s', [...(i % 2 === 0 ? old.slice(0, 600) : old.slice(400)), ...fresh]);
      await clock.passSlowly(1000);
    }
    const sizes = rings.map((ring) => ring.split(' ').length);
    assert.equal(Math.max(...sizes), SRV_MEMBERS);
  });

  test('who takes the place of another comes as it goes: the ring changes once', async () => {
    begin(['s'], { s: [...'abc'].map(at) });
    listed.set('s', [...'abd']);
    await clock.passSlowly(2 * MEMBERS_PACE_MS);
    assert.deepEqual(rings, ['a b d']);
  });

  test('many that were added by mistake do not have to stay', async () => {
    begin(['s'], { s: [...'abcd'].map(at) });
    listed.set('s', [...LETTERS, ...Array.from({ length: 50 }, (_, i) => `wrong${i}`)]);
    await clock.passSlowly(3000);
    assert.equal(rings.length, 1);
    listed.set('s', [...'abcd']);
    await clock.passSlowly(MEMBERS_HOLD_MS + MEMBERS_PACE_MS);
    assert.equal(rings.at(-1), 'a b c d');
  });

  test('nor is that believed while nobody says it again', async () => {
    begin(['s'], { s: LETTERS.map(at) });
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
