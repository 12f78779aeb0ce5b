import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { inFrontOf } from '../../src/index.ts';
import { startRedisSet } from '../support/real-servers.ts';

// docs/clients.md: what it shows of keys that belong together, on the servers that it names.

const SAMPLE = 'docs/examples/transaction.mjs';

test('the page shows the sample as it stands, and what it prints', async () => {
  const page = readFileSync('docs/clients.md', 'utf8');
  assert.ok(page.includes(`\`\`\`js\n${readFileSync(SAMPLE, 'utf8')}\`\`\``));
  const redis = await startRedisSet(2);
  const [ada, grace] = redis.map(({ port }) => `127.0.0.1:${port}:1`);
  const pool = { hash: 'murmur', hash_tag: '{}' } as const;
  const ringway = await inFrontOf([`${ada} ada`, `${grace} grace`], pool);
  try {
    const run = promisify(execFile)(process.execPath, [SAMPLE, String(ringway.port)]);
    const [refused, done] = (await run).stdout.split('\n');
    const shown = page.split('\n').find((line) => line.startsWith('`CROSSSERVER keys')) as string;
    const [text, result] = [...shown.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
    assert.ok(refused.startsWith(text.replace('(…)', '(grace)').replace('(…)', '(ada)')), refused);
    assert.equal(done, result);
  } finally {
    await ringway.stop();
    await Promise.all(redis.map((server) => server.stop()));
  }
});
