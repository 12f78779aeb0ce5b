import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { start } from '../../src/index.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { delay, waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;

let redis: RealServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test('over the memory limit the client that holds most is closed, others are served', async () => {
  const port = await freePort();
  const text = `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n   - 127.0.0.1:${redis.port}:1\n`;
  const lines: string[] = [];
  const log = { level: 5, write: (_: number, line: string) => void lines.push(line) };
  const config = parseConfig(Buffer.from(text), 'test.yml');
  const ringway = await start({ config, log, memoryLimit: 8 * MIB });
  const small = await RespClient.open(port);
  const large = await RespClient.open(port);
  large.socket.on('error', () => {});
  try {
    await small.command('SET', 'big', 'x'.repeat(MIB));
    // It asks for 64 MiB and never reads; its own limit is 32 MiB, the process has 8.
    large.socket.pause();
    large.socket.write(
      Buffer.concat(Array.from({ length: 64 }, () => encodeRequest('GET', 'big'))),
    );
    await waitFor('the large holder to be closed', () =>
      lines.some((line) => line.includes('memory limit')),
    );
    for (let i = 0; i < 10; i++) assert.equal(String(await small.command('PING')), 'PONG');
    assert.equal(String(await small.command('STRLEN', 'big')), String(MIB));
    await delay(50);
    assert.equal(JSON.parse(ringway.stats()).p.client_connections, 1);
  } finally {
    small.close();
    large.close();
    await ringway.stop();
  }
});
