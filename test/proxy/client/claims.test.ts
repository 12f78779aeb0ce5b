import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ASSERTS } from '../../../src/assert.ts';
import type { Claim } from '../../../src/proxy/client/claims.ts';
import { HeapReply, type StoredReply } from '../../../src/proxy/client/stored-reply.ts';
import type { ReplyStream } from '../../../src/proxy/engine/receiver.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { TestClient } from '../../support/test-client.ts';
import { testEngine } from '../../support/test-engine.ts';

const engine = testEngine();

describe('claims', () => {
  test('assertions are on in tests', () => assert.ok(ASSERTS));

  test('a reply goes to the slot that was claimed, and the client is told', () => {
    const client = new TestClient(engine);
    const first = client.claims.claim();
    const second = client.claims.claim();
    second.deliver(Buffer.from('second'));
    assert.equal(client.out.pendingBytes, 0, 'it waits for the first');
    first.deliver(Buffer.from('first'));
    assert.equal(client.out.pendingBytes, 11);
    assert.equal(client.answered, 2);
    assert.equal(client.claims.open, 0);
    client.close();
  });

  test('a claim says for whom it is', () => {
    const client = new TestClient(engine);
    const claim = client.claims.claim();
    assert.deepEqual(
      [claim.clientId, claim.clientAddress, claim.clientName],
      [client.id, '127.0.0.1:1', 'bob'],
    );
    claim.forget();
    client.close();
  });

  test('a muted claim holds its place, and its reply goes nowhere', () => {
    const client = new TestClient(engine);
    client.muted = true;
    const claim = client.claims.claim();
    client.muted = false;
    assert.ok(claim.unheard);
    assert.equal(client.pipeline.outstanding, 1, 'it holds its place');
    claim.deliver(Buffer.from('nobody hears this'));
    assert.equal(client.pipeline.outstanding, 0);
    assert.equal(client.out.pendingBytes, 0);
    assert.equal(client.claims.open, 0);
    client.close();
  });

  test('one that is settled is used again, for another client', () => {
    const [before, client] = [new TestClient(engine), new TestClient(engine)];
    const claim = before.claims.claim();
    assert.throws(() => client.claims.claimWith(claim), /settled/);
    client.claims.forfeit();
    const other = new TestClient(engine);
    claim.deliver(Buffer.from('first'));
    claim.clear();
    before.close();
    other.muted = true;
    other.claims.claimWith(claim);
    assert.deepEqual([claim.clientId, claim.unheard, claim.closed], [other.id, true, false]);
    claim.deliver(Buffer.from('nobody hears this'));
    other.muted = false;
    other.claims.claimWith(claim);
    assert.deepEqual([claim.unheard, other.claims.open], [false, 1]);
    claim.deliver(Buffer.from('second'));
    assert.equal(other.out.pendingBytes, 6);
    assert.deepEqual([other.claims.open, other.unclaimed], [0, 0]);
    client.close();
    other.close();
  });

  test('the id of a client that has gone is free when its last claim is settled', () => {
    const client = new TestClient(engine);
    const claim = client.claims.claim();
    const slot = client.claims.begin();
    assert.equal(slot, 1);
    client.close();
    assert.equal(client.unclaimed, 0);
    client.claims.settle();
    assert.equal(client.unclaimed, 0);
    claim.deliver(Buffer.from('too late'));
    assert.equal(client.unclaimed, 1);
  });

  test('an object for a client that has gone is dropped', () => {
    const client = new TestClient(engine);
    const claim = client.claims.claim();
    client.close();
    let dropped = 0;
    const reply: StoredReply = { writeTo: () => true, drop: () => void dropped++ };
    claim.store(reply);
    assert.equal(dropped, 1);
    assert.equal(client.unclaimed, 1);
  });

  test('what a client must hear it hears though it is muted, and what only holds back is no reply', () => {
    const client = new TestClient(engine);
    client.muted = true;
    const held = client.claims.hold();
    const heard = client.claims.heard();
    client.muted = false;
    assert.deepEqual([held.unheard, heard.unheard], [true, false]);
    heard.deliver(Buffer.from('heard'));
    assert.equal(client.received(), '', 'it is held back');
    held.forget();
    assert.equal(client.received(), 'heard');
    client.close();
    assert.equal(client.unclaimed, 1);
  });

  test('after an exception nothing is counted: the guard frees the id', () => {
    const client = new TestClient(engine);
    const claim = client.claims.claim();
    client.claims.begin();
    client.claims.forfeit();
    client.close();
    client.claims.settle();
    claim.deliver(Buffer.from('nobody hears this'));
    claim.forget();
    assert.equal(client.unclaimed, 0);
    engine.removeClient(client.id);
  });

  test('settling twice is a broken rule', () => {
    const client = new TestClient(engine);
    const claim = client.claims.claim();
    claim.forget();
    assert.throws(() => claim.deliver(Buffer.from('x')), /a claim is settled once/);
    assert.throws(() => client.claims.settle(), /nothing is settled twice/);
    client.close();
  });
});

