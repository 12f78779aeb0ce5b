import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Redirection,
  SLOT_ASK,
  SLOT_MOVED,
  SLOT_SPLIT,
} from '../../../../src/proxy/backend/again/redirections.ts';
import type { SavedRequest } from '../../../../src/proxy/backend/again/saved-requests.ts';
import {
  type AskedConnection,
  RequestsAside,
} from '../../../../src/proxy/backend/again/set-aside.ts';
import { InFlight, type ReplyTarget } from '../../../../src/proxy/backend/in-flight.ts';
import {
  REPEAT_NEVER,
  REPEAT_READ,
  REPEAT_REFUSED,
} from '../../../../src/proxy/backend/server-protocol.ts';
import type { Engine } from '../../../../src/proxy/engine/engine.ts';

const OWN = 0;
const OTHER = 1;
const CLIENTS = 1000;
const SLOT = 5;
const REPEATS: Readonly<Record<string, number>> = {
  GET: REPEAT_READ,
  MGET: REPEAT_READ,
  SET: REPEAT_REFUSED,
  MSET: REPEAT_REFUSED,
  EVAL: REPEAT_NEVER,
};

function redirected(kind: number, port: number): Redirection {
  return { kind, slot: kind === SLOT_SPLIT ? -1 : SLOT, host: 'h', port };
}

/** A request is its words with spaces; all but the first are keys, all of one slot. */
class World {
  readonly inFlight = new InFlight(false);
  /** How often the words of a request were looked at. */
  looks = 0;
  /** What the budget says is kept. */
  budget = 0;
  /** Requests that were sent on, each with where to. */
  readonly sent: string[] = [];
  readonly failed: number[] = [];
  readonly aside: RequestsAside;
  readonly pool: { config: object; protocol: object; mover: object | null; counters: [] };
  readonly #requests: Buffer[] = [];

