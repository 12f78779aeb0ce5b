import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REQUEST_HEAD_BYTES } from '../../../src/limits.ts';
import {
  InFlight,
  type InFlightEntry,
  type ReplyTarget,
  SWALLOWED,
} from '../../../src/proxy/backend/in-flight.ts';

function target(clientId: number | null, isNext: boolean = false): ReplyTarget {
  const claim =
    clientId === null
      ? null
      : {
          clientId,
          slot: 0,
          isNext,
          clientAddress: '',
          clientName: '',
          unsentBytes: 0,
          onKept() {},
          onException() {},
        };
  return { claim, distrusts: false, awaitsMore: () => false, onReply() {}, onFailure() {} };
}

interface Entry {
  readonly client: number;
  readonly slot: number;
  readonly target: ReplyTarget | null;
  readonly head: string;
  readonly bytes: number;
}

type Step =
  | { readonly kind: 'plain'; readonly client: number; readonly head: string }
  | { readonly kind: 'target'; client: number | null; isNext: boolean; readonly head: string }
  | { readonly kind: 'disown'; readonly client: number; readonly slot: number }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'shift' };

const head = fc.string({ maxLength: 200 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('plain' as const), client: fc.nat({ max: 3 }), head }),
  fc.record({
    kind: fc.constant('target' as const),
    client: fc.option(fc.nat({ max: 3 })),
    isNext: fc.boolean(),
    head,
  }),
  fc.record({
    kind: fc.constant('disown' as const),
    client: fc.nat({ max: 3 }),
    slot: fc.nat({ max: 5 }),
  }),
  fc.record({ kind: fc.constant('elsewhere' as const) }),
  fc.record({ kind: fc.constant('shift' as const) }),
);

function ownerOf({ client, target: of }: Entry): number | undefined {
  return client >= 0 ? client : of?.claim?.clientId;
}

/** latin1. */
function keptOf({ head }: Entry): string {
  return Buffer.from(head).subarray(0, REQUEST_HEAD_BYTES).toString('latin1');
}

function compareEntries(entries: readonly InFlightEntry[], model: readonly Entry[]): void {
  assert.equal(entries.length, model.length);
  entries.forEach((entry, i) => {
    const { client, target: of, bytes } = model[i];
    assert.equal(entry.clientId, client);
    assert.equal(entry.target, of);
    assert.equal(entry.bytes, bytes);
    // The client has the request itself, unless this is a part of it.
    assert.equal(entry.head?.toString('latin1'), of === null ? undefined : keptOf(model[i]));
  });
}

/** @param from what is noted of, counted from the oldest */
function compareNewest(ring: InFlight, model: readonly Entry[], from: number): void {
  const left = ring.pushed - model.length;
  const expected = new Map<number, number>();
  model.slice(from).forEach((entry, i) => {
    const owner = ownerOf(entry);
    if (owner !== undefined) expected.set(owner, left + from + i + 1);
  });
  const newest = new Map<number, number>();
  ring.noteNewest(newest, left + from);
  assert.deepEqual(newest, expected);
}

/** What is said of them all. */
function compareNames(ring: InFlight, model: readonly Entry[]): void {
  const named = new Set<number>();
  ring.collectClients(named);
  const plain = model.filter(({ client }) => client >= 0).map(({ client }) => client);
  assert.deepEqual(named, new Set(plain));
  const owners = model.map(ownerOf).filter((owner) => owner !== undefined);
  assert.deepEqual(ring.waitingClients(), new Set(owners));
  compareNewest(ring, model, 0);
  compareNewest(ring, model, model.length >> 1);
  const half = model.slice(model.length >> 1);
  const bytes = half.reduce((sum, entry) => sum + entry.bytes, 0);
  // Those without a byte beside them belong to no sum.
  assert.ok(ring.newestOf(bytes) >= half.length);
}

function compare(ring: InFlight, model: readonly Entry[]): void {
  compareNames(ring, model);
  assert.equal(ring.count, model.length);
  assert.equal(
    ring.bytes,
    model.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const [first] = model;
  for (let client = 0; client < 4; client++) {
    assert.equal(
      ring.hasOther(client),
      model.some((entry) => entry.target !== SWALLOWED && ownerOf(entry) !== client),
    );
    const own = model.filter((entry) => ownerOf(entry) === client);
    const isPartOfNext = own.some(({ target: of }) => of?.claim?.isNext);
    for (const slot of [0, 5]) {
      const isPlain = own.some((entry) => entry.client === client && entry.slot === slot);
      assert.equal(ring.owes(client, slot), isPartOfNext || isPlain);
    }
  }
  if (first === undefined) return;
  assert.equal(ring.headClient, first.client);
  assert.equal(ring.headBytes.toString('latin1'), keptOf(first));
  if (first.target === null) assert.equal(ring.headSlot, first.slot);
  else assert.equal(ring.headTarget, first.target);
}

describe('requests in flight', () => {
  test('any program of sends and replies: oldest first, each with its own', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (program) => {
        const ring = new InFlight(true);
        const model: Entry[] = [];
        program.forEach((each, i) => {
          if (each.kind === 'shift') {
            if (model.length === 0) return;
            model.shift();
            ring.shift();
          } else if (each.kind === 'elsewhere') {
            // As a connection does with the requests of another one.
            const entries = ring.takeAll();
            assert.equal(ring.count, 0);
            compareEntries(entries, model);
            entries.forEach((entry, at) => {
              ring.putBack(entry);
              const bytes = Buffer.from(model[at].head);
              ring.keepHead(bytes, 0, bytes.length);
            });
          } else if (each.kind === 'disown') {
            const { client, slot } = each;
            const theirs = (entry: Entry) => entry.client === client && entry.slot >= slot;
            assert.equal(ring.disown(client, slot), model.filter(theirs).length);
            model.forEach((entry, at) => {
              if (theirs(entry)) model[at] = { ...entry, client: -1, target: SWALLOWED };
            });
          } else {
            const bytes = Buffer.from(each.head);
            const to = each.kind === 'target' ? target(each.client, each.isNext) : null;
            if (each.kind === 'plain') ring.push(each.client, i % 6, 1, 2, -1, bytes.length);
            else ring.pushTarget(to as ReplyTarget, 1, 2, -1, bytes.length);
            ring.keepHead(bytes, 0, bytes.length);
            model.push({
              client: each.kind === 'plain' ? each.client : -1,
              slot: i % 6,
              target: to,
              head: each.head,
              bytes: bytes.length,
            });
          }
          compare(ring, model);
        });
      }),
      { numRuns: 300, seed: 8 },
    );
  });

  test('times of writing belong to the newest', () => {
    const ring = new InFlight(false);
    for (let i = 0; i < 40; i++) ring.push(1, i, 1, 10, 0, 5);
    ring.markWritten(39, 77);
    assert.notEqual(ring.headWritten, 77);
    ring.shift();
    assert.equal(ring.headWritten, 77);
  });

  test('without a slow log nothing of a request is kept', () => {
    const ring = new InFlight(false);
    ring.push(1, 0, 1, 1, 0, 5);
    ring.keepHead(Buffer.from('hello'), 0, 5);
    assert.equal(ring.headBytes.length, 0);
  });
});

test('a reply more than there are requests is a broken rule', () => {
  const ring = new InFlight(false);
  ring.push(1, 0, 1, 1, 0, 5);
  ring.shiftPlain();
  assert.throws(() => ring.shift(), /no more replies than requests in flight/);
  assert.throws(() => ring.shiftPlain(), /no more replies than requests in flight/);
  assert.equal(ring.count, 0);
});
