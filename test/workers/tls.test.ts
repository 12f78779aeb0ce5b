import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { QUIET_LEAVE_MS } from '../../src/limits.ts';
import { Authority, certificates, type PairFiles } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { fill, PipelinedLoad } from '../support/pipelined-load.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';
import { inTime, waitFor } from '../support/wait.ts';

// TLS over reloads, worker processes and upgrades.

const { authority, server: pair } = certificates();
const folder = mkdtempSync(join(tmpdir(), 'ringway-tls-workers-'));
const started: ChildRingway[] = [];
/** Processes that upgrades have started: they hold the output of the first one open. */
const successors: number[] = [];
let redis: TlsRedis[] = [];

before(async () => {
  redis = await Promise.all([startTlsRedis(), startTlsRedis()]);
  await fill(redis.map(({ server }) => server));
});
after(async () => {
  for (const ringway of started) if (ringway.child.exitCode === null) ringway.kill('SIGKILL');
  await Promise.all(redis.map(({ server }) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
  for (const pid of successors) process.kill(pid, 'SIGKILL');
});

type Running = ChildRingway & {
  readonly socket: string;
  /** Puts another certificate where the file names one. */
  install(files: PairFiles): void;
};

async function run(...args: string[]): Promise<Running> {
  const number = await freePort();
  const socket = join(folder, `${number}.sock`);
  const files = { cert: join(folder, `${number}.pem`), key: join(folder, `${number}.key`) };
  const install = ({ cert, key }: PairFiles): void => {
    copyFileSync(cert, files.cert);
    copyFileSync(key, files.key);
  };
  install(pair);
  const keys = {
    ...{ tls: true, tls_cert_file: files.cert, tls_key_file: files.key },
    ...{ server_tls: true, server_tls_ca_file: authority.ca },
  };
  const servers = redis.map(({ tlsPort }, i) => `127.0.0.1:${tlsPort}:1 s${i + 1}`);
  const more = ['--admin-socket', socket, '--http-addr', 'off', ...args];
  const ringway = await startChild({ servers, ...keys }, { args: more });
  started.push(ringway);
  return { ...ringway, socket, install };
}

const ANYONE = { rejectUnauthorized: false };
const NOTHING_WRONG = { wrong: 0, lost: 0, refused: 0, unanswered: 0, first: '' };

/** The name that a new connection is shown. */
async function shown(port: number): Promise<string> {
  const socket = await secure(port);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN as string;
}

function secure(port: number, session?: Buffer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', ...ANYONE };
    const socket = connect(session === undefined ? options : { ...options, session });
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(socket));
  });
}

/** A session that a connection was given. */
async function sessionOf(port: number): Promise<Buffer> {
  const socket = await secure(port);
  const session = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.resume();
  socket.write('PING\r\n');
  const kept = await inTime('a session', session);
  socket.destroy();
  return kept;
}

async function isResumed(port: number, session: Buffer): Promise<boolean> {
  const socket = await secure(port, session);
  const resumed = socket.isSessionReused();
  socket.destroy();
  return resumed;
}

