import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { check } from '../../src/commands/check.ts';
import type { Command } from '../../src/commands/command.ts';
import { explain } from '../../src/commands/explain.ts';
import { start } from '../../src/index.ts';
import { freePort } from '../support/free-port.ts';
import { NameServer } from '../support/name-server.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { has, look } from './doctor/looks.ts';

const SERVICE = '_ring._tcp.test';
const FOLLOW = ['redis: true', 'timeout: 400', 'discover_members: follow'];

describe('commands and a ring of the servers that SRV records list', () => {
  const names = new NameServer();
  const usual = getServers();
  const folder = mkdtempSync(join(tmpdir(), 'ringway-discovery-'));
  let redis: RealServer;
  before(async () => {
    setServers([await names.open()]);
    redis = await startRedis();
    names.services.set(SERVICE, [
      { host: 'localhost', port: redis.port },
      { host: 'b.test', port: 1 },
    ]);
  });
  after(async () => {
    setServers(usual);
    names.close();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  function fileOf(name: string, servers: readonly string[], keys: readonly string[]): string {
    const lines = [`listen: 127.0.0.1:1`, ...keys, 'servers:'].map((line) => `  ${line}`);
    const file = join(folder, name);
    writeFileSync(file, ['p:', ...lines, ...servers.map((each) => `    - ${each}`), ''].join('\n'));
    return file;
  }

  async function run(command: Command, ...argv: string[]): Promise<string> {
    let said = '';
    const out = { write: (text: string) => (said += text) };
    assert.equal(await command(argv, out, out), 0, said);
    return said;
  }

  test('check spreads keys over those that are listed now, and says that they may change', async () => {
    const file = fileOf('ring.yml', [`srv:${SERVICE}`], FOLLOW);
    const said = await run(check, file);
    assert.match(said, new RegExp(`^  localhost:${redis.port} .*%`, 'm'));
    assert.match(said, /^ {2}b\.test:1 .*%/m);
    assert.match(said, /^ {2}SRV records of _ring\._tcp\.test list servers of it: when they list/m);
    const lines = fileOf(
      'lines.yml',
      [`localhost:${redis.port}:1`, 'b.test:1:1'],
      FOLLOW.slice(0, 2),
    );
    assert.match(await run(check, lines, file), /^pool p: 0\.00? ?% of the keys move$/m);
    const nobody = fileOf('nobody.yml', ['srv:_none._tcp.test'], FOLLOW);
    assert.match(
      await run(check, nobody),
      /^pool p: SRV records of _none\._tcp\.test list nobody now$/m,
    );
  });

  test('explain takes those that are listed now, or those of a running proxy', async (t) => {
    const file = fileOf('ring.yml', [`srv:${SERVICE}`], FOLLOW);
    const now = await run(explain, 'key', '-c', file);
    assert.match(now, /^server +(localhost|b\.test):\d+, weight 1, /m);
    assert.match(now, /^members +SRV records of _ring\._tcp\.test list them: they may change$/m);
    const alone = [{ host: 'only.test', port: 7 }];
    const before = names.services.get(SERVICE) ?? [];
    names.services.set(SERVICE, alone);
    const ringway = await start({
      pools: {
        p: {
          listen: `127.0.0.1:${await freePort()}`,
          redis: true,
          discover_members: 'follow',
          servers: [`srv:${SERVICE}`],
        },
      },
      http: { host: '127.0.0.1', port: 0 },
      log: { level: -1, write: () => {} },
    });
    t.after(() => ringway.stop());
    names.services.set(SERVICE, before);
    const here = `--http-addr=${new URL(ringway.http as string).host}`;
    const live = await run(explain, 'key', '-c', file, '--live', here);
    assert.match(live, /^server +only\.test:7, weight 1, 100\.0 % of the keys$/m);
    const nobody = fileOf('nobody.yml', ['srv:_none._tcp.test'], FOLLOW);
    assert.match(
      await run(explain, 'key', '-c', nobody),
      /^server +none is live, or listed by SRV/m,
    );
  });

  test('doctor looks at each that is listed', async () => {
    const found = await look([`srv:${SERVICE}`], FOLLOW);
    has(found, new RegExp(`^ok srv:${SERVICE} it lists 2: the ring is made of them, and follows`));
    has(found, new RegExp(`^ok localhost:${redis.port} localhost:${redis.port}: connected in `));
    has(found, /^error b\.test:1 /);
  });
});
