import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIBLINGS_BYTES } from '../../../src/limits.ts';
import { BoundedSiblings } from '../../../src/proxy/engine/siblings.ts';

test('what waits for siblings that are silent is bounded; what is answered makes room again', async () => {
  const answers: ((all: readonly object[]) => void)[] = [];
  const siblings = new BoundedSiblings(() => new Promise((resolve) => answers.push(resolve)));
  const question = { names: 'n'.repeat(SIBLINGS_BYTES / 4) };
  const asked = [1, 2, 3].map(() => siblings.ask(question));
  await assert.rejects(siblings.ask(question), /silent/);
  assert.equal(answers.length, 3);
  answers[0]([{ a: 1 }]);
  assert.deepEqual(await asked[0], [{ a: 1 }]);
  const again = siblings.ask(question);
  assert.equal(answers.length, 4);
  for (const answer of answers) answer([]);
  assert.deepEqual(await again, []);
});