  constructor() {
    const look = <T>(value: T): T => {
      this.looks++;
      return value;
    };
    const words = (bytes: Buffer): string[] => bytes.toString().split(' ');
    const slots = {
      requestSlot: () => look(SLOT),
      requestKeys: (bytes: Buffer) => look(words(bytes).slice(1)),
      failure: () => Buffer.from('-X\r\n'),
    };
    const repeatable = (bytes: Buffer): number => look(REPEATS[words(bytes)[0]]);
    const redirect = (_: unknown, { bytes }: SavedRequest, { kind, port }: Redirection): null => {
      this.sent.push(`${bytes} ${kind}:${port}`);
      return null;
    };
    const protocol = { slots, repeatable };
    this.pool = { config: {}, protocol, mover: { redirect }, counters: [] };
    const client = {
      closed: false,
      barrier() {},
      takeReply: (slot: number) => this.failed.push(slot),
    };
    const engine = {
      clients: Array.from({ length: CLIENTS }, () => client),
      budget: { count: (bytes: number) => (this.budget += bytes) },
    };
    const kept = { copy: (at: number) => this.#requests[at] };
    const connection = { owner: { pool: this.pool }, inFlight: this.inFlight, kept };
    this.aside = new RequestsAside(
      engine as unknown as Engine,
      connection as unknown as AskedConnection,
    );
  }

  ask(words: string, client = OWN): void {
    const bytes = Buffer.from(words);
    const at = this.#requests.push(bytes) - 1;
    this.inFlight.push(client, at, 0, 0, -1, bytes.length);
    this.inFlight.noteOffset(at);
  }

  /** The oldest is sent elsewhere. @returns whether it is set aside */
  setAside(redirection: Redirection): boolean {
    const entry = this.inFlight.headEntry;
    this.inFlight.shift();
    const saved = { entry, bytes: this.#requests[entry.offset] };
    return this.aside.concerns(saved) && this.aside.add({ ...saved, redirection });
  }

  /** The oldest is executed. */
  execute(): void {
    this.aside.onExecuted(this.inFlight.headEntry);
    this.inFlight.shift();
  }

  /** All these are sent elsewhere, and go on together. */
  follow(...all: readonly (readonly [words: string, Redirection])[]): readonly string[] {
    for (const [words] of all) this.ask(words);
    this.ask('GET behind');
    for (const [, redirection] of all) assert.ok(this.setAside(redirection));
    this.aside.goOnOf(OWN);
    assert.equal(this.aside.active, false);
    assert.equal(this.budget, 0);
    return this.sent;
  }
}

describe('requests that are set aside', () => {
  test('are looked at once each, however many are executed behind them', () => {
    const world = new World();
    const many = 200;
    for (let i = 0; i < many; i++) world.ask(`SET moved${i}`);
    for (let i = 0; i < many; i++) world.ask(`GET other${i}`);
    for (let i = 0; i < many; i++) assert.ok(world.setAside(redirected(SLOT_MOVED, 1)));
    for (let i = 0; i < many; i++) world.execute();
    world.aside.goOn();
    assert.equal(world.sent.length, many);
    assert.ok(world.looks <= 2 * many * 3, `${world.looks} looks at ${2 * many} requests`);
  });

  test('and of what others have in flight behind them', () => {
    const world = new World();
    const many = 200;
    let looks = 0;
    const claim = {
      get clientId(): number {
        looks++;
        return OTHER;
      },
    };
    for (let i = 0; i < many; i++) world.ask(`SET moved${i}`);
    world.ask('GET a');
    const target = { claim } as unknown as ReplyTarget;
    for (let i = 0; i < many; i++) world.inFlight.pushTarget(target, 0);
    for (let i = 0; i < many; i++) assert.ok(world.setAside(redirected(SLOT_MOVED, 1)));
    assert.ok(looks <= many * 2, `${looks} looks at ${many} requests`);
  });

  test('what comes behind is known whenever it was asked', () => {
    const world = new World();
    world.ask('SET a');
    assert.ok(!world.setAside(redirected(SLOT_MOVED, 1)), 'nothing is behind it');
    world.ask('SET b');
    world.ask('GET c', OTHER);
    assert.ok(!world.setAside(redirected(SLOT_MOVED, 1)), "what is behind it is another's");
    world.ask('SET d');
    world.execute();
    world.ask('SET e');
    assert.ok(world.setAside(redirected(SLOT_MOVED, 1)));
    world.aside.goOn();
    assert.deepEqual(world.sent, []);
    world.execute();
    world.aside.goOn();
    assert.deepEqual(world.sent, [`SET d ${SLOT_MOVED}:1`]);
  });

  const [moved, later] = [redirected(SLOT_MOVED, 1), redirected(SLOT_MOVED, 2)];
  const [ask, askLater] = [redirected(SLOT_ASK, 1), redirected(SLOT_ASK, 2)];
  const split = redirected(SLOT_SPLIT, 0);
  const as = ({ kind, port }: Redirection): string => `${kind}:${port}`;
  for (const [what, first, second, both] of [
    ['that the keys of another are split is nothing to one', ['GET a', ask], ['MGET a b', split]],
    [
      'nor is it to one that waits where the key of another is',
      ['MGET a b', split],
      ['GET a', ask],
    ],
    ['nor when one of them writes another key', ['MGET b c', split], ['SET a', ask]],
    ['where another key is asked for is nothing to it', ['GET a', moved], ['GET b', askLater]],
    ['where its own key is it asks, too', ['SET a', moved], ['GET a', askLater], askLater],
    ['that the slot has moved since is true for all', ['SET a', moved], ['SET b', later], later],
    ['also for what was split', ['MGET a b', split], ['SET b', later], later],
    ["a script's word is nobody else's", ['SET a', moved], ['EVAL a', later]],
    ["but other scripts'", ['EVAL a', moved], ['EVAL b', later], later],
  ] as const) {
    test(what, () => {
      assert.deepEqual(new World().follow(first, second), [
        `${first[0]} ${as(both ?? first[1])}`,
        `${second[0]} ${as(both ?? second[1])}`,
      ]);
    });
  }

  for (const [one, executed, isOvertaken] of [
    ['SET a', 'SET a', true],
    ['SET a', 'GET a', true],
    ['GET a', 'SET a', true],
    ['GET a', 'GET a', false],
    ['SET a', 'SET b', false],
    ['MGET a b', 'SET b', true],
    ['SET a', 'EVAL b', true],
    ['GET a', 'EVAL b', true],
    ['EVAL a', 'GET b', true],
    ['EVAL a', 'EVAL b', true],
  ] as const) {
    test(`${one} ${isOvertaken ? 'is not' : 'is'} sent on when ${executed} was executed`, () => {
      const world = new World();
      world.ask(one);
      world.ask(executed);
      assert.ok(world.setAside(moved));
      world.execute();
      world.aside.goOn();
      assert.deepEqual(world.failed, isOvertaken ? [0] : []);
      assert.equal(world.sent.length, isOvertaken ? 0 : 1);
      assert.equal(world.aside.active, false);
      assert.equal(world.budget, 0);
    });
  }

  test('taken back they are met no more, and nothing is kept of them', () => {
    const world = new World();
    for (const words of ['SET a', 'SET a', 'SET a']) world.ask(words);
    assert.ok(world.setAside(moved));
    assert.ok(world.setAside(moved));
    assert.equal(world.aside.disown(OWN, 1), 1);
    assert.equal(world.aside.disown(OTHER, 0), 0);
    world.execute();
    assert.deepEqual(world.failed, [0]);
    assert.equal(world.aside.active, false);
    assert.equal(world.budget, 0);
  });

  test('there is an end of them', () => {
    const world = new World();
    const large = 'x'.repeat(1 << 20);
    let count = 0;
    for (let i = 0; i < 64; i++) world.ask(`SET ${i}${large}`);
    for (let i = 0; i < 63; i++) if (world.setAside(moved)) count++;
    assert.ok(count > 0 && count < 63, `${count} are set aside`);
    assert.equal(world.aside.takeAll().length, count);
    assert.equal(world.aside.active, false);
    assert.equal(world.budget, 0);
  });

  test('of one client that wants all the room others have some', () => {
    const world = new World();
    const large = 'x'.repeat(1 << 20);
    const many = 64;
    for (let i = 0; i < many; i++) world.ask(`SET ${i}${large}`);
    world.ask(`SET ${large}`, OTHER);
    world.ask('SET a', OTHER);
    let count = 0;
    for (let i = 0; i < many; i++) if (world.setAside(moved)) count++;
    assert.ok(count > 4, `${count} are set aside`);
    assert.ok(world.setAside(moved), "another client's is, too");
    world.aside.giveUp();
    assert.equal(world.budget, 0);
  });

  test('a reply costs nothing of the clients that cannot go on yet', (t) => {
    const world = new World();
    for (let client = 0; client < CLIENTS; client++) world.ask('SET a', client);
    for (let client = 0; client < CLIENTS; client++) world.ask('GET b', client);
    for (let client = 0; client < CLIENTS; client++) assert.ok(world.setAside(moved));
    let looks = 0;
    const { entries } = Map.prototype;
    t.mock.method(
      Map.prototype,
      Symbol.iterator as never,
      function* (this: Map<unknown, unknown>) {
        for (const entry of entries.call(this)) {
          looks++;
          yield entry;
        }
      } as never,
    );
    for (let client = 0; client < CLIENTS; client++) {
      world.execute();
      world.aside.goOn();
      assert.equal(world.sent.length, client + 1);
    }
    t.mock.restoreAll();
    assert.ok(looks <= 4 * CLIENTS, `${looks} looks at ${CLIENTS} clients`);
  });

  test('they go on however late anybody looks, and in the order of their last replies', () => {
    const world = new World();
    for (const client of [2, 1]) world.ask(`SET ${client}`, client);
    for (const client of [1, 2, 1]) world.ask('GET x', client);
    for (let i = 0; i < 2; i++) assert.ok(world.setAside(moved));
    world.aside.goOn();
    world.execute();
    world.aside.goOn();
    assert.deepEqual(world.sent, []);
    world.execute();
    world.execute();
    world.aside.goOn();
    assert.deepEqual(world.sent, [`SET 2 ${SLOT_MOVED}:1`, `SET 1 ${SLOT_MOVED}:1`]);
    world.ask('SET a');
    world.ask('GET x');
    assert.ok(world.setAside(moved));
    world.execute();
    world.aside.goOn();
    assert.equal(world.sent.length, 3);
  });

  test('in a pool that is no cluster any more they are told so, and nothing is kept', () => {
    const world = new World();
    world.ask('SET a');
    world.ask('GET b');
    assert.ok(world.setAside(moved));
    world.pool.mover = null;
    world.execute();
    world.aside.goOn();
    assert.deepEqual(world.failed, [0]);
    assert.equal(world.aside.active, false);
    assert.equal(world.budget, 0);
  });
});
