import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { REDIRECT_LOOK_MAX_MS, REDIRECT_LOOK_MS } from '../../../../src/limits.ts';
import type { ClientConnection } from '../../../../src/proxy/client/client-connection.ts';
import { millis } from '../../../../src/proxy/engine/clock.ts';
import type { Timed } from '../../../../src/proxy/engine/deadlines.ts';
import { isHearer } from '../../../../src/proxy/redis/tracking/arrived.ts';
import { noteHearer } from '../../../../src/proxy/redis/tracking/hearers.ts';
import { ALL_KEYS } from '../../../../src/proxy/redis/tracking/lines/push.ts';
import {
  Redirect,
  type TellQuestion,
  tellHere,
} from '../../../../src/proxy/redis/tracking/redirect.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';

const KEY = [Buffer.from('k')];
const ALL_FORGOTTEN = /invalidate\r\n_\r\n/;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Settles a question that another process is asked. */
interface Pending {
  answer(told: boolean): void;
  fail(): void;
}

let asked: TellQuestion[];
/** What the other processes say. */
let isThere: boolean;
/** They are asked no more: too much waits for their answers. */
let isRefused: boolean;
/** Questions that wait until the test answers them; null = each is answered at once. */
let pending: Pending[] | null;
let armed: Map<Timed, number>;
/** How often all clients were gone through. */
let searches: number;
let pool: ClientConnection['pool'];

beforeEach(() => {
  asked = [];
  isThere = false;
  isRefused = false;
  pending = null;
  armed = new Map();
  searches = 0;
  const engine = {
    siblings: {
      ask: async (question: TellQuestion) => {
        asked.push(question);
        if (isRefused) throw new Error('other processes are silent');
        if (pending === null) return [{ told: isThere }];
        return new Promise<object[]>((resolve, reject) => {
          pending?.push({
            answer: (told) => resolve([{ told }]),
            fail: () => reject(new Error('gone')),
          });
        });
      },
    },
    guard: { bind: (_: unknown, step: () => void) => step },
    deadlines: {
      arm: (item: Timed, at: number) => armed.set(item, at),
      forget: (item: Timed) => armed.delete(item),
    },
    get clients() {
      searches++;
      return [];
    },
  };
  pool = { engine, counters: poolCounters(), config: { name: 'p' } } as unknown as typeof pool;
});

/** @param heard what it is told */
function clientOf(number: number, heard: string[] = []): ClientConnection {
  const client = {
    pool,
    lane: 0,
    closed: false,
    leaves: false,
    session: { number, hears: false, detour: null, onDropped: null },
    onAnswered: () => {},
    overOutputLimit: () => false,
    pipeline: {
      outstanding: 0,
      pushes: { push: (frame: Buffer) => heard.push(String(frame)) },
    },
    out: { pendingBytes: 0 },
  };
  const lanes = { at: () => ({ resp: 3 }) };
  Object.assign(pool, { lanes });
  return client as unknown as ClientConnection;
}

/** @returns one whose target is found nowhere */
async function broken(): Promise<Redirect> {
  const redirect = new Redirect(clientOf(1), 2, null);
  redirect.tell(KEY);
  await settled();
  assert.equal(redirect.broken, true);
  return redirect;
}

/** Its time has come to look. */
async function look(redirect: Redirect): Promise<void> {
  armed.delete(redirect);
  redirect.onDeadline();
  await settled();
}

describe('a client that hears in the place of another and is gone', () => {
  test('is asked for again after a while, however many keys change', async () => {
    const redirect = await broken();
    for (let i = 0; i < 100; i++) redirect.tell(KEY);
    await settled();
    assert.deepEqual([asked.length, searches], [1, 0]);
    assert.ok((armed.get(redirect) ?? 0) > millis());
    await look(redirect);
    assert.deepEqual([asked.length, searches], [2, 0]);
    assert.equal(asked[1].keys, null, 'what it was not told meanwhile is among all keys');
  });

  test('is looked for later and later', async () => {
    const redirect = await broken();
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      redirect.tell(KEY);
      waits.push(redirect.nextDeadline() - millis());
      await look(redirect);
    }
    assert.ok(waits[0] <= REDIRECT_LOOK_MS);
    assert.ok(waits[9] > REDIRECT_LOOK_MS && waits[9] <= REDIRECT_LOOK_MAX_MS, String(waits));
  });

  test('hears again when another process has it', async () => {
    const redirect = await broken();
    isThere = true;
    await look(redirect);
    assert.equal(redirect.broken, false);
    redirect.tell(KEY);
    await settled();
    assert.deepEqual(asked.at(-1)?.keys, [KEY[0].toString('base64')]);
  });

  test('hears at once when it has come here', async () => {
    const redirect = await broken();
    const heard: string[] = [];
    noteHearer(clientOf(2, heard));
    redirect.tell(KEY);
    assert.equal(redirect.broken, false);
    assert.match(heard.join(), /invalidate\r\n\*1\r\n\$1\r\nk/);
    assert.deepEqual([asked.length, searches], [1, 0]);
  });

  test('forgets all when it was to leave and has not', async () => {
    const heard: string[] = [];
    const target = clientOf(2, heard);
    noteHearer(target);
    const redirect = new Redirect(clientOf(1), 2, target);
    Object.assign(target, { leaves: true });
    redirect.tell(KEY);
    await settled();
    assert.deepEqual([redirect.broken, heard], [true, []]);
    Object.assign(target, { leaves: false });
    redirect.tell(KEY);
    redirect.tell(KEY);
    assert.equal(heard.length, 2);
    assert.match(heard[0], ALL_FORGOTTEN);
    assert.match(heard[1], /invalidate\r\n\*1\r\n\$1\r\nk/);
  });

  test('is not looked for when nobody is left who named it', async () => {
    const redirect = await broken();
    redirect.stop();
    assert.deepEqual([armed.size, redirect.nextDeadline()], [0, 0]);
  });
});

