import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientWindow, type WindowClient } from '../../../src/proxy/client/client-window.ts';

const MB = 1 << 20;

/** A client of which a test says what it got, and how much of that its kernel has taken. */
class Reader {
  readonly window: ClientWindow;
  readonly pipeline = {
    head: 0,
    undeliveredBytes: 0,
    out: { blocked: false, totalBytes: 0 },
  };
  readonly pool = { config: { clientOutputLimit: 32 * MB, maxPipeline: 8192 } };

  constructor(most = 8192) {
    this.pool.config.maxPipeline = most;
    this.window = new ClientWindow(most);
  }

  gets(replies: number, bytes: number): number {
    this.pipeline.head = (this.pipeline.head + replies) | 0;
    this.pipeline.out.totalBytes = (this.pipeline.out.totalBytes + replies * bytes) | 0;
    return this.adjust();
  }

  adjust(): number {
    this.window.adjust(this as unknown as WindowClient);
    return this.window.size;
  }
}

describe('the window of a client', () => {
  test('begins with 128 requests', () => {
    const reader = new Reader();
    assert.equal(reader.window.size, 128);
    assert.equal(reader.gets(1, 100), 128);
  });

  test('is bounded by max_pipeline alone where replies are small', () => {
    const reader = new Reader(1000);
    const sizes = [128, 256, 512, 1000, 1000];
    reader.gets(1, 100);
    assert.deepEqual(sizes.map(() => reader.gets(reader.window.size, 100)).slice(-1), [1000]);
  });

  test('holds 1 MiB of expected replies at first, and doubles up to half of the limit', () => {
    const reader = new Reader();
    assert.equal(reader.gets(1, 32 * 1024), 32);
    assert.equal(reader.gets(32, 32 * 1024), 64);
    for (let i = 0; i < 8; i++) reader.gets(reader.window.size, 32 * 1024);
    assert.equal(reader.window.size, 512);
  });

  test('leaves room for some requests of any size, if half of the limit has it', () => {
    assert.equal(new Reader().gets(1, MB), 16);
    assert.equal(new Reader().gets(1, 4 * MB), 4);
    assert.equal(new Reader().gets(1, 100 * MB), 1);
  });

  test('closes when the client takes nothing: what waits and what is to come is half the limit', () => {
    const reader = new Reader();
    reader.gets(4, MB);
    reader.pipeline.out.blocked = true;
    reader.pipeline.undeliveredBytes = 4 * MB;
    assert.equal(reader.adjust(), 12);
    reader.pipeline.undeliveredBytes = 16 * MB;
    assert.equal(reader.adjust(), 0);
    reader.pipeline.out.blocked = false;
    reader.pipeline.undeliveredBytes = 0;
    assert.ok(reader.adjust() > 0);
  });

  test('forgets one large reply among small ones', () => {
    const reader = new Reader();
    reader.gets(10, 100);
    assert.ok(reader.gets(1, MB) < 128);
    for (let i = 0; i < 100; i++) reader.gets(1, 100);
    assert.ok(reader.window.size >= 128);
  });

  test('goes on when the count of bytes or replies begins again', () => {
    const reader = new Reader();
    reader.gets(1, MB);
    for (let i = 0; i < 5000; i++) assert.equal(reader.gets(1, MB) >= 1, true);
    reader.pipeline.head = 0x7fffffff;
    reader.gets(1, MB);
    assert.ok(reader.gets(3, 100) >= 1);
  });
});
