import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { explain } from '../../src/commands/explain.ts';
import { poolFile } from '../support/ringway.ts';

test('explain --live asks a running proxy everything once', async (t) => {
  const asked: string[] = [];
  const server = { name: 'a', address: '127.0.0.1:2', live: false, holding: false, replicas: [] };
  const pool = { name: 'pool1', slots: null, summary: { ejected: 1 }, servers: [server] };
  const http = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.end(JSON.stringify({ pools: [pool] }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => http.close());
  const servers = ['127.0.0.1:1:1 a', '127.0.0.1:3:1 b'];
  const { text } = await poolFile([{ servers, sentinels: ['127.0.0.1:4'] }]);
  const folder = mkdtempSync(join(tmpdir(), 'ringway-explain-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ringway.yml');
  writeFileSync(file, text);
  let said = '';
  const out = { write: (text: string) => (said += text) };
  const { port } = http.address() as AddressInfo;
  const source = `--http-addr=127.0.0.1:${port}`;
  assert.equal(await explain(['key', '-c', file, '--live', source], out, out), 0, said);
  assert.match(said, /ejected now +a/);
  assert.equal(asked.length, 2);
  assert.equal(new Set(asked).size, 2, asked.join(' '));
});
