import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { runCli } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

describe('commands that ask or adjust a running proxy', () => {
  let ringway: ChildRingway;
  let admin: string;

  before(async () => {
    admin = `/tmp/ringway-commands-${process.pid}-${await freePort()}.sock`;
    const dead = `127.0.0.1:${await freePort()}:1 s1`;
    const pool = { name: 'alpha', servers: [dead], redis_auth: 'hunter2', client_connections: 2 };
    const args = [`--admin-socket=${admin}`, '--workers=2'];
    ringway = await startChild(pool, { args });
  });
  after(() => ringway.stop());

  const ctl = (...words: string[]) => runCli(['ctl', `--admin-socket=${admin}`, ...words]);

  test('loglevel shows and changes how much is logged, in every process', async () => {
    assert.deepEqual(await askAdmin(admin, 'loglevel'), { ok: true, level: 6 });
    const { stdout } = await ctl('loglevel', '11');
    assert.deepEqual(JSON.parse(stdout), { ok: true, level: 11, before: 6 });
    await waitFor('it to be told', () =>
      ringway.log.some((line) => line.includes('up log level to 11')),
    );
    await askAdmin(admin, 'loglevel 4');
    for (const word of ['12', '-1', 'debug', '5 5']) {
      await assert.rejects(askAdmin(admin, `loglevel ${word}`), /expected loglevel, or a number/);
    }
    assert.deepEqual(await askAdmin(admin, 'loglevel'), { ok: true, level: 4 });
    await askAdmin(admin, 'loglevel 6');
    const client = await RespClient.open(ringway.port);
    client.close();
    await waitFor('it to be told again', () =>
      ringway.log.some((line) => /up log level to 6/.test(line)),
    );
  });

  test('with words too many is refused: who names a pool does not mean the program', async () => {
    for (const line of [
      'drain alpha s1',
      'unready alpha',
      'ready now',
      'config alpha',
      'stats alpha',
      'restart 1',
    ]) {
      const name = line.split(' ')[0];
      const message = `expected ${name}, and nothing behind it`;
      await assert.rejects(askAdmin(admin, line), { message }, line);
    }
    await assert.rejects(askAdmin(admin, 'status brief alpha'), /expected status, and one query/);
    await assert.rejects(askAdmin(admin, 'upgrade a b c'), /expected upgrade, and the paths/);
    assert.equal(ringway.child.exitCode, null);
    const { state } = (await askAdmin(admin, 'status'))['status'] as unknown as { state: string };
    assert.equal(state, 'ready');
  });

  test('that is wrong is told in one line that steers no terminal', async () => {
    const { stderr, status } = await ctl('server', 'alpha', '\u001b[31mred\u009b\n', 'eject');
    assert.equal(status, 1);
    assert.match(stderr, /no server '\\x1b\[31mred\\x9b/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is sought
    assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  });

  test('config shows what is in use, and no password', async () => {
    const { stdout } = await ctl('config');
    const { pools } = JSON.parse(stdout) as { pools: { name: string; given: object }[] };
    assert.equal(pools[0].name, 'alpha');
    assert.equal((pools[0].given as Record<string, unknown>)['client_connections'], 2);
    assert.equal((pools[0].given as Record<string, unknown>)['redis_auth'], 'set');
    assert.doesNotMatch(stdout, /hunter2/);
  });

  test('clients shows those of all workers that hold most, and no more than asked for', async () => {
    const opened = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
    for (const [i, client] of opened.entries()) {
      assert.equal(await client.text('AUTH', 'hunter2'), 'OK');
      assert.equal(await client.text('CLIENT', 'SETNAME', `tester-${i}`), 'OK');
    }
    const answer = await askAdmin(admin, 'clients alpha');
    assert.equal(answer['pool'], 'alpha');
    const clients = answer['clients'] as unknown as Record<string, unknown>[];
    const names = clients.map(({ name }) => String(name)).sort();
    assert.deepEqual(names, ['tester-0', 'tester-1']);
    assert.deepEqual(clients.map(({ worker }) => Number(worker)).sort(), [1, 2]);
    for (const { address, unanswered, idleSeconds } of clients) {
      assert.match(String(address), /^127\.0\.0\.1:\d+$/);
      assert.deepEqual([unanswered, typeof idleSeconds], [0, 'number']);
    }
    const one = await askAdmin(admin, 'clients alpha 1');
    assert.equal((one['clients'] as unknown as object[]).length, 1);
    for (const words of ['', ' alpha 0', ' alpha 1001', ' alpha x', ' alpha 1 2']) {
      await assert.rejects(askAdmin(admin, `clients${words}`), /expected clients POOL/);
    }
    await assert.rejects(askAdmin(admin, 'clients beta'), {
      message: "no pool 'beta'; there is alpha",
    });
    for (const client of opened) client.close();
  });

  test('help needs no running proxy, and names each command', async () => {
    const { stdout, status } = await runCli(['ctl', 'help']);
    assert.equal(status, 0);
    const unknown = await askAdmin(admin, 'nonsense').catch((error: Error) => error.message);
    const names = /expected one of (.*)$/.exec(String(unknown))?.[1].split(', ') ?? [];
    assert.ok(names.length > 10);
    for (const name of names) assert.match(stdout, new RegExp(`^  ${name}\\b`, 'm'), name);
  });
});