describe('a reload under load', () => {
  test('exchanges certificates: no reply is wrong, nobody is refused or cut off', async () => {
    const ringway = await run('--workers', '2');
    const options = { port: ringway.port, clients: 4, depth: 16, visitorsEveryMs: 20, tls: ANYONE };
    const load = new PipelinedLoad(options);
    await waitFor('some load', () => load.answered > 2_000);
    const seen: string[] = [];
    for (let i = 1; i <= 4; i++) {
      ringway.install(authority.issue({ commonName: `number ${i}` }));
      await askAdmin(ringway.socket, 'reload');
      seen.push(await shown(ringway.port));
    }
    const answered = load.answered;
    await waitFor('more load', () => load.answered > answered + 2_000);
    await load.stop();
    assert.deepEqual(load.summary, NOTHING_WRONG);
    assert.deepEqual(seen, ['number 1', 'number 2', 'number 3', 'number 4']);
    await ringway.stop();
  });

  test('with a pair that is wrong in whatever way changes nothing, and says why', async () => {
    const ringway = await run('--workers', '2');
    const options = { port: ringway.port, clients: 4, depth: 16, visitorsEveryMs: 20, tls: ANYONE };
    const load = new PipelinedLoad(options);
    await waitFor('some load', () => load.answered > 500);
    const other = new Authority().issue();
    const locked = authority.issue({ passphrase: 'secret' });
    for (const bad of [
      { cert: other.cert, key: pair.key },
      { cert: pair.key, key: pair.cert },
      { cert: authority.ca, key: pair.key },
      locked,
    ]) {
      ringway.install(bad);
      await assert.rejects(
        askAdmin(ringway.socket, 'reload'),
        /tls_cert_file: certificate and key cannot be used together/,
      );
      assert.equal(await shown(ringway.port), 'ringway test');
    }
    const { answered } = load;
    await waitFor('more load', () => load.answered > answered + 500);
    await load.stop();
    assert.deepEqual(load.summary, NOTHING_WRONG);
    ringway.install(authority.issue({ commonName: 'a good one' }));
    await askAdmin(ringway.socket, 'reload');
    assert.equal(await shown(ringway.port), 'a good one');
    await ringway.stop();
  });

  test('that takes TLS away, or brings it, opens and closes doors', async () => {
    const ringway = await run('--workers', '2');
    const client = await RespClient.open({ port: ringway.port, tls: ANYONE });
    const text = readFileSync(ringway.file, 'latin1');
    const tlsPort = await freePort();
    writeFileSync(ringway.file, text.replace(' tls: true', ` tls_listen: 127.0.0.1:${tlsPort}`));
    await askAdmin(ringway.socket, 'reload');
    assert.equal(await client.command('PING'), 'PONG', 'who is there stays');
    const plain = await RespClient.open(ringway.port);
    assert.equal(await plain.command('PING'), 'PONG');
    assert.equal(await shown(tlsPort), 'ringway test');
    plain.close();
    client.close();
    await ringway.stop();
  });
});

describe('sessions', () => {
  test('are taken up by every worker, and by the program that takes over', async () => {
    const ringway = await run('--workers', '2');
    const session = await sessionOf(ringway.port);
    for (let i = 0; i < 4; i++) assert.equal(await isResumed(ringway.port, session), true, `${i}`);
    const { pid } = (await askAdmin(ringway.socket, 'upgrade')) as { pid: number };
    successors.push(pid);
    await waitFor('the old process to end', () => ringway.child.exitCode !== null, 40_000);
    for (let i = 0; i < 4; i++) assert.equal(await isResumed(ringway.port, session), true, `${i}`);
  });
});

test('an upgrade serves TLS clients on, and closes each in a pause', async () => {
  const ringway = await run();
  const busy = await RespClient.open({ port: ringway.port, tls: ANYONE });
  const idle = await RespClient.open({ port: ringway.port, tls: ANYONE });
  assert.equal(await idle.command('PING'), 'PONG');
  assert.match(String(await busy.command('GET', 'key:1')), /^key:1@/);
  let answered = performance.now();
  let until = Number.POSITIVE_INFINITY;
  // It asks on while the next process starts: whoever is silent as long as that is in a pause.
  const upgrade = askAdmin(ringway.socket, 'upgrade').then((reply) => {
    successors.push((reply as { pid: number }).pid);
    until = performance.now() + 2_500;
  });
  for (; answered < until; answered = performance.now()) {
    const said = await busy.command('GET', 'key:1').catch((error: Error) => error);
    // On a busy machine it has made a pause itself.
    if (performance.now() - answered > QUIET_LEAVE_MS / 2) break;
    assert.match(String(said), /^key:1@/);
  }
  await upgrade;
  assert.equal((await idle.readToEnd()).length, 0);
  const other = await RespClient.open({ port: ringway.port, tls: ANYONE });
  assert.equal(await other.command('PING'), 'PONG');
  assert.equal((await busy.readToEnd()).length, 0, 'its pause');
  await waitFor('the old process to end', () => ringway.child.exitCode !== null);
  assert.equal(await other.command('PING'), 'PONG');
  other.close();
});
