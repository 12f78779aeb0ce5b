import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { ask, startPool } from '../memcache/fake-pool.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { type Action, inOrder, send } from '../support/fake-server.ts';
import { delay, waitFor } from '../support/wait.ts';

// Several keys, quiet commands and unanswered ones before servers that are slow, wrong or gone.
// In a modula pool of servers named s1 .. s4 the key of each is found by asking for it.

const HIT = (key: string): Action => send(`VALUE ${key} 0 1\r\nx\r\nEND\r\n`);
const REFUSED = 'SERVER_ERROR Connection refused\r\n';

/** Keys that live on server `index` of `count`, by what fakes receive. */
async function keysByServer(count: number): Promise<string[]> {
  const fakes = await Promise.all(
    Array.from({ length: count }, () => startFakeMemcached(() => send('END\r\n'))),
  );
  const ringway = await startPool(fakes);
  const client = await RawClient.open(ringway.port);
  const keys: string[] = [];
  for (let i = 0; keys.filter((key) => key !== undefined).length < count; i++) {
    const before = fakes.map((fake) => fake.received.length);
    await client.ask(`get key${i}\r\n`);
    keys[fakes.findIndex((fake, at) => fake.received.length > before[at])] ??= `key${i}`;
  }
  client.close();
  await ringway.stop();
  await Promise.all(fakes.map((fake) => fake.stop()));
  return keys;
}

let keys: string[] = [];
before(async () => {
  keys = await keysByServer(3);
});

describe('a get with several keys of which a server fails', () => {
  for (const [policy, hits] of [
    ['hits', true],
    ['error', false],
  ] as const) {
    test(`multiget_failure: ${policy}`, async () => {
      const [a, b] = [await startFakeMemcached(() => HIT(keys[0])), null];
      const c = await startFakeMemcached(() => HIT(keys[2]));
      const ringway = await startPool([a, b, c], { multiget_failure: policy });
      const expected = hits
        ? `VALUE ${keys[2]} 0 1\r\nx\r\nVALUE ${keys[0]} 0 1\r\nx\r\n${REFUSED}`
        : REFUSED;
      assert.equal(await ask(ringway, `get ${keys[2]} ${keys[1]} ${keys[0]}\r\n`), expected);
      assert.equal(
        ringway.log.some((line) => line.includes('s2') && line.includes('refused')),
        true,
      );
      await ringway.stop();
      await Promise.all([a.stop(), c.stop()]);
    });
  }

  test("a server's own error comes behind the hits", async () => {
    const a = await startFakeMemcached(() => HIT(keys[0]));
    const b = await startFakeMemcached(() => send('SERVER_ERROR out of memory\r\n'));
    const c = await startFakeMemcached(() =>
      send(`VALUE ${keys[2]} 0 1\r\nx\r\nSERVER_ERROR half way\r\n`),
    );
    const ringway = await startPool([a, b, c]);
    const one = await ask(ringway, `get ${keys[0]} ${keys[1]}\r\n`);
    assert.equal(one, `VALUE ${keys[0]} 0 1\r\nx\r\nSERVER_ERROR out of memory\r\n`);
    const two = await ask(ringway, `get ${keys[0]} ${keys[2]}\r\n`);
    const hits = `VALUE ${keys[0]} 0 1\r\nx\r\nVALUE ${keys[2]} 0 1\r\nx\r\n`;
    assert.equal(two, `${hits}SERVER_ERROR half way\r\n`);
    await ringway.stop();
    await Promise.all([a, b, c].map((fake) => fake.stop()));
  });

  test('something else than items is an error', async () => {
    const a = await startFakeMemcached(() => HIT(keys[0]));
    const b = await startFakeMemcached(() => send('STORED\r\n'));
    const ringway = await startPool([a, b, null]);
    const reply = await ask(ringway, `get ${keys[0]} ${keys[1]}\r\n`);
    assert.equal(reply, `VALUE ${keys[0]} 0 1\r\nx\r\nSERVER_ERROR Invalid argument\r\n`);
    await ringway.stop();
    await Promise.all([a.stop(), b.stop()]);
  });

  test('replies that come in two pieces, cut anywhere', async () => {
    const item = (key: string) => `VALUE ${key} 0 2\r\n${key.slice(-2)}\r\n`;
    const reply = `${item(keys[0])}${item('other')}${item(keys[0])}END\r\n`;
    let cut = 0;
    const a = await startFakeMemcached((_index, _request, socket) => {
      socket.write(reply.slice(0, cut));
      return send(reply.slice(cut), 5);
    });
    const b = await startFakeMemcached(() => send(`${item(keys[1])}END\r\n`));
    const c = await startFakeMemcached(() => send('END\r\n'));
    const ringway = await startPool([a, b, c]);
    // Each key takes the next item of its server, whichever it is; those without one take none.
    const request = [1, 0, 2, 1, 0, 0, 0].map((server) => keys[server]).join(' ');
    const expected = `${item(keys[1])}${reply}`;
    for (cut = 0; cut < reply.length; cut++) {
      assert.equal(await ask(ringway, `get ${request}\r\n`), expected, `cut at ${cut}`);
    }
    await ringway.stop();
    await Promise.all([a, b, c].map((fake) => fake.stop()));
  });

  test('more items than keys are dropped', async () => {
    const twice = `VALUE ${keys[0]} 0 1\r\nx\r\n`.repeat(5);
    const a = await startFakeMemcached(() => send(`${twice}END\r\n`));
    const b = await startFakeMemcached(() => HIT(keys[1]));
    const ringway = await startPool([a, b, null]);
    const reply = await ask(ringway, `get ${keys[0]} ${keys[1]}\r\n`);
    const hits = `VALUE ${keys[0]} 0 1\r\nx\r\nVALUE ${keys[1]} 0 1\r\nx\r\n`;
    assert.equal(reply, `${hits}END\r\n`);
    await ringway.stop();
    await Promise.all([a.stop(), b.stop()]);
  });
});

