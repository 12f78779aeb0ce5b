import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { send, startFake } from '../support/fake-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess } from '../support/ringway.ts';

/** What a server says of a command when it is asked for COMMAND INFO. */
const info = (arity: number, first: number, last: number, step: number) =>
  `*1\r\n*6\r\n$3\r\nodd\r\n:${arity}\r\n*0\r\n:${first}\r\n:${last}\r\n:${step}\r\n`;
const INVALID = /^ReplyError: ERR Invalid argument$/;

/** Places of keys that no request has, or that never end, and what the client sees. */
const PLACES: readonly [what: string, reply: string, seen: RegExp][] = [
  ['behind the words of the request', info(-1, 50, 50, 1), /^done$/],
  ['behind all words, in a range', info(-1, 50, -1, 1), /^done$/],
  ['no step', info(-1, 1, -1, 0), INVALID],
  ['a step back', info(-1, 2, -1, -1), INVALID],
  ['beyond all numbers', info(-1, 1, 1, 1).replace(':1\r\n', `:${'9'.repeat(400)}\r\n`), INVALID],
  ['nothing of an entry', '*1\r\n*1\r\n$3\r\nodd\r\n', INVALID],
  ['no entry', ':1\r\n', INVALID],
];

describe('servers that describe a command as no command can be', () => {
  for (const [what, reply, seen] of PLACES) {
    test(what, async () => {
      const server = await startFake((_, request) => {
        return send(request.includes('INFO') ? reply : '+done\r\n');
      });
      const pool = { servers: shards([server.port]), unknown_commands: 'ask' };
      const ringway = await startInProcess(pool);
      const client = await RespClient.open(ringway.port);
      // Once when it is learnt, and once more when it is known.
      for (let i = 0; i < 2; i++) assert.match(String(await client.command('odd', 'a', 'b')), seen);
      assert.equal(await client.command('GET', 'k'), 'done');
      client.close();
      await ringway.stop();
      await server.stop();
    });
  }
});
