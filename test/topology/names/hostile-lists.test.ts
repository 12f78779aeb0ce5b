import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../../bench/random.ts';
import { MEMBERS_FLOOR_MS, MEMBERS_HOLD_MS, MEMBERS_PACE_MS } from '../../../src/limits.ts';
import type { Address } from '../../../src/topology/facts.ts';
import { type MemberLists, RingMembers } from '../../../src/topology/names/ring-members.ts';
import { HandClock } from '../../support/hand-clock.ts';

const NAME = 's';
const USUAL = Array.from({ length: 20 }, (_, i) => `b${i}:1`).sort();
const MINUTES = 40;
/** Who has been listed all the time for so long is in the ring. */
const TAKEN_MS = 90_000;
/** Who has not been listed for so long is not, whatever else was. */
const GONE_MS = 3 * MEMBERS_FLOOR_MS;

const hosts = (members: readonly string[]): Address[] =>
  members.map((member) => ({ host: member.split(':', 1)[0], port: 1 }));

/** A name server that lists whom it likes, and what is true of a ring all the same. */
class HostileWorld {
  readonly clock = new HandClock();
  readonly #random: Random;
  readonly #intervalMs: number;
  #listed: readonly string[] = USUAL;
  #answeredAt = this.clock.now();
  #fresh = 0;
  #kind = 0;
  #left = 0;
  #ring: readonly string[] = USUAL;
  #changedAt = 0;
  /** Since when each has been listed by every answer, or by none. */
  readonly #since: Map<string, number> = new Map(USUAL.map((member) => [member, 0]));
  readonly #absent: Map<string, number> = new Map();
  readonly #steady: { readonly at: number; readonly count: number }[] = [];
  readonly #members: RingMembers;
  readonly #wrong: string[] = [];
  changes = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#intervalMs = [1000, 5000][this.#random.integer(0, 1)];
    this.#members = new RingMembers(
      {
        clock: this.clock,
        heard: () => ({ value: hosts(this.#listed), heardAt: this.#answeredAt }),
        change: async (lists) => this.#change(lists),
        say: () => {},
      },
      { [NAME]: USUAL },
    );
    this.#members.follow([NAME], { [NAME]: USUAL });
  }

  async live(): Promise<void> {
    const end = this.clock.now() + MINUTES * 60_000;
    while (this.clock.now() < end) {
      if (this.#random.integer(0, 7) > 0) this.#answer();
      for (let ms = 0; ms < this.#intervalMs; ms += 1000) {
        this.#measure();
        await this.clock.passSlowly(1000);
        this.#look();
      }
    }
    this.#members.stop();
  }

  #answer(): void {
    const now = this.clock.now();
    if (this.#left-- <= 0) {
      this.#kind = this.#random.integer(0, 6);
      this.#left = 1 + this.#random.integer(0, 29);
    }
    this.#listed = [...new Set(this.#list())].sort();
    this.#answeredAt = now;
    const listed = new Set(this.#listed);
    for (const member of this.#since.keys()) if (!listed.has(member)) this.#since.delete(member);
    for (const member of listed) {
      if (!this.#since.has(member)) this.#since.set(member, now);
      this.#absent.delete(member);
    }
    for (const member of this.#ring) {
      if (!listed.has(member) && !this.#absent.has(member)) this.#absent.set(member, now);
    }
  }

  #list(): string[] {
    const some = (share: number): string[] =>
      USUAL.filter(() => this.#random.integer(0, 99) < share).concat('b0:1');
    const fresh = (count: number): string[] =>
      Array.from({ length: count }, () => `n${this.#fresh++}:1`);
    switch (this.#kind) {
      case 0:
        return some(5);
      case 1:
        return some(60);
      case 2:
        return [...some(90), ...fresh(1)];
      case 3:
        return fresh(1 + this.#random.integer(0, 39));
      case 4:
        return [...USUAL, 'x0:1', 'x1:1'];
      case 5:
        return [...this.#listed];
      default:
        return [...USUAL];
    }
  }

  #isSteady(member: string): boolean {
    const since = this.#since.get(member);
    return since !== undefined && this.clock.now() - since >= MEMBERS_HOLD_MS;
  }

  #measure(): void {
    const count = this.#ring.filter((member) => this.#isSteady(member)).length;
    this.#steady.push({ at: this.clock.now(), count });
  }

  /** What is wrong is told at the next look: an error here would only say that no ring is made. */
  #change(lists: MemberLists): void {
    const now = this.clock.now();
    const next = lists[NAME];
    const listed = new Set(this.#listed);
    const gone = this.#ring.filter((member) => !next.includes(member));
    const recent = this.#steady.filter(({ at }) => at > now - MEMBERS_FLOOR_MS);
    const most = Math.max(...recent.map(({ count }) => count));
    if (now - this.#changedAt < MEMBERS_PACE_MS) this.#wrong.push('too soon');
    if (gone.some((member) => listed.has(member))) this.#wrong.push('one that is listed has gone');
    if (gone.length > 0 && 2 * next.length < most) this.#wrong.push(`${next.length} of ${most}`);
    this.#changedAt = now;
    this.#ring = next;
    this.changes++;
    this.#members.follow([NAME], { [NAME]: next });
  }

  #look(): void {
    const now = this.clock.now();
    assert.deepEqual(this.#wrong, []);
    const ring = new Set(this.#ring);
    for (const [member, since] of this.#since) {
      const isLate = this.#answeredAt - since >= TAKEN_MS && !ring.has(member);
      assert.ok(!isLate, `${member} is listed and not taken`);
    }
    for (const [member, since] of this.#absent) {
      const isLate = now - since >= GONE_MS && ring.has(member);
      assert.ok(!isLate, `${member} is not listed and stays`);
    }
  }
}

describe('a ring of a name server that lists whom it likes', () => {
  for (let seed = 1; seed <= 30; seed++) {
    test(`takes who is there, keeps half, and ends with who is gone, seed ${seed}`, async () => {
      const world = new HostileWorld(seed);
      await world.live();
      assert.ok(world.changes > 0);
    });
  }
});