describe('quiet commands', () => {
  test('replies keep the order of the commands, however slow a server is', async () => {
    const meta = (text: string, afterMs: number) => (_: number, request: Buffer) =>
      request.toString() === 'mn\r\n' ? send('MN\r\n') : send(text, afterMs);
    const a = await startFakeMemcached(meta('VA 1 Oa\r\nA\r\n', 80));
    const b = await startFakeMemcached(meta('VA 1 Ob\r\nB\r\n', 0));
    const c = await startFakeMemcached((_, request) =>
      request.toString() === 'mn\r\n' ? send('MN\r\n') : undefined,
    );
    const ringway = await startPool([a, b, c]);
    const reply = await ask(
      ringway,
      `mg ${keys[1]} v q Ob\r\nmg ${keys[2]} v q\r\nmg ${keys[0]} v q Oa\r\n` +
        `mg ${keys[1]} v q Ob\r\nmn\r\nmg ${keys[2]} v q\r\nmn\r\n`,
    );
    const [first, second] = ['VA 1 Ob\r\nB\r\n', 'VA 1 Oa\r\nA\r\n'];
    assert.equal(reply, `${first}${second}${first}MN\r\nMN\r\n`);
    await ringway.stop();
    await Promise.all([a, b, c].map((fake) => fake.stop()));
  });

  test('for a server that is gone the error stands in its place', async () => {
    const a = await startFakeMemcached(() => send('MN\r\n'));
    const ringway = await startPool([a, null, a]);
    const reply = await ask(
      ringway,
      `mg ${keys[0]} q\r\nmd ${keys[1]} q\r\nmg ${keys[2]} q\r\nmn\r\n`,
    );
    assert.equal(reply, `${REFUSED}MN\r\n`);
    await ringway.stop();
    await a.stop();
  });

  test('a server that closes in the middle costs one error, and none that is too many', async () => {
    const a = await startFakeMemcached(
      inOrder([{ do: 'send-and-end', bytes: Buffer.from('VA 5 k\r\nab') }]),
    );
    const ringway = await startPool([a, a, a]);
    const reply = await ask(ringway, `mg ${keys[0]} v q\r\nmn\r\n`);
    assert.equal(reply, 'SERVER_ERROR unknown\r\nMN\r\n');
    await ringway.stop();
    await a.stop();
  });

  test('a server without meta commands answers with errors and stays in step', async () => {
    const a = await startFakeMemcached((_, request) =>
      request.toString().startsWith('get') ? HIT('k') : send('ERROR\r\n'),
    );
    const ringway = await startPool([a, a, a]);
    const reply = await ask(ringway, `mg k v q\r\nmg k v\r\nms k 1 q\r\nx\r\nmn\r\nget k\r\n`);
    assert.equal(reply, 'ERROR\r\nERROR\r\nERROR\r\nMN\r\nVALUE k 0 1\r\nx\r\nEND\r\n');
    await ringway.stop();
    await a.stop();
  });

  test('a value larger than the receive window comes whole', async () => {
    const value = 'v'.repeat(300_000);
    const a = await startFakeMemcached((_, request) =>
      send(request.toString() === 'mn\r\n' ? 'MN\r\n' : `VA 300000 kk\r\n${value}\r\n`),
    );
    const ringway = await startPool([a, a, a], { client_output_limit: 400_000 });
    const reply = await ask(ringway, `mg k v k q\r\nmn\r\n`);
    assert.equal(reply, `VA 300000 kk\r\n${value}\r\nMN\r\n`);
    await ringway.stop();
    await a.stop();
  });
});

