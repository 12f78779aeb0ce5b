import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { certificates } from '../support/certificates.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { closed, waitFor } from '../support/wait.ts';

// The bytes that a connection begins with where a PROXY header is wanted, in whatever pieces.

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const v2 = (rest: string): Buffer => Buffer.from(SIGNATURE + rest, 'hex');
const V6 = `${'20010db8'}${'0'.repeat(23)}7${'0'.repeat(31)}1`;

/** Headers, and the address that each claims; null = the balancer's own. */
const HEADERS: readonly (readonly [name: string, header: Buffer, address: string | null])[] = [
  ['1', Buffer.from('PROXY TCP4 192.0.2.7 127.0.0.1 4711 1\r\n'), '192.0.2.7:4711'],
  ['1, IPv6', Buffer.from('PROXY TCP6 2001:db8::7 ::1 4711 1\r\n'), '2001:db8::7:4711'],
  ['1, nobody', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['2', v2('2111000cc0000207c6336409126701bb'), '192.0.2.7:4711'],
  ['2, IPv6', v2(`21210024${V6}126701bb`), '2001:db8::7:4711'],
  ['2 with more', v2('21110013c0000207c6336409126701bb04000400000000'), '192.0.2.7:4711'],
  ['2, LOCAL of whatever', v2('20ff0003abcdef'), null],
  ['2, nobody', v2('21000000'), null],
  ['2, a unix socket', v2(`213100d8${'00'.repeat(216)}`), null],
];

/** What is refused, as soon as it can be told. */
const REFUSED: Readonly<Record<string, Buffer>> = {
  'a request': encodeRequest('PING'),
  'an inline request': Buffer.from('PING\r\n'),
  'a TLS handshake': Buffer.from('1603010200010001fc0303', 'hex'),
  'version 1 in small letters': Buffer.from('proxy TCP4 192.0.2.7 127.0.0.1 4711 1\r\n'),
  'a line that is too long': Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}\r\n`),
  'a line with an address that has a zone': Buffer.from('PROXY TCP6 fe80::1%eth0 ::1 4711 1\r\n'),
  'version 1 with the end of a line of Unix': Buffer.from(
    `PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n${' '.repeat(80)}`,
  ),
  'version 1 behind the signature of version 2': Buffer.concat([
    Buffer.from(SIGNATURE, 'hex'),
    Buffer.from('PROXY TCP4 192.0.2.7 127.0.0.1 4711 1\r\n'),
  ]),
  'version 3': v2('3111000cc0000207c6336409126701bb'),
  'a command that there is not': v2('2211000cc0000207c6336409126701bb'),
  'a family that there is not': v2('2141000cc0000207c6336409126701bb'),
  'a transport that there is not': v2('2113000cc0000207c6336409126701bb'),
  'too few bytes for the family': v2('2121000cc0000207c6336409126701bb'),
  'more bytes than are read': v2(`2111ffff${'00'.repeat(64)}`),
};

let redis: RealServer;
const started: TestRingway[] = [];
before(async () => {
  redis = await startRedis();
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
});

async function run(keys: object = {}, variant = VARIANTS[2]): Promise<TestRingway> {
  const ringway = await startInProcess(
    { servers: shards([redis.port]), proxy_protocol: true, ...keys },
    variant,
  );
  started.push(ringway);
  return ringway;
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

/** Lets the other side read what was sent before. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

async function sendPieces(client: RespClient, bytes: Buffer, cuts: readonly number[]) {
  for (let i = 0; i <= cuts.length; i++) {
    await client.send(bytes.subarray(cuts[i - 1] ?? 0, cuts[i] ?? bytes.length));
    await turns();
  }
}

for (const variant of [VARIANTS[2], VARIANTS[3]]) {
  describe(`a PROXY header, ${variant.label}`, () => {
    for (const [name, header, address] of HEADERS) {
      test(`of version ${name} is read at every cut, with the request behind it`, async () => {
        const { port } = await run({}, variant);
        const bytes = Buffer.concat([header, encodeRequest('CLIENT', 'INFO')]);
        const all = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
        const cuts = [...all.map((at) => [at]), [], all];
        for (const cut of cuts) {
          const client = new RespClient(await dial(port));
          await sendPieces(client, bytes, cut);
          const { localPort } = client.socket;
          const wanted = address ?? `127.0.0.1:${localPort}`;
          const line = String((await client.read(1))[0]);
          assert.ok(line.replace(/[[\]]/g, '').includes(` addr=${wanted} `), `${cut}: ${line}`);
          client.close();
        }
      });
    }

    test('may be followed by half a request whose rest looks like a handshake', async () => {
      const { port } = await run({}, variant);
      const [, header] = HEADERS[0];
      const body = Buffer.from('1603010200', 'hex');
      const request = encodeRequest('SET', 'looks', body);
      const client = new RespClient(await dial(port));
      const bytes = Buffer.concat([header, request]);
      await sendPieces(client, bytes, [bytes.length - body.length - 2]);
      assert.deepEqual(await client.read(1), ['OK']);
      client.close();
    });

    test('and a request, behind which the client sends no more, are answered', async () => {
      const { port } = await run({}, variant);
      const [, header] = HEADERS[0];
      const client = new RespClient(await dial(port));
      client.socket.end(Buffer.concat([header, encodeRequest('PING')]));
      assert.equal(String(await client.readToEnd()), '+PONG\r\n');
    });
  });
}

describe('where a PROXY header is wanted', () => {
  for (const [name, bytes] of Object.entries(REFUSED)) {
    test(`${name} is refused unread, and told of`, async () => {
      const { port, log } = await run();
      for (const cuts of [[], [1], [5], [bytes.length - 1]]) {
        const client = new RespClient(await dial(port));
        await sendPieces(client, bytes, cuts).catch(() => {});
        assert.equal((await client.readToEnd()).length, 0);
        client.close();
      }
      assert.match(
        log.join('\n'),
        /refuses client 127\.0\.0\.1:\d+: it begins with no PROXY header/,
      );
    });
  }

  test('who sends half of one and no more is closed at once', async () => {
    const { port } = await run();
    for (const [, header] of HEADERS) {
      const client = new RespClient(await dial(port));
      client.socket.end(header.subarray(0, header.length - 1));
      assert.equal((await client.readToEnd()).length, 0);
    }
  });

  test('a second header is a request that nobody knows', async () => {
    const { port } = await run();
    const [, header] = HEADERS[0];
    const client = new RespClient(await dial(port));
    await client.send(Buffer.concat([header, header, encodeRequest('CLIENT', 'INFO')]));
    const [error, line] = await client.read(2);
    assert.match(String(error), /unknown command 'PROXY'/);
    assert.match(String(line), / addr=192\.0\.2\.7:4711 /);
    client.close();
  });

  test('a handshake behind it is told with its client, where there is no TLS', async () => {
    const { port, log } = await run();
    const [, header] = HEADERS[0];
    for (const cuts of [[], [header.length]]) {
      const client = new RespClient(await dial(port));
      const hello = Buffer.from(`160301${'0a'.repeat(40)}`, 'hex');
      await sendPieces(client, Buffer.concat([header, hello]), cuts);
      assert.equal((await client.readToEnd()).length, 0, String(cuts));
    }
    assert.match(log.join('\n'), /client 192\.0\.2\.7:4711 speaks TLS/);
  });

  test('lists know IPv4 addresses in the form of IPv6, and all lines of the log the client', async () => {
    const { port, log } = await run({
      allow_clients: '192.0.2.0/24, 2001:db8::/32',
      deny_clients: '192.0.2.9',
    });
    const mapped = (last: string): Buffer =>
      v2(`21210024${'0'.repeat(20)}ffffc00002${last}${'0'.repeat(31)}1126701bb`);
    const ask = async (header: Buffer): Promise<string> => {
      const client = new RespClient(await dial(port));
      await client.send(Buffer.concat([header, encodeRequest('PING')]));
      client.halfClose();
      return String(await client.readToEnd());
    };
    assert.equal(await ask(mapped('07')), '+PONG\r\n');
    assert.equal(await ask(mapped('09')), '');
    assert.equal(await ask(HEADERS[1][1]), '+PONG\r\n');
    assert.equal(await ask(Buffer.from('PROXY TCP4 198.51.100.1 1.1.1.1 1 1\r\n')), '');
    assert.equal(await ask(Buffer.from('PROXY UNKNOWN\r\n')), '');
    const lines = log.filter((line) => line.includes('refuses client')).join('\n');
    assert.match(lines, /refuses client (::ffff:)?(192\.0\.2\.9|c000:209):4711: deny_clients/);
  });

  test('a memcached pool wants it as well', async () => {
    const memcached = await startMemcached();
    const { port } = await run({ redis: false, servers: shards([memcached.port]) });
    const socket = await dial(port);
    socket.end(Buffer.concat([HEADERS[3][1], Buffer.from('set k 0 0 1\r\n1\r\nget k\r\n')]));
    let said = '';
    for await (const chunk of socket) said += String(chunk);
    assert.equal(said, 'STORED\r\nVALUE k 0 1\r\n1\r\nEND\r\n');
    await memcached.stop();
  });

  test('a handshake in the same packet is served, where there is TLS', async () => {
    const { server } = certificates();
    const keys = { tls: true, tls_cert_file: server.cert, tls_key_file: server.key };
    const { port, log } = await run(keys);
    for (const [, header, address] of HEADERS) {
      for (const cut of [0, 1, header.length >> 1, header.length]) {
        const secure = await helloBehind(await dial(port), header, cut);
        const client = new RespClient(secure);
        const line = String(await client.command('CLIENT', 'INFO'));
        if (address !== null) assert.ok(line.replace(/[[\]]/g, '').includes(address), line);
        client.close();
      }
    }
    // A handshake without a header, and a header without a handshake.
    const bare = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    bare.on('error', () => {});
    await closed(bare);
    const plain = new RespClient(await dial(port));
    await plain.send(Buffer.concat([HEADERS[0][1], encodeRequest('PING')]));
    const said = await plain.readToEnd();
    assert.doesNotMatch(String(said), /PONG/);
    await waitFor('the log', () =>
      log.some((line) => /of client 192\.0\.2\.7:4711 failed: it speaks no TLS/.test(line)),
    );
  });
});

/** Shakes hands: the header is in one piece with what comes first of that, cut at `cut`. */
function helloBehind(socket: Socket, header: Buffer, cut: number): Promise<Socket> {
  let first = true;
  const below = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      if (!first) return void socket.write(chunk, done);
      first = false;
      const bytes = Buffer.concat([header, chunk]);
      socket.write(bytes.subarray(0, cut), () => {
        setImmediate(() => setImmediate(() => socket.write(bytes.subarray(cut), done)));
      });
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => below.push(chunk));
  socket.on('close', () => below.destroy());
  const secure = connectTls({ socket: below, rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    secure.once('secureConnect', () => resolve(secure));
    secure.once('error', reject);
  });
}
