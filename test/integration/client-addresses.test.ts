import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { certificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { startInProcess } from '../support/ringway.ts';
import { closed, inTime, waitFor } from '../support/wait.ts';

let redis: RealServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

/** What one gets who asks from an address of this machine. */
async function asked(port: number, localAddress: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.write('PING\r\n');
  await closed(socket);
  return text;
}

test('who is not on the list is closed without a byte, on plain doors and TLS doors', async () => {
  const { server: pair } = certificates();
  const tlsPort = await freePort();
  const ringway = await startInProcess({
    servers: [`127.0.0.1:${redis.port}:1 s1`],
    allow_clients: '127.0.0.0/29',
    deny_clients: '127.0.0.3',
    ...{ tls_listen: `127.0.0.1:${tlsPort}`, tls_cert_file: pair.cert, tls_key_file: pair.key },
  });
  assert.equal(await asked(ringway.port, '127.0.0.2'), '+PONG\r\n');
  assert.equal(await asked(ringway.port, '127.0.0.3'), '');
  assert.equal(await asked(ringway.port, '127.0.0.9'), '');
  assert.equal(await asked(tlsPort, '127.0.0.3'), '');
  const lines = ringway.log.filter((line) => line.includes('refuses client'));
  assert.match(lines.join(), /refuses client 127\.0\.0\.3:\d+: deny_clients has its address/);
  const { pools } = await ringway.ringway.status();
  assert.equal(pools[0]?.clientsRefused, 3);
  await ringway.stop();
});

test('whose connection was reset is in the log', async () => {
  const ringway = await startInProcess({ servers: [`127.0.0.1:${redis.port}:1 s1`] });
  try {
    const socket = connect({ port: ringway.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.write('PING\r\n');
    await inTime('bytes', once(socket, 'data'));
    const { localPort } = socket;
    socket.resetAndDestroy();
    const line = `client 127.0.0.1:${localPort} failed: read ECONNRESET`;
    await waitFor('the line', () => ringway.log.some((each) => each.includes(line)));
  } finally {
    await ringway.stop();
  }
});
