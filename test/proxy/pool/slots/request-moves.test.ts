import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SLOT_MOVED } from '../../../../src/proxy/backend/again/redirections.ts';
import type { SavedRequest } from '../../../../src/proxy/backend/again/saved-requests.ts';
import { FAILURE_REFUSED, failureOf } from '../../../../src/proxy/backend/failure.ts';
import { type MovedPool, RequestMoves } from '../../../../src/proxy/pool/slots/request-moves.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';
import { NO_SERIES } from '../../../../src/stats/latency.ts';
import { assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import { TestClient } from '../../../support/test-client.ts';
import { testEngine } from '../../../support/test-engine.ts';

const engine = testEngine();
const LOST = '-ERR lost\r\n';
const SENT_ON = '-ERR sent on\r\n';
const LANE = { index: 0, db: 0, resp: 2, tracking: false, login: null } as const;

/** Requests whose bytes say what becomes of them. */
function requestOf(client: TestClient, text: string): SavedRequest {
  const series = NO_SERIES;
  const { arrived, slot } = { arrived: engine.micros, slot: client.claims.begin() };
  const entry = { clientId: client.id, slot, target: null, time: 0, arrived, series };
  return { entry: { ...entry, bytes: 1, offset: 0, head: null }, bytes: Buffer.from(text) };
}

function bench() {
  const sent: string[] = [];
  /** The servers that they were sent to. */
  const at: number[] = [];
  const adoptAt =
    (index: number) =>
    (requests: readonly SavedRequest[]): void => {
      for (const { bytes } of requests) sent.push(bytes.toString());
      at.push(...requests.map(() => index));
    };
  const serverAt = (index: number) => ({
    index,
    lastFailure: failureOf(FAILURE_REFUSED),
    connectionFor: () => ({ adopt: adoptAt(index) }),
  });
  const servers = [0, 1, 2].map(serverAt);
  const pool = {
    engine,
    config: { name: 'main', failoverWaitMs: 60_000 },
    protocol: {
      repeatable: () => 1,
      failure: () => Buffer.from(LOST),
      slots: {
        failure: () => Buffer.from(SENT_ON),
        requestSlot(bytes: Buffer): number {
          if (bytes.toString() === 'bad') throw new Error('thrown on purpose');
          return bytes.toString() === 'keyless' ? -1 : 0;
        },
      },
    },
    servers,
    placeholderServer: () => 1,
    lanes: { again: () => 0 },
    counters: poolCounters(),
    onHint() {},
    onHeld() {},
  };
  const slots = {
    serverOf: () => 0,
    moveSlot(): never {
      throw new Error('thrown on purpose');
    },
  };
  return {
    sent,
    at,
    servers,
    moves: new RequestMoves(pool as unknown as MovedPool, slots as never),
  };
}

describe('requests of a cluster that are sent where they belong', () => {
  test('an exception with one of them: it has an error, the others are sent', () => {
    const fresh = holdingsOf(engine);
    const clients = [1, 2, 3].map(() => new TestClient(engine));
    const { sent, moves } = bench();
    const texts = ['one', 'bad', 'two'];
    moves.heir(LANE).adopt(clients.map((client, i) => requestOf(client, texts[i])));
    assert.deepEqual(sent, ['one', 'two']);
    assert.deepEqual(
      clients.map((client) => client.received()),
      ['', LOST, ''],
    );
    for (const client of [clients[0], clients[2]]) client.takeReply(0, Buffer.alloc(0));
    for (const client of clients) client.close();
    assertAtRest(engine, fresh, [], clients);
  });

  test('one without a key goes to any server, or stays with that which it was asked of', () => {
    const fresh = holdingsOf(engine);
    const clients = [1, 2, 3].map(() => new TestClient(engine));
    const { at, moves, servers } = bench();
    const [any, ofOne, ofGone] = clients.map((client) => requestOf(client, 'keyless'));
    const asked = ({ entry, bytes }: SavedRequest): SavedRequest => {
      const target = { claim: null, distrusts: false, awaitsMore: () => false };
      return { entry: { ...entry, target: { ...target, onReply() {}, onFailure() {} } }, bytes };
    };
    const from = servers[2] as never;
    moves.heir(LANE, from).adopt([any, asked(ofOne)]);
    assert.deepEqual(at, [1, 2]);
    servers[2].index = -1;
    moves.heir(LANE, from).adopt([asked(ofGone), any]);
    assert.deepEqual(at, [1, 2, 1]);
    for (const client of clients) client.claims.settle();
    for (const client of clients) client.close();
    assertAtRest(engine, fresh, [], clients);
  });

  test('an exception while a redirection is followed: its client is told of the slot', () => {
    const client = new TestClient(engine);
    const { moves } = bench();
    const from = { owner: { name: 'a', config: { host: 'h' } }, lane: LANE };
    const redirection = { kind: SLOT_MOVED, slot: 0, host: 'h', port: 1 };
    const said = moves.redirect(from as never, requestOf(client, 'one'), redirection as never);
    assert.equal(said?.toString(), SENT_ON);
    client.claims.settle();
    client.close();
  });
});
