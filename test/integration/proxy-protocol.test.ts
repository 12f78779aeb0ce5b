import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { parseConfig } from '../../src/config/index.ts';
import { certificates, pem } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, VARIANTS } from '../support/ringway.ts';
import { closed, waitFor } from '../support/wait.ts';

let redis: RealServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

const header = (host: string, port = 4711): string => `PROXY TCP4 ${host} 127.0.0.1 ${port} 1\r\n`;
const pool = (keys: object = {}) => ({
  servers: shards([redis.port]),
  proxy_protocol: true,
  ...keys,
});

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

async function enter(port: number, first: string | Buffer): Promise<RespClient> {
  const client = new RespClient(await dial(port));
  await client.send(first);
  return client;
}

for (const variant of VARIANTS) {
  test(`clients are seen as they are, however the header comes (${variant.label})`, async () => {
    const ringway = await startInProcess(pool(), variant);
    const ping = encodeRequest('PING');
    const whole = Buffer.concat([Buffer.from(header('192.0.2.7')), ping]);
    for (let at = 1; at < whole.length; at += 5) {
      const client = await enter(ringway.port, whole.subarray(0, at));
      await client.send(whole.subarray(at));
      assert.deepEqual(await client.read(1), ['PONG'], `split at ${at}`);
      client.close();
    }
    const client = await enter(ringway.port, header('192.0.2.7'));
    assert.match(String(await client.command('CLIENT', 'INFO')), / addr=192\.0\.2\.7:4711 /);
    const requests = Array.from({ length: 3000 }, (_, i) => encodeRequest('SET', `k${i}`, 'v'));
    const many = await enter(
      ringway.port,
      Buffer.concat([Buffer.from(header('192.0.2.8')), ...requests]),
    );
    assert.ok((await many.read(requests.length)).every((reply) => reply === 'OK'));
    for (const each of [client, many]) each.close();
    await ringway.stop();
  });
}

describe('with a PROXY header', () => {
  test('lists of addresses are about clients; who brings none is closed, and told of', async () => {
    const ringway = await startInProcess(pool({ deny_clients: '192.0.2.0/24' }));
    const denied = await enter(ringway.port, header('192.0.2.7'));
    const allowed = await enter(ringway.port, header('198.51.100.7'));
    const without = await enter(ringway.port, encodeRequest('PING'));
    assert.equal(await allowed.command('PING'), 'PONG');
    assert.equal((await denied.readToEnd()).length, 0);
    assert.equal((await without.readToEnd()).length, 0);
    assert.match(ringway.log.join('\n'), /refuses client 192\.0\.2\.7:4711: deny_clients/);
    allowed.close();
    await ringway.stop();
  });

  test('who has not brought it when its pool goes is closed with it', async () => {
    const ringway = await startInProcess(pool());
    const late = await enter(ringway.port, 'PROXY TCP4 192');
    const other = await enter(ringway.port, header('192.0.2.9'));
    assert.equal(await other.command('PING'), 'PONG');
    other.close();
    const server = `127.0.0.1:${redis.port}:1`;
    const another = `pool2:\n  listen: 127.0.0.1:${await freePort()}\n  redis: true\n  servers:\n    - ${server}\n`;
    await ringway.ringway.reload(parseConfig(Buffer.from(another), 'x'));
    assert.equal((await late.readToEnd()).length, 0);
    await ringway.stop();
  });

  test('who does not bring it in time is closed; others are not kept waiting', async () => {
    const ringway = await startInProcess(pool({ client_connections: 2 }));
    const slow = await enter(ringway.port, 'PROXY TCP4 192');
    const other = await enter(ringway.port, header('192.0.2.9'));
    assert.equal(await other.command('PING'), 'PONG');
    const third = await dial(ringway.port);
    await closed(third.resume());
    await waitFor('the slow one to be closed', () => slow.ended);
    assert.equal(await other.command('PING'), 'PONG');
    other.close();
    await ringway.stop();
  });

  test('TLS begins behind it, and what is claimed holds for the client', async () => {
    const { server } = certificates();
    const keys = { tls: true, tls_cert_file: server.cert, tls_key_file: server.key };
    const ringway = await startInProcess(pool(keys));
    const socket = await dial(ringway.port);
    socket.write(header('192.0.2.10'));
    const secure = connectTls({ socket, rejectUnauthorized: false });
    await new Promise((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    const client = new RespClient(secure);
    assert.match(String(await client.command('CLIENT', 'INFO')), / addr=192\.0\.2\.10:4711 /);
    client.close();
    await ringway.stop();
  });
});

test('a certificate names the user of its client, if there is such a one', async () => {
  const { authority, server } = certificates();
  const ringway = await startInProcess({
    servers: shards([redis.port]),
    tls: true,
    tls_cert_file: server.cert,
    tls_key_file: server.key,
    tls_ca_file: authority.ca,
    tls_user_from_cert: 'cn',
    users: ['default off', 'shop on ~shop:* +@all', 'gone off ~* +@all'],
  });
  const ask = async (commonName: string): Promise<string> => {
    const { cert, key } = authority.issue({ commonName });
    const tls = { rejectUnauthorized: false, ...pem({ cert, key }) };
    const client = await RespClient.open({ port: ringway.port, tls });
    const replies = await client.pipeline([
      ['ACL', 'WHOAMI'],
      ['GET', 'shop:1'],
      ['GET', 'x'],
    ]);
    client.close();
    return replies.map(String).join(', ');
  };
  assert.match(await ask('shop'), /^shop, null, ReplyError: NOPERM .* keys/);
  assert.match(await ask('gone'), /^ReplyError: NOAUTH/);
  assert.match(await ask('nobody'), /^ReplyError: NOAUTH/);
  await ringway.stop();
});
