import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { REDIRECT_LOOK_MAX_MS, REDIRECT_LOOK_MS } from '../../../../src/limits.ts';
import type { ClientConnection } from '../../../../src/proxy/client/client-connection.ts';
import { millis } from '../../../../src/proxy/engine/clock.ts';
import type { Timed } from '../../../../src/proxy/engine/deadlines.ts';
import { noteHearer } from '../../../../src/proxy/redis/tracking/hearers.ts';
import {
  Redirect,
  type TellQuestion,
  tellHere,
} from '../../../../src/proxy/redis/tracking/redirect.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';

const KEY = [Buffer.from('k')];
const settled = () => new Promise((resolve) => setImmediate(resolve));

let asked: TellQuestion[];
/** What the other processes say. */
let isThere: boolean;
let armed: Map<Timed, number>;
/** How often all clients were gone through. */
let searches: number;
let pool: ClientConnection['pool'];

beforeEach(() => {
  asked = [];
  isThere = false;
  armed = new Map();
  searches = 0;
  const engine = {
    siblings: {
      ask: async (question: TellQuestion) => {
        asked.push(question);
        return [{ told: isThere }];
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
    assert.deepEqual([asked.length, searches, armed.has(redirect)], [2, 0, false]);
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

  test('is not looked for when nobody is left who named it', async () => {
    const redirect = await broken();
    redirect.stop();
    assert.deepEqual([armed.size, redirect.nextDeadline()], [0, 0]);
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
});