describe('noreply', () => {
  test('is never answered, nor is it when the server is gone', async () => {
    const ringway = await startPool([null]);
    const requests =
      'set k 0 0 1 noreply\r\nx\r\nincr k 1 noreply\r\ndelete k noreply\r\ntouch k 1 noreply\r\n' +
      'set k x 0 1 noreply\r\nverbosity 1 noreply\r\nflush_all noreply\r\n';
    assert.equal(await ask(ringway, requests), '');
    await ringway.stop();
  });

  test('a large one goes through, one beyond max_assembled_request is dropped silently', async () => {
    const a = await startFakeMemcached((_, request) =>
      request.includes('noreply') ? undefined : HIT('k'),
    );
    const ringway = await startPool([a], { max_assembled_request: 500_000 });
    const large = `set k 0 0 300000 noreply\r\n${'x'.repeat(300_000)}\r\n`;
    const huge = `set k 0 0 600000 noreply\r\n${'x'.repeat(600_000)}\r\n`;
    assert.equal(await ask(ringway, `${huge}${large}get k\r\n`), 'VALUE k 0 1\r\nx\r\nEND\r\n');
    assert.equal(a.received.length, 2);
    assert.equal(a.received[0].toString(), large);
    await ringway.stop();
    await a.stop();
  });
});

describe('as many server connections as there may be', () => {
  test('a get for both servers does not lose the connection it has to one of them', async () => {
    const [first, second] = await keysByServer(2);
    const fakes = [0, 1].map(() =>
      startFakeMemcached((_, request) => send(request.includes('set') ? 'STORED\r\n' : 'END\r\n')),
    );
    const [a, b] = await Promise.all(fakes);
    const options = { max_backend_connections: 2, max_assembled_request: 131_072 };
    const ringway = await startPool([a, b], options);
    const client = await RawClient.open(ringway.port);
    assert.equal(await client.ask(`get ${first}\r\n`), 'END\r\n');
    // A streamed body takes a connection of its own to the same server: that is the limit.
    const large = `set ${first} 0 0 300000\r\n${'x'.repeat(300_000)}\r\n`;
    assert.equal(await client.ask(large), 'STORED\r\n');
    await delay(20);
    const late = delay(5000).then(() => 'no answer');
    const both = client.ask(`get ${first} ${second}\r\n`);
    assert.equal(await Promise.race([both, late]), 'END\r\n');
    client.close();
    await ringway.stop();
    await Promise.all([a.stop(), b.stop()]);
  });
});

describe('every server is asked', () => {
  test('flush_all when the pool does not allow it: none, and the connection is kept', async () => {
    const fakes = await Promise.all([0, 1].map(() => startFakeMemcached(() => send('OK\r\n'))));
    const ringway = await startPool(fakes);
    const client = await RawClient.open(ringway.port);
    const refused = 'CLIENT_ERROR flush_all not allowed\r\n';
    for (const line of ['flush_all', 'flush_all 10', 'flush_all 0']) {
      assert.equal(await client.ask(`${line}\r\n`), refused);
    }
    assert.equal(await client.ask('verbosity 1\r\n'), 'OK\r\n');
    for (const fake of fakes) assert.deepEqual(fake.received.map(String), ['verbosity 1\r\n']);
    client.close();
    await ringway.stop();
    await Promise.all(fakes.map((fake) => fake.stop()));
  });

  test('flush_all when the pool allows it', async () => {
    const fakes = await Promise.all([0, 1].map(() => startFakeMemcached(() => send('OK\r\n'))));
    const ringway = await startPool(fakes, { flush_all: true });
    assert.equal(await ask(ringway, 'flush_all 10\r\n'), 'OK\r\n');
    assert.equal(await ask(ringway, 'verbosity 1\r\n'), 'OK\r\n');
    assert.equal(await ask(ringway, 'flush_all noreply\r\n'), '');
    const expected = ['flush_all 10\r\n', 'verbosity 1\r\n', 'flush_all noreply\r\n'];
    for (const fake of fakes) {
      await waitFor('three lines', () => fake.received.length === 3);
      assert.deepEqual(fake.received.map(String), expected);
    }
    await ringway.stop();
    await Promise.all(fakes.map((fake) => fake.stop()));
  });
});

