import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { type ReplyError, RespClient } from '../support/resp-client.ts';
import { shards, startChild } from '../support/ringway.ts';

// `max_script`: the longest script, wherever a command carries one.

const LIMIT = 4096;
const MIB = 1024 * 1024;

/** Code that returns 1, of exactly so many bytes. */
function script(bytes: number, code = 'return 1'): string {
  return code + ' '.repeat(bytes - code.length);
}

function library(bytes: number): string {
  return script(bytes, "#!lua name=lib\nredis.register_function('f', function() return 1 end)\n");
}

describe('the longest script', () => {
  let servers: RealServer[];

  before(async () => {
    servers = await startRedisSet(2);
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function through(
    keys: object,
    use: (client: RespClient, metrics: () => Promise<string>) => Promise<void>,
  ): Promise<void> {
    const lines = shards(servers.map(({ port }) => port));
    const http = `127.0.0.1:${await freePort()}`;
    const args = ['--http-addr', http];
    const started = await startChild({ servers: lines, ...keys }, { args });
    const client = await RespClient.open(started.port);
    try {
      await use(client, async () => (await fetch(`http://${http}/metrics`)).text());
    } finally {
      client.close();
      await started.stop();
    }
  }

  test('is refused beyond max_script, by each command that has one', async () => {
    await through({ max_script: LIMIT }, async (client, metrics) => {
      const carriers = (bytes: number): string[][] => [
        ['EVAL', script(bytes), '1', 'k'],
        ['EVAL', script(bytes), '0'],
        ['EVAL_RO', script(bytes), '1', 'k'],
        ['SCRIPT', 'LOAD', script(bytes)],
        ['FUNCTION', 'LOAD', 'REPLACE', library(bytes)],
      ];
      for (const reply of await client.pipeline(carriers(LIMIT))) {
        assert.ok(!(reply instanceof Error), String(reply));
      }
      const tooLong = [...carriers(LIMIT + 1), ['FUNCTION', 'LOAD', library(LIMIT + 1)]];
      for (const reply of await client.pipeline(tooLong)) {
        const { message } = reply as ReplyError;
        assert.equal(message, 'ERR script is longer than max_script (4096 bytes)');
      }
      assert.match(await metrics(), /^ringway_requests_too_large_total\{[^}]*\} 6$/m);
      assert.equal(await client.text('PING'), 'PONG');
    });
  });

  test('does not count arguments', async () => {
    await through({ max_script: LIMIT }, async (client) => {
      const long = 'a'.repeat(LIMIT * 4);
      assert.equal(await client.text('EVAL', 'return ARGV[1]', '1', 'k', long), long);
      assert.equal(await client.text('SET', 'k', long), 'OK');
    });
  });

  test('is a MiB by default', async () => {
    await through({}, async (client) => {
      assert.equal(await client.text('EVAL', script(MIB), '1', 'k'), 1);
      const { message } = (await client.command('EVAL', script(MIB + 1), '1', 'k')) as ReplyError;
      assert.equal(message, 'ERR script is longer than max_script (1048576 bytes)');
    });
  });
});