describe('a client that hears in the place of another and has missed a key', () => {
  /** @returns what other processes are asked from now on waits */
  const holdAnswers = (): Pending[] => {
    pending = [];
    return pending;
  };

  test('is told of all keys again when one changed while that was asked for', async () => {
    const redirect = await broken();
    const questions = holdAnswers();
    await look(redirect);
    redirect.tell(KEY);
    await settled();
    assert.equal(asked.length, 2, 'a key by itself is not asked for while it is looked for');
    questions[0].answer(true);
    await settled();
    assert.deepEqual([asked.length, asked.at(-1)?.keys], [3, null]);
    questions[1].answer(true);
    await settled();
    assert.deepEqual([asked.length, redirect.broken, redirect.nextDeadline()], [3, false, 0]);
  });

  test('is told of all keys when it is found by the key behind', async () => {
    const redirect = new Redirect(clientOf(1), 2, null);
    const questions = holdAnswers();
    redirect.tell(KEY);
    redirect.tell(KEY);
    questions[0].fail();
    await settled();
    questions[1].answer(true);
    await settled();
    assert.deepEqual([asked.length, asked.at(-1)?.keys], [3, null]);
    questions[2].answer(true);
    await settled();
    assert.deepEqual([asked.length, redirect.broken, redirect.nextDeadline()], [3, false, 0]);
  });

  const failures: [string, () => void][] = [
    ['cannot be asked', () => (isRefused = true)],
    ['do not have it', () => (isThere = false)],
  ];
  for (const [what, fail] of failures) {
    test(`is looked for until it is told, where other processes ${what}`, async () => {
      const redirect = await broken();
      fail();
      let wait = 0;
      for (let i = 0; i < 10; i++) {
        await look(redirect);
        assert.ok(armed.has(redirect), 'no further key has to change for that');
        wait = redirect.nextDeadline() - millis();
      }
      assert.ok(wait > REDIRECT_LOOK_MS && wait <= REDIRECT_LOOK_MAX_MS, String(wait));
      [isRefused, isThere] = [false, true];
      await look(redirect);
      assert.equal(asked.at(-1)?.keys, null);
      assert.deepEqual([redirect.broken, armed.has(redirect)], [false, false]);
    });
  }

  test('is looked for when nobody could tell it that who named it has moved', async () => {
    const redirect = new Redirect(clientOf(1), 2, null);
    isRefused = true;
    redirect.tellIfThere(ALL_KEYS);
    await settled();
    assert.deepEqual([redirect.broken, armed.has(redirect)], [false, true]);
    [isRefused, isThere] = [false, true];
    await look(redirect);
    assert.deepEqual([asked.length, asked.at(-1)?.keys], [2, null]);
    assert.equal(armed.has(redirect), false);
  });
});

describe('a client that names another one to hear in its place no more', () => {
  for (const [what, answer] of [
    ['fails', (question: Pending) => question.fail()],
    ['is not there', (question: Pending) => question.answer(false)],
  ] as const) {
    test(`is not told that the other one ${what}, nor is that one looked for`, async () => {
      const heard: string[] = [];
      const redirect = new Redirect(clientOf(1, heard), 2, null);
      pending = [];
      redirect.tell(KEY);
      redirect.stop();
      answer(pending[0]);
      await settled();
      assert.deepEqual([heard, armed.size, redirect.nextDeadline()], [[], 0, 0]);
    });
  }

  test('has nobody told who comes here meanwhile', async () => {
    const redirect = await broken();
    pending = [];
    await look(redirect);
    const heard: string[] = [];
    noteHearer(clientOf(2, heard));
    redirect.stop();
    pending[0].answer(false);
    await settled();
    assert.deepEqual([heard, armed.size, redirect.nextDeadline()], [[], 0, 0]);
  });
});

describe('a process that is asked to tell a client', () => {
  test('searches for who is named for the first time only', () => {
    const question = { pool: 'p', tell: 7, keys: [] };
    assert.deepEqual(tellHere(pool, question), { told: false });
    assert.equal(searches, 1);
    for (const keys of [null, ['aw==']]) {
      assert.deepEqual(tellHere(pool, { ...question, keys }), { told: false });
    }
    assert.equal(searches, 1);
    const heard: string[] = [];
    const client = clientOf(7, heard);
    noteHearer(client);
    assert.deepEqual(tellHere(pool, { ...question, keys: null }), { told: true });
    assert.equal(heard.length, 1);
    client.session.onDropped?.();
    assert.deepEqual(tellHere(pool, { ...question, keys: null }), { told: false });
  });

  test('knows without a search whom its clients have told in their place', () => {
    const question = { pool: 'p', hearer: 7 };
    const first = new Redirect(clientOf(1), 7, null);
    const second = new Redirect(clientOf(2), 7, null);
    assert.deepEqual(isHearer(pool, question), { told: true });
    assert.deepEqual(isHearer(pool, { ...question, hearer: 8 }), { told: false });
    for (const redirect of [first, first]) redirect.stop();
    assert.deepEqual(isHearer(pool, question), { told: true });
    second.stop();
    assert.deepEqual(isHearer(pool, question), { told: false });
    assert.equal(searches, 0);
  });
});