describe('limits and refusals', () => {
  test('the binary protocol: an error reply with its opcode, a log line, the end', async () => {
    const ringway = await startPool([null]);
    for (const [bytes, opcode] of [
      [Buffer.concat([Buffer.from([0x80, 0x0a]), Buffer.alloc(22)]), 0x0a],
      [Buffer.from([0x80]), 0],
    ] as const) {
      const client = await RawClient.open(ringway.port);
      const port = client.socket.localPort;
      client.send(bytes);
      await client.until(() => false, 'end of the connection');
      const reply = client.take();
      assert.deepEqual([...reply.subarray(0, 2)], [0x81, opcode]);
      assert.equal(reply.readUInt16BE(6), 0x81);
      assert.equal(reply.length, 24 + reply.readUInt32BE(8));
      const line = `client 127.0.0.1:${port} speaks memcached's binary protocol`;
      assert.ok(ringway.log.some((each) => each.includes(line)));
      client.close();
    }
    await ringway.stop();
  });

  test('a line that is too long, and one client too many', async () => {
    const ringway = await startPool([null], { client_connections: 1 });
    const client = await RawClient.open(ringway.port);
    const second = await RawClient.open(ringway.port);
    await second.until(() => false, 'end of the connection');
    assert.equal(second.take().toString(), 'ERROR Too many open connections\r\n');
    client.send('x'.repeat(10_000));
    await client.until(() => false, 'end of the connection');
    assert.equal(client.take().toString(), 'CLIENT_ERROR line too long\r\n');
    await ringway.stop();
  });

  test('no gat line for a server is longer than memcached reads in pieces', async () => {
    const fakes = await Promise.all(
      [0, 1].map(() =>
        startFakeMemcached((_, request) => send(`VALUE ${firstKey(request)} 0 1\r\nx\r\nEND\r\n`)),
      ),
    );
    const ringway = await startPool(fakes);
    const many = Array.from({ length: 1000 }, (_, i) => `a-longer-key-${i}`);
    const reply = await ask(ringway, `gat 60 ${many.join(' ')}\r\n`);
    const received = fakes.flatMap((fake) => fake.received.map(String));
    assert.ok(received.length > 8);
    assert.ok(received.every((line) => line.length <= 2048 && line.startsWith('gat 60 ')));
    const sent = received.flatMap((line) => line.trim().split(' ').slice(2));
    assert.deepEqual(sent.sort(), [...many].sort());
    assert.equal(reply.split('VALUE').length - 1, received.length);
    assert.ok(reply.endsWith('\r\nEND\r\n'));
    await ringway.stop();
    await Promise.all(fakes.map((fake) => fake.stop()));
  });

  test('60,000 keys, with any distribution', async () => {
    for (const distribution of ['ketama', 'modula', 'random']) {
      const fakes = await Promise.all(
        [0, 1, 2].map(() => startFakeMemcached((_, request) => send(items(request)))),
      );
      const ringway = await startPool(fakes, { distribution });
      const many = Array.from({ length: 60_000 }, (_, i) => `k${i}`);
      const reply = await ask(ringway, `get ${many.join(' ')}\r\n`);
      assert.equal(reply, `${many.map((key) => `VALUE ${key} 0 1\r\nx\r\n`).join('')}END\r\n`);
      const few = many.slice(0, 100);
      const short = await ask(ringway, `gets ${few.join(' ')}\r\n`);
      assert.equal(short, `${few.map((key) => `VALUE ${key} 0 1\r\nx\r\n`).join('')}END\r\n`);
      await ringway.stop();
      await Promise.all(fakes.map((fake) => fake.stop()));
    }
  });

  test('what a client that leaves has asked for leaves nothing behind', async () => {
    const value = 'v'.repeat(2000);
    const a = await startFakeMemcached(() => send(`VALUE k 0 2000\r\n${value}\r\nEND\r\n`, 1));
    const b = await startFakeMemcached(() => send('END\r\n', 2));
    const ringway = await startPool([a, b, b]);
    for (let i = 0; i < 20; i++) {
      const client = await RawClient.open(ringway.port);
      client.send(`get ${keys.join(' ')}\r\nmg ${keys[0]} v q\r\n`.repeat(5));
      await delay(2);
      client.close();
    }
    await delay(300);
    assert.match(
      await ask(ringway, `get ${keys.join(' ')}\r\n`),
      /^VALUE k 0 2000\r\nv+\r\nEND\r\n$/,
    );
    await ringway.stop();
    await Promise.all([a.stop(), b.stop()]);
  });
});

function firstKey(request: Buffer): string {
  return request.toString().split(' ')[2];
}

function items(request: Buffer): string {
  const asked = request.toString('latin1').trim().split(' ').slice(1);
  return `${asked.map((key) => `VALUE ${key} 0 1\r\nx\r\n`).join('')}END\r\n`;
}
