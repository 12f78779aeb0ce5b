import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keySlot } from '../../src/distribution/slots.ts';
import {
  FRAGMENT_BYTES,
  FRAGMENT_DEST,
  FRAGMENT_KEYS,
  FRAGMENT_LENGTH,
  FRAGMENT_SERVER,
  FRAGMENTS,
  PLACE_ORDER,
  PLACE_TABLES,
  POOL_RING_COUNT,
  SERVER_BITS,
} from '../../src/protocol/frame-table.ts';
import {
  allCodecs,
  TEST_BASE,
  TEST_POOL,
  TEST_POOL_SLOTS,
  TEST_POOL_TAG,
} from '../support/codec-all.ts';

const codecs = allCodecs();
const DEST = TEST_BASE + 0x100000;

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const request = (words: readonly string[]) => `*${words.length}\r\n${words.map(bulk).join('')}`;
const slotOf = (key: string) => keySlot(Buffer.from(key, 'latin1'), 0, key.length);
const texts = fc.oneof(
  fc.string({ maxLength: 12 }).map((text) => Buffer.from(text).toString('latin1')),
  fc.string({ minLength: 90, maxLength: 120, unit: 'binary-ascii' }),
  fc.constantFrom('{tag}a', '', 'same', '\r\n'),
);

test('fragment and copyFragments: every codec cuts a request by server, or by slot', () => {
  const property = fc.property(
    fc.constantFrom('MGET', 'mset', 'Del'),
    fc.array(fc.tuple(texts, texts), { minLength: 1, maxLength: 60 }),
    fc.constantFrom(TEST_POOL, TEST_POOL_TAG, TEST_POOL_SLOTS),
    fc.nat(0xff),
    (name, pairs, pool, left) => {
      const step = name === 'mset' ? 2 : 1;
      const groups = pairs.map(([key, value]) => (step === 2 ? [key, value] : [key]));
      const input = Buffer.from(request([name, ...groups.flat()]), 'latin1');
      for (const { label, codec } of codecs) {
        const { words, bytes, node } = codec.arena;
        bytes.set(input, TEST_BASE);
        const servers = groups.map(([key]) => {
          bytes.set(Buffer.from(key, 'latin1'), DEST);
          return codec.route(DEST, key.length, pool);
        });
        const parts = pool !== TEST_POOL_SLOTS ? servers : groups.map(([key]) => slotOf(key));
        const expected = [...new Set(parts)].sort((a, b) => a - b);
        const end = TEST_BASE + input.length;
        assert.equal(codec.fragment(TEST_BASE, end, pool, 1, step), expected.length, label);
        const order = servers.map((_, i) => node.readUInt16LE(PLACE_ORDER + i * 2));
        assert.deepEqual(
          order.map((number) => expected[number]),
          parts,
        );
        const wanted = expected.map((part) => {
          const own = groups.filter((_, i) => parts[i] === part);
          const server = servers[parts.indexOf(part)];
          return { own, server, text: request([name.toLowerCase(), ...own.flat()]) };
        });
        const at = (i: number) => (FRAGMENTS + i * FRAGMENT_BYTES) / 4;
        let dest = DEST;
        for (const [i, { own, server, text }] of wanted.entries()) {
          assert.equal(words[at(i) + FRAGMENT_SERVER / 4], server, label);
          assert.equal(words[at(i) + FRAGMENT_KEYS / 4], own.length, label);
          assert.equal(words[at(i) + FRAGMENT_LENGTH / 4], text.length, label);
          assert.equal(words[at(i) + FRAGMENT_DEST / 4], 0, label);
          if ((left >>> i) & 1) continue;
          words[at(i) + FRAGMENT_DEST / 4] = dest;
          dest += text.length;
        }
        codec.copyFragments(TEST_BASE, end, step, expected.length);
        dest = DEST;
        for (const [i, { text }] of wanted.entries()) {
          const behind = words[at(i) + FRAGMENT_DEST / 4];
          if ((left >>> i) & 1) {
            assert.equal(behind, 0, label);
            continue;
          }
          assert.equal(node.toString('latin1', dest, behind), text, label);
          dest = behind;
        }
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('fragment: a request that is not cut leaves nothing behind', () => {
  const good = request(['MGET', ...Array.from({ length: 6 }, (_, i) => `key ${i} of many`)]);
  const long = request(['MGET', 'a', 'b', 'x'.repeat(32769), 'c']);
  const short = good.replace('*7', '*8');
  for (const { label, codec } of codecs) {
    const { words, bytes } = codec.arena;
    const cut = (text: string): number => {
      bytes.set(Buffer.from(text, 'latin1'), TEST_BASE);
      return codec.fragment(TEST_BASE, TEST_BASE + text.length, TEST_POOL, 1, 1);
    };
    const usual = cut(good);
    assert.ok(usual > 1, label);
    assert.equal(cut(long), -2, label);
    assert.equal(cut(short), 0, label);
    const live = words[TEST_POOL / 4 + POOL_RING_COUNT];
    words[TEST_POOL / 4 + POOL_RING_COUNT] = 0;
    assert.equal(cut(good), -1, label);
    words[TEST_POOL / 4 + POOL_RING_COUNT] = live;
    const owner = words[(TEST_POOL_SLOTS + 64) / 4];
    words.fill(0xffffffff, (TEST_POOL_SLOTS + 64) / 4, (TEST_POOL_SLOTS + 64) / 4 + 8192);
    bytes.set(Buffer.from(good, 'latin1'), TEST_BASE);
    assert.equal(codec.fragment(TEST_BASE, TEST_BASE + good.length, TEST_POOL_SLOTS, 1, 1), -1);
    assert.notEqual(owner, 0xffffffff);
    for (let i = 0; i < 512; i++) assert.equal(words[SERVER_BITS / 4 + i], 0, label);
    assert.equal(cut(good), usual, label);
  }
});

test('spliceElements: every codec joins arrays in the order of the keys', () => {
  const element = fc.oneof(
    texts.map(bulk),
    fc.constantFrom('$-1\r\n', ':12\r\n', '+OK\r\n', '*2\r\n$1\r\na\r\n*0\r\n', '_\r\n'),
    fc.constantFrom('|1\r\n+a\r\n:1\r\n$2\r\nab\r\n', `${bulk('v'.repeat(70_000))}`),
  );
  const property = fc.property(
    fc.array(fc.tuple(element, fc.nat(4)), { maxLength: 40 }),
    fc.nat(1),
    (list, odd) => {
      const parts = Array.from({ length: 5 }, (_, number) =>
        list.filter(([, own]) => own === number).map(([text]) => text),
      );
      for (const { label, codec } of codecs) {
        const { words, bytes, node } = codec.arena;
        let at = TEST_BASE;
        for (const [i, own] of parts.entries()) {
          words[PLACE_TABLES / 4 + i * 2] = at;
          at += node.write(own.join(''), at, 'latin1');
          words[PLACE_TABLES / 4 + i * 2 + 1] = at;
        }
        const order = at + odd;
        for (const [i, [, own]] of list.entries()) node.writeUInt16LE(own, order + i * 2);
        const dest = order + list.length * 2 + 3;
        bytes.fill(0, dest, dest + 8);
        const end = codec.spliceElements(order, list.length, dest);
        const whole = list.map(([text]) => text).join('');
        assert.equal(node.toString('latin1', dest, end), whole, label);
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});
