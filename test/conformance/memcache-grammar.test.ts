import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  FLAG_BAD,
  FLAG_BASE64_KEY,
  FLAG_NO_REPLY,
  FLAG_SPECIAL,
  MC_VERSION,
  NO_COMMAND,
  SCAN_COMPLETE,
} from '../../src/protocol/frame-table.ts';
import { allCodecs } from '../support/codec-all.ts';
import { replay } from '../support/codec-replay.ts';

const file = new URL('../../../test/golden/memcache-grammar.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: [string, string][] };
const VERSION = Buffer.from('version\r\n');

/** Off the fast path: a control character in a key. */
const UNUSUAL = 'get a\tb\r\n';

for (const { label, codec } of allCodecs()) {
  test(`${label}: what nutcracker forwards is one good frame`, () => {
    const accepted = cases.filter(([, result]) => result === 'accepted');
    assert.ok(accepted.length > 30);
    for (const [request] of accepted) {
      const input = Buffer.from(request, 'base64');
      const text = input.toString('latin1');
      const outcome = replay(codec, 'memcache requests', [input, VERSION]);
      assert.equal(outcome.status, SCAN_COMPLETE, text);
      assert.equal(outcome.frames.length, 2, text);
      const [{ info, end }] = outcome.frames;
      assert.equal(end, input.length, text);
      assert.notEqual(info & 0xffff, NO_COMMAND, text);
      assert.equal(info & FLAG_BAD, 0, text);
      const isPlain = (info & (FLAG_SPECIAL | FLAG_NO_REPLY | FLAG_BASE64_KEY)) === 0;
      const isMulti = /^ *gets? .*\S +\S/.test(text);
      const isVersion = (info & 0xffff) === MC_VERSION;
      const isSpecial = isMulti || isVersion || text.includes('noreply') || text === UNUSUAL;
      assert.equal(isPlain, !isSpecial, text);
    }
  });

  test(`${label}: the connection goes on after every line on which nutcracker closes`, () => {
    for (const [request, result] of cases) {
      const input = Buffer.from(request, 'base64');
      if (result !== 'closed' || input[0] === 0x80) continue;
      const { frames, status } = replay(codec, 'memcache requests', [input, VERSION]);
      assert.equal(status, SCAN_COMPLETE, input.toString('latin1'));
      const last = frames[frames.length - 1];
      assert.equal(last.info & 0xffff, MC_VERSION, input.toString('latin1'));
    }
  });
}
