import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { type Config, loadConfig, start } from '../../src/index.ts';
import { certificates } from '../support/certificates.ts';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import { runCli } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';

// Each file of docs/examples: right by schema and parser, and at work in front of real servers, which
// stand in the places of those that it names.

const FOLDER = 'docs/examples';
const SERVER_PASSWORD = 'servers';
const CLIENT_PASSWORD = 'clients';
/** As the file says. */
const USER_PASSWORD = 'change-me';
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yml'));
const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('packaging/ringway.schema.json', 'utf8')),
);

describe('the examples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-examples-'));
  let redis: TlsRedis[] = [];
  let memcached: RealServer[] = [];
  let cluster: TestCluster | null = null;

  before(async () => {
    const args = ['--user', 'ringway', 'on', `>${SERVER_PASSWORD}`, '~*', '&*', '+@all'];
    redis = await Promise.all([startTlsRedis({ args }), startTlsRedis({ args })]);
    memcached = await Promise.all([startMemcached(), startMemcached()]);
    cluster = await startCluster({ replicas: 0 });
    const { authority, server } = certificates();
    for (const name of ['tls', 'passwords', 'run']) mkdirSync(join(folder, name));
    copyFileSync(server.cert, join(folder, 'tls/ringway.pem'));
    copyFileSync(server.key, join(folder, 'tls/ringway.key'));
    for (const name of ['clients-ca', 'servers-ca']) {
      copyFileSync(authority.ca, join(folder, `tls/${name}.pem`));
    }
    writeFileSync(join(folder, 'passwords/clients'), `${CLIENT_PASSWORD}\n`, { mode: 0o600 });
    process.env['RINGWAY_REDIS_PASSWORD'] = SERVER_PASSWORD;
  });

  after(async () => {
    delete process.env['RINGWAY_REDIS_PASSWORD'];
    await Promise.all(redis.map(({ server }) => server.stop()));
    await Promise.all(memcached.map((server) => server.stop()));
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The file with ports, folders and servers of this test. */
  async function here(name: string): Promise<string> {
    let text = readFileSync(join(FOLDER, name), 'utf8').replaceAll('/run/ringway', `${folder}/run`);
    for (const [address] of text.matchAll(/(127\.0\.0\.1|0\.0\.0\.0):\d+/g)) {
      text = text.replace(address, `127.0.0.1:${await freePort()}`);
    }
    let i = 0;
    const nodes = cluster?.nodes ?? [];
    text = text.replaceAll(/10\.0\.\d\.\d:(\d+)/g, (_all, port: string) => {
      if (name === 'cluster.yml') return `127.0.0.1:${nodes[i++ % nodes.length].port}`;
      const at = i++ % 2;
      // Nobody is there: a pool begins where its file says.
      if (port === '26379') return '127.0.0.1:1';
      const tls = name === 'tls.yml';
      const target = tls ? redis[at].tlsPort : redis[at].server.port;
      return `127.0.0.1:${port === '11211' ? memcached[at].port : target}`;
    });
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  test('there is one for each use, and the page names all', () => {
    const page = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    assert.ok(files.length >= 9);
    for (const name of files) assert.ok(page.includes(`| [${name}](${name}) |`), name);
  });

  for (const name of files) {
    test(`${name} is right, spreads its keys, starts and serves`, async () => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      assert.match(
        text,
        /^# yaml-language-server: \$schema=\.\.\/\.\.\/packaging\/ringway\.schema/,
      );
      assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
      const file = await here(name);
      const config = await loadConfig(file);
      const checked = await runCli(['check', file]);
      assert.equal(checked.stderr, '');
      assert.doesNotMatch(checked.stdout, /advice/);
      const log: string[] = [];
      const ringway = await start({
        config: file,
        log: { level: 4, write: (_level, line) => void log.push(line) },
      });
      try {
        for (const pool of config.pools) {
          for (let i = 0; i < 8; i++) {
            const [request, reply] = exchange(pool, `key:${i}`);
            assert.match(await ask(pool.listen, request), reply, `${pool.name}: ${log.join('\n')}`);
          }
        }
      } finally {
        await ringway.stop(200);
      }
    });
  }
});

type Pool = Config['pools'][number];

function exchange(pool: Pool, key: string): readonly [string, RegExp] {
  if (!pool.redis)
    return [`set ${key} 0 0 1\r\nx\r\nget ${key}\r\n`, /^STORED\r\nVALUE [\s\S]*END/];
  if (pool.readOnly) return [`SET ${key} x\r\nGET ${key}\r\n`, /^-NOPERM.*\r\n\$(-1|1\r\nx)\r\n$/];
  if (pool.users !== null) {
    const allowed = `AUTH shop ${USER_PASSWORD}\r\nSET shop:${key} x\r\n`;
    const words = `GET ${key}\r\n${allowed}GET ${key}\r\n`;
    return [words, /^-NOAUTH.*\r\n\+OK\r\n\+OK\r\n-NOPERM.*\r\n$/];
  }
  if (pool.clientAuth !== null) {
    const words = `GET ${key}\r\nAUTH ${CLIENT_PASSWORD}\r\nSET ${key} x\r\n`;
    return [words, /^-NOAUTH.*\r\n\+OK\r\n\+OK\r\n$/];
  }
  return [`SET ${key} x\r\nGET ${key}\r\n`, /^\+OK\r\n\$1\r\nx\r\n$/];
}

/** Sends it, and reads what comes until the end. */
function ask(listen: Pool['listen'], request: string): Promise<string> {
  const socket = listen.kind === 'unix' ? connect(listen.path) : connect(listen.port, '127.0.0.1');
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end, only ${text}`)));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.end(request);
  });
}
