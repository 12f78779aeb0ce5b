import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_TEXT } from '../../../src/limits.ts';
import { sdkMessage } from '../../../src/run/telemetry/sdk-message.ts';

test('of an error that the SDK tells as JSON the message is logged', () => {
  const told = JSON.stringify({ stack: 'Error: at ...', message: 'refused by "a"', code: '503' });
  assert.equal(sdkMessage(told), 'refused by "a"');
  assert.equal(sdkMessage('{"code":1}'), '{"code":1}');
  assert.equal(sdkMessage('plain words'), 'plain words');
});

test('whatever a collector has answered is one short line, and throws nothing', () => {
  const answers = ['{"message":"a\nb"}', '{"message":"\\x"}', '{"message":"'.repeat(100_000)];
  for (const answer of answers) {
    const line = sdkMessage(answer);
    assert.ok(line.length <= REASON_TEXT);
    assert.doesNotMatch(line, /\p{Cc}/u);
  }
});
