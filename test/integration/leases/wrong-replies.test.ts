import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type FakeServer, send, startFake } from '../../support/fake-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess } from '../../support/ringway.ts';

const running: { stop(): Promise<unknown> }[] = [];
after(async () => {
  for (const each of running.reverse()) await each.stop();
});

/** A server of transactions that answers GET with the key. @param says instead of what is right */
function transactionsOf(says: (words: string[]) => string | null): Promise<FakeServer> {
  const queued: WeakMap<object, number> = new WeakMap();
  return startFake((_index, request, socket) => {
    const words = request
      .toString('latin1')
      .split('\r\n')
      .filter((_, i) => i > 0 && i % 2 === 0);
    const count = queued.get(socket);
    const isProof = words[0] === 'EXEC' && count === 0;
    const wrong = isProof ? null : says(words);
    if (words[0] === 'MULTI' && count === undefined) queued.set(socket, 0);
    else if (words[0] === 'EXEC' && !wrong?.startsWith('-')) queued.delete(socket);
    else if (count !== undefined) queued.set(socket, count + 1);
    if (wrong !== null) return send(wrong);
    if (words[0] === 'EXEC') return send(`*${count}\r\n${'$1\r\nx\r\n'.repeat(count ?? 0)}`);
    if (words[0] === 'DISCARD') return send('-ERR DISCARD without MULTI\r\n');
    if (words[0] !== 'GET') return send(count === undefined ? '+OK\r\n' : '+QUEUED\r\n');
    return send(count === undefined ? `$${words[1].length}\r\n${words[1]}\r\n` : '+QUEUED\r\n');
  });
}

describe('a server whose replies are wrong', () => {
  const SAYS = {
    'BUSY to EXEC, and stays in the transaction': (words: string[]) =>
      words[0] === 'EXEC' ? '-BUSY Redis is busy running a script.\r\n' : null,
    'QUEUED once too often': (words: string[]) =>
      words[1] === 'queued' ? '+QUEUED\r\n+QUEUED\r\n' : null,
    'a number to EXEC': (words: string[]) => (words[0] === 'EXEC' ? ':1\r\n' : null),
  };
  for (const [what, says] of Object.entries(SAYS)) {
    for (const large of [false, true]) {
      test(`${what}, ${large ? 'leased' : 'shared'}: nobody else gets one of them`, async () => {
        const server = await transactionsOf(says);
        running.push(server);
        const ringway = await startInProcess({ servers: shards([server.port]) });
        running.push(ringway);
        const client = await RespClient.open(ringway.port);
        const other = await RespClient.open(ringway.port);
        const more = large ? [['SELECT', '0']] : [];
        for (let round = 0; round < 3; round++) {
          const keys = Array.from({ length: 50 }, (_, i) => `key${round}-${i}`);
          const block = [['MULTI'], ...more, ['GET', 'queued'], ['EXEC'], ['GET', 'own']];
          const [own, others] = await Promise.all([
            client.pipeline(block),
            other.pipeline(keys.map((key) => ['GET', key])),
          ]);
          assert.match(String(own.at(-2)), /^ReplyError: (BUSY|ERR Invalid argument)/);
          const got = [own.at(-1), ...others].map(String);
          const right = ['own', ...keys];
          assert.ok(
            got.every((each, i) => each === right[i] || /^ReplyError: ERR/.test(each)),
            got.join(),
          );
          assert.equal(String(await other.command('GET', 'later')), 'later');
        }
        client.close();
        other.close();
      });
    }
  }

  test('OK to DISCARD without MULTI: who waits for the connection gets another', async () => {
    const server = await transactionsOf((words) => (words[0] === 'DISCARD' ? '+OK\r\n' : null));
    running.push(server);
    const keys = { servers: shards([server.port]), max_leased_connections: 1 };
    const ringway = await startInProcess(keys);
    running.push(ringway);
    const client = await RespClient.open(ringway.port);
    const other = await RespClient.open(ringway.port);
    const [own, waited] = await Promise.all([
      client.pipeline([['MULTI'], ['SELECT', '0'], ['EXEC']]),
      other.command('BLPOP', 'list', '1'),
    ]);
    assert.match(String(own[2]), /EXECABORT/);
    assert.equal(waited, 'OK');
    client.close();
    other.close();
  });

  for (const [how, before] of [
    ['alone', []],
    ['behind WATCH', [['WATCH', 'key']]],
  ] as const) {
    test(`OK to DISCARD without MULTI: a transaction is refused, ${how}`, async () => {
      const server = await transactionsOf((words) => (words[0] === 'DISCARD' ? '+OK\r\n' : null));
      running.push(server);
      const ringway = await startInProcess({ servers: shards([server.port]) });
      running.push(ringway);
      const client = await RespClient.open({ port: ringway.port, timeoutMs: 5000 });
      const block = [['MULTI'], ['GET', 'key'], ['EXEC'], ['GET', 'own']];
      const replies = await client.pipeline([...before, ...block].map((words) => [...words]));
      assert.match(String(replies.at(-2)), /EXECABORT|ERR Invalid argument/);
      assert.equal(String(replies.at(-1)), 'own');
      client.close();
    });
  }
});
