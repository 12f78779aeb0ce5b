import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { type Action, type FakeServer, startFake } from '../support/fake-server.ts';
import { type Reply, RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// What servers answer to logins, to HELLO and to SELECT, in whatever shape it comes.

const KIB = 1024;
const OK = '+OK\r\n';
const HELLO = '%2\r\n$5\r\nproto\r\n:3\r\n$6\r\nserver\r\n$5\r\nredis\r\n';
const VALUE = '$5\r\nvalue\r\n';

/** More than is kept of a reply in one piece; each piece of it begins like a grant. */
const GRANTS = 60_000;
const LARGE = `*${GRANTS}\r\n${OK.repeat(GRANTS)}`;

/** Replies that grant no login. */
const WRONG: Readonly<Record<string, string>> = {
  'an integer': ':1\r\n',
  'a bulk': '$2\r\nOK\r\n',
  'no bulk': '$-1\r\n',
  'an array': `*1\r\n${OK}`,
  'an empty map': '%0\r\n',
  'a null': '_\r\n',
  'a boolean': '#t\r\n',
  'a bulk in pieces': `$${300 * KIB}\r\n${'x'.repeat(300 * KIB)}\r\n`,
  'an array in pieces that look like grants': LARGE,
  'an error with attributes in front of it': '|1\r\n+a\r\n+b\r\n-ERR no\r\n',
  'a line without end': `+OK${'x'.repeat(128 * KIB)}`,
  'no reply at all': 'HTTP/1.1 200 OK\r\n',
};

let server: FakeServer;
const running: { stop(): Promise<unknown> }[] = [];
after(async () => {
  for (const each of running.reverse()) await each.stop();
});

/** A server that answers requests by their first word and what stands in them. */
async function serve(answer: (request: string, socket: Socket) => Action | undefined) {
  server = await startFake((_index, request, socket) => answer(request.toString('latin1'), socket));
  running.push(server);
}

async function run(keys: object, variant = VARIANTS[2]): Promise<TestRingway> {
  const servers = [`127.0.0.1:${server.port}:1 a`];
  const ringway = await startInProcess({ servers, timeout: 5000, ...keys }, variant);
  running.push(ringway);
  return ringway;
}

const send = (text: string): Action => ({ do: 'send', bytes: Buffer.from(text, 'latin1') });

/** Sends the bytes in two pieces, which the other side reads one by one. */
function inPieces(socket: Socket, text: string, at: number): undefined {
  const bytes = Buffer.from(text, 'latin1');
  socket.write(bytes.subarray(0, at), () => {
    setImmediate(() => setImmediate(() => socket.write(bytes.subarray(at))));
  });
}

/** All positions in a short text, some in a long one. */
function cutsOf(text: string): number[] {
  const step = Math.max(1, Math.floor(text.length / 60));
  const cuts = Array.from({ length: Math.ceil(text.length / step) }, (_, i) => i * step);
  return text.length > 100 ? [...cuts, text.length - 5, text.length - 1] : cuts;
}

const isLogin = (request: string): boolean => request.includes('\r\nAUTH\r\n');
const shown = (reply: Reply): string => String(reply);

for (const variant of VARIANTS.slice(0, 3)) {
  describe(`the reply to a login that is left to the servers, ${variant.label}`, () => {
    let reply = OK;
    let at = 0;
    let ringway: TestRingway;
    let logins = 0;
    let reads = 0;

    async function prepare(): Promise<void> {
      reads = 0;
      await serve((request, socket) => {
        if (isLogin(request)) {
          // Later ones are of the connections that its requests go to.
          return inPieces(socket, logins++ === 0 ? reply : OK, at);
        }
        if (request.includes('\r\nGET\r\n')) reads++;
        return send(VALUE);
      });
      ringway = await run({ logins: 'server' }, variant);
    }

    async function enter(password: string): Promise<{ said: string; next: string }> {
      logins = 0;
      const client = await RespClient.open(ringway.port);
      const [said, next] = await client.pipeline([
        ['AUTH', 'app', password],
        ['GET', 'k'],
      ]);
      client.close();
      return { said: shown(said), next: shown(next) };
    }

    test('is understood wherever it is cut', async () => {
      await prepare();
      for (const text of [OK, `+${'o'.repeat(60_000)}\r\n`, `|1\r\n+a\r\n*1\r\n:1\r\n${OK}`]) {
        reply = text;
        for (at of cutsOf(text)) {
          const { said, next } = await enter(`${text.length}-${at}`);
          assert.equal(said, 'OK', `${text.length} bytes, cut at ${at}`);
          assert.equal(next, 'value', `${text.length} bytes, cut at ${at}`);
        }
      }
    });

    test('that refuses it is handed on wherever it is cut, and nothing is asked for', async () => {
      await prepare();
      const text = 'WRONGPASS invalid username-password pair or user is disabled.';
      for (const whole of [`-${text}\r\n`, `!${text.length}\r\n${text}\r\n`]) {
        reply = whole;
        for (at of cutsOf(whole)) {
          const { said, next } = await enter('no');
          assert.equal(said, `ReplyError: ${text}`, `cut at ${at}`);
          assert.match(next, /^ReplyError: NOAUTH/);
        }
      }
      assert.equal(reads, 0);
    });

    test('is the first of those that come together, and the rest is nobody else’s', async () => {
      await prepare();
      for (const more of [OK, '-ERR no\r\n', VALUE, '$100\r\nabc', '*3\r\n', 'x']) {
        reply = `${OK}${more}`;
        for (const cut of [0, 3, OK.length]) {
          at = cut;
          const { said, next } = await enter(`together-${more.length}-${cut}`);
          assert.deepEqual([said, next], ['OK', 'value'], `${JSON.stringify(more)}, cut at ${cut}`);
          reply = `-WRONGPASS no\r\n${OK}`;
          const refused = await enter('no');
          assert.match(refused.said, /^ReplyError: WRONGPASS no$/);
          assert.match(refused.next, /^ReplyError: NOAUTH/);
          reply = `${OK}${more}`;
        }
      }
    });

    test('of a wrong kind, or too long, lets nobody in', async () => {
      await prepare();
      for (const [name, text] of Object.entries(WRONG)) {
        reply = text;
        for (at of [0, 1, 4, text.length >> 1, text.length - OK.length, text.length - 1]) {
          if (at < 0) continue;
          const { said, next } = await enter('pw');
          assert.match(said, /^ReplyError: /, `${name}, cut at ${at}`);
          assert.match(next, /^ReplyError: NOAUTH/, `${name}, cut at ${at}`);
        }
      }
      assert.equal(reads, 0);
      await waitFor('the connections to be closed', () => server.open.size === 0);
    });
  });

  describe(`replies to what a connection says first, ${variant.label}`, () => {
    let replies = '';
    let at = 0;
    let asked = 0;
    let ringway: TestRingway;

    /** Both replies go out with SELECT; each database has a connection of its own. */
    async function prepare(): Promise<void> {
      asked = 0;
      await serve((request, socket) => {
        if (request.includes('\r\nSELECT\r\n')) return inPieces(socket, replies, at);
        if (isLogin(request)) return undefined;
        asked++;
        return send(request.includes('\r\nGET\r\n') ? VALUE : '+PONG\r\n');
      });
      ringway = await run({ redis_auth: 'own', client_auth_required: false }, variant);
    }

    test('to AUTH and SELECT, joined, are understood wherever they are cut', async () => {
      await prepare();
      const client = await RespClient.open(ringway.port);
      replies = `${OK}|1\r\n+a\r\n+b\r\n${OK}`;
      for (at of cutsOf(replies)) {
        assert.equal(shown(await client.command('SELECT', at + 1)), 'OK', `cut at ${at}`);
        assert.equal(shown(await client.command('GET', 'k')), 'value', `cut at ${at}`);
      }
      client.close();
    });

    test('that are no grant send nothing to the database', async () => {
      await prepare();
      const client = await RespClient.open(ringway.port);
      let db = 1;
      for (const [name, text] of Object.entries(WRONG)) {
        for (const all of [`${text}${OK}`, `${OK}${text}`]) {
          replies = all;
          for (at of [0, 1, all.length - 1]) {
            const said = shown(await client.command('SELECT', db++));
            assert.match(said, /^ReplyError: /, `${name}, cut at ${at}`);
          }
        }
      }
      assert.equal(asked, 0);
      client.close();
    });
  });
}

describe('a greeting without a login', () => {
  test('to HELLO 3 gets a map, in pieces too, or an array of a server that is old', async () => {
    const large = `%1\r\n$4\r\nmore\r\n$${300 * KIB}\r\n${'x'.repeat(300 * KIB)}\r\n`;
    for (const reply of [
      HELLO,
      large,
      '*0\r\n',
      '-NOPROTO no\r\n',
      "-ERR unknown command 'HELLO'\r\n",
    ]) {
      await serve((request, socket) => {
        if (request.includes('\r\nHELLO\r\n')) return inPieces(socket, reply, reply.length >> 1);
        return request.includes('\r\nGET\r\n') ? send(VALUE) : undefined;
      });
      const { port } = await run({});
      const client = await RespClient.open(port);
      await client.send('HELLO 3\r\nGET k\r\n');
      await waitFor('the value', () => String(client.unread).endsWith(VALUE));
      client.close();
    }
  });

  test('that is refused in many pieces is told once', async () => {
    await serve((request) => {
      if (isLogin(request)) return send(`$${4096 * KIB}\r\n${'x'.repeat(4096 * KIB)}\r\n`);
      return send(VALUE);
    });
    const { port, log } = await run({ redis_auth: 'own', client_auth_required: false });
    const client = await RespClient.open(port);
    assert.equal(shown(await client.command('GET', 'k')), 'value');
    client.close();
    const lines = log.filter((line) => line.includes('AUTH failed'));
    assert.equal(lines.length, 1, lines.slice(0, 3).join('\n'));
  });
});
