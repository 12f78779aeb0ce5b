import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KeyReader, NotedKeys } from '../../../../src/proxy/redis/tracking/noted-keys.ts';
import { poolCounters, TRACKED_KEYS_NOTED } from '../../../../src/stats/counters.ts';

class Reader implements KeyReader {
  readonly keys: Map<string, number> = new Map();
  settled = 0;
  forgotten = 0;

  isSettled(slot: number): boolean {
    return this.settled >= slot;
  }

  onForgotten(): void {
    this.forgotten++;
  }
}

describe('keys that clients have read', () => {
  test('are told to all who have read them, once', () => {
    const notes = new NotedKeys(poolCounters());
    const [a, b] = [new Reader(), new Reader()];
    notes.add(a, 'k', 0);
    notes.add(b, 'k', 0);
    assert.deepEqual(notes.changed('k'), [a, b]);
    assert.deepEqual(notes.changed('k'), []);
    assert.deepEqual([a.forgotten, b.forgotten, notes.size], [1, 1, 0]);
  });

  test('stay noted for a client that may be reading them still', () => {
    const notes = new NotedKeys(poolCounters());
    const [a, b] = [new Reader(), new Reader()];
    notes.add(a, 'k', 0);
    // Its request is under way: it may be executed behind the change of which the others are told.
    notes.add(b, 'k', 1);
    assert.deepEqual(notes.changed('k'), [a, b]);
    assert.deepEqual(notes.changed('k'), [b]);
    b.settled = 1;
    assert.deepEqual(notes.changed('k'), [b]);
    assert.deepEqual(notes.changed('k'), []);
  });

  test('are as new when they are read again', () => {
    const notes = new NotedKeys(poolCounters());
    const reader = new Reader();
    notes.add(reader, 'k', 0);
    notes.add(reader, 'k', 5);
    assert.deepEqual(notes.changed('k'), [reader]);
    assert.equal(reader.keys.get('k'), 5);
  });

  test('are given up, the oldest first, when there are too many', () => {
    const counters = poolCounters();
    const notes = new NotedKeys(counters, 2);
    const [a, b] = [new Reader(), new Reader()];
    notes.add(a, 'one', 0);
    notes.add(b, 'one', 0);
    assert.equal(notes.add(a, 'two', 0), null);
    const given = notes.add(a, 'three', 0);
    assert.equal(given?.[0], 'one');
    assert.equal(a.forgotten + b.forgotten, 2);
    assert.deepEqual([notes.size, counters[TRACKED_KEYS_NOTED]], [2, 2]);
    notes.forget(a);
    assert.deepEqual([notes.size, counters[TRACKED_KEYS_NOTED], a.keys.size], [0, 0, 0]);
  });
});
