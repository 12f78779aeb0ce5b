import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { getServers, setServers } from 'node:dns';
import { connect, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const NAME = 'redis-0.redis.test';

/** A name server that knows one name. */
class NameServer {
  readonly #socket: Socket = createSocket('udp4');
  /** null = it does not answer. */
  address: string | null = '127.0.0.1';
  asked = 0;

  async open(): Promise<string> {
    this.#socket.on('message', (question, { port, address }) => {
      this.asked++;
      const reply = this.#answer(question);
      if (reply !== null) this.#socket.send(reply, port, address);
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** The question again, with one address of type A behind it. */
  #answer(question: Buffer): Buffer | null {
    if (this.address === null) return null;
    let end = 12;
    while (question[end] !== 0) end += question[end] + 1;
    const type = question.readUInt16BE(end + 1);
    const asked = question.subarray(0, end + 5);
    const isA = type === 1;
    const head = Buffer.from(asked);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isA ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    if (!isA) return head;
    const bytes = this.address.split('.').map(Number);
    return Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...bytes])]);
  }

  close(): void {
    this.#socket.close();
  }
}

describe('a server whose name leads elsewhere', () => {
  const names = new NameServer();
  const usual = getServers();
  let first: RealServer;
  let second: RealServer;
  let pod: Server;

  before(async () => {
    setServers([await names.open()]);
    first = await startRedis();
    // A pod that comes back has its port, and another address.
    second = await startRedis();
    pod = createServer((socket) => {
      const other = connect(second.port, '127.0.0.1');
      for (const each of [socket, other]) each.on('error', () => {});
      socket.pipe(other).pipe(socket);
    });
    await new Promise<void>((resolve) => pod.listen(first.port, '127.0.0.2', resolve));
  });
  after(async () => {
    setServers(usual);
    names.close();
    pod?.close();
    await Promise.all([first?.stop(), second?.stop()]);
  });

  test('is followed though the old one answers; nobody looks up for each connection', async () => {
    const ringway = await startInProcess({
      servers: [`${NAME}:${first.port}:1 redis-0`],
      dns: 'resolver',
      dns_interval: 1000,
    });
    const client = await RespClient.open(ringway.port);
    try {
      await waitFor('the name to be known', () => names.asked > 0);
      await waitFor('the first', async () => (await client.text('SET', 'a', 1)) === 'OK');
      assert.equal(await command(first.port, 'GET', 'a'), '1');
      names.address = '127.0.0.2';
      await waitFor('the second', async () => (await client.text('GET', 'a')) === null);
      assert.match(ringway.log.join('\n'), /leads from 127\.0\.0\.1 to 127\.0\.0\.2 now/);
      // No name server any more: the last address stays, also for new connections.
      names.address = null;
      await client.text('SELECT', 1);
      assert.equal(await client.text('SET', 'a', 2), 'OK', 'over a connection that is new');
      assert.equal(await command(first.port, 'GET', 'a'), '1');
    } finally {
      client.close();
      await ringway.stop();
    }
  });
});