type Step = { readonly kind: number; readonly pick: number; readonly size: number };

const steps = fc.array(
  fc.record({
    kind: fc.nat({ max: 6 }),
    pick: fc.nat({ max: 99 }),
    size: fc.constantFrom(0, 1, 100, 5000, 20_000),
  }),
  { maxLength: 80 },
);

/** What one claim's reply will be, and whether it is whole. */
interface Expected {
  readonly muted: boolean;
  text: string;
  done: boolean;
}

/** Runs a program of claims against a model that only knows texts in order. */
function run(program: readonly Step[], closesAt: number): void {
  const fresh = holdingsOf(engine);
  const client = new TestClient(engine);
  const open: { claim: Claim; expected: Expected; stream: ReplyStream | null }[] = [];
  const inOrder: Expected[] = [];
  let number = 0;
  program.forEach(({ kind, pick, size }, i) => {
    if (i === closesAt) client.close();
    if (kind <= 2 && !client.closed) {
      client.muted = kind === 2;
      const expected: Expected = { muted: client.muted, text: '', done: false };
      const claim = client.claims.claim();
      client.muted = false;
      inOrder.push(expected);
      open.push({ claim, expected, stream: null });
      return;
    }
    const at = open.length === 0 ? -1 : pick % open.length;
    if (at < 0) return;
    const entry = open[at];
    const text = `<${++number}:${'x'.repeat(size)}>`;
    const last = kind !== 5;
    if (kind === 5 || entry.stream !== null) {
      entry.stream ??= entry.claim.openStream();
      const length = engine.memory.write(text, engine.placeAssembled(Buffer.alloc(0)), 'latin1');
      entry.stream?.push(engine.placeAssembled(Buffer.alloc(0)), length, last);
      entry.expected.text += text;
      if (last) entry.claim.forget();
    } else if (kind === 6) {
      const reply = Buffer.from(text);
      client.pipeline.hold(reply.length);
      entry.claim.store(new HeapReply(reply));
      entry.expected.text = text;
    } else {
      entry.claim.deliver(Buffer.from(text));
      entry.expected.text = text;
    }
    if (!last) return;
    entry.expected.done = true;
    open.splice(at, 1);
  });
  if (!client.closed) {
    let bytes = 0;
    for (const { done, text, muted } of inOrder) {
      if (!muted) bytes += text.length;
      if (!done) break;
    }
    // What is whole up to the first that is not has been queued, and of that one what came so far.
    assert.equal(client.out.pendingBytes, bytes);
    assert.equal(client.claims.open, open.length);
  }
  for (const { claim } of open) claim.forget();
  assert.equal(client.claims.open, 0);
  if (!client.closed) client.close();
  assert.equal(client.unclaimed, 1);
  assertAtRest(engine, fresh, [], [client]);
}

test('random programs of claims: replies in order, everything given back', () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 100 }), (program, closesAt) => run(program, closesAt)),
    { numRuns: 400, seed: 4 },
  );
});
