import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { start } from '../../src/index.ts';
import { freePort } from '../support/free-port.ts';
import { checkPrometheus, type Samples } from '../support/prometheus-text.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, poolFile, shards, startChild } from '../support/ringway.ts';
import { closed, delay, waitFor } from '../support/wait.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('the HTTP address', () => {
  let redis: RealServer[];
  let ringway: ChildRingway;
  let port: number;

  before(async () => {
    redis = await startRedisSet(2);
    port = await freePort();
    ringway = await startChild(
      { name: 'alpha', servers: shards(redis.map((server) => server.port)) },
      { args: ['--http-addr', String(port)] },
    );
    const client = await RespClient.open(ringway.port);
    for (let i = 0; i < 200; i++) {
      await client.command('SET', `key:${i}`, 'value');
      await client.command('GET', `key:${i}`);
    }
    await client.command('MGET', 'key:1', 'key:2', 'key:3', 'key:4', 'key:5');
    await client.command('NO-SUCH-COMMAND');
    client.close();
  });

  after(async () => {
    await ringway?.stop();
    await Promise.all((redis ?? []).map((server) => server.stop()));
  });

  function ask(path: string, method = 'GET', body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === '' ? {} : { 'Content-Length': body.length };
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: text });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Sends raw bytes; resolves with all that comes until the other side closes. */
  function raw(bytes: string): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.write(bytes, 'latin1');
    return closed(socket).then(() => text);
  }

  /** Whether one that sends half of a head is cut off well before one that asks for no more. */
  async function headIsFirst(): Promise<boolean> {
    let idleIsOver = false;
    const idle = raw('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n').then(() => {
      idleIsOver = true;
    });
    assert.match(await raw('GET /healthz HTTP/1.1\r\nHost: a\r\n'), /^(HTTP\/1\.1 408|$)/);
    // Without a limit of its own for heads it would be kept for as long as any request.
    await delay(2000);
    const isFirst = !idleIsOver;
    await idle;
    return isFirst;
  }

  async function metrics(): Promise<Samples> {
    return checkPrometheus((await ask('/metrics')).body);
  }

  test('health and readiness', async () => {
    assert.deepEqual(pick(await ask('/healthz')), [200, 'ok\n']);
    assert.deepEqual(pick(await ask('/readyz')), [200, 'ready\n']);
    assert.deepEqual(pick(await ask('/readyz?verbose')), [200, 'ready\n']);
  });

  test('metrics are well-formed, and say what the clients did', async () => {
    const { headers } = await ask('/metrics');
    assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
    const samples = await metrics();
    const requests = samples.sum('ringway_requests_total', { pool: 'alpha' });
    const fragments = samples.sum('ringway_total_seconds_count', { class: 'multi' });
    assert.ok(fragments >= 1 && fragments <= 2);
    assert.equal(requests, 400 + fragments);
    assert.equal(samples.sum('ringway_total_seconds_count', { class: 'read' }), 200);
    assert.equal(samples.sum('ringway_queue_seconds_count', { class: 'write' }), 200);
    assert.equal(samples.sum('ringway_server_seconds_count', { class: 'write' }), 200);
    assert.equal(samples.sum('ringway_server_live', {}), 2);
    assert.ok(Math.abs(samples.sum('ringway_server_ring_share', {}) - 1) < 1e-9);
    const total = samples.sum('ringway_total_seconds_sum', {});
    const queue = samples.sum('ringway_queue_seconds_sum', {});
    const server = samples.sum('ringway_server_seconds_sum', {});
    assert.ok(queue + server <= total + 1e-3, `${queue} + ${server} of ${total}`);
    assert.ok(total > 0 && total < 60);
  });

  test('counters go up by what was done, and server time follows a slow server', async () => {
    const before = await metrics();
    const client = await RespClient.open(ringway.port);
    const began = performance.now();
    redis[0].kill('SIGSTOP');
    redis[1].kill('SIGSTOP');
    const reply = client.command('GET', 'key:1');
    await delay(300);
    for (const server of redis) server.kill('SIGCONT');
    await reply;
    const seconds = (performance.now() - began) / 1000;
    client.close();
    const after = await metrics();
    const delta = (name: string): number => after.sum(name, {}) - before.sum(name, {});
    assert.equal(delta('ringway_requests_total'), 1);
    assert.equal(delta('ringway_server_seconds_count'), 1);
    const took = delta('ringway_server_seconds_sum');
    const queued = delta('ringway_queue_seconds_sum');
    assert.ok(took > 0.25 && took + queued <= seconds, `${took} + ${queued} of ${seconds}`);
    assert.ok(queued < took, String(queued));
  });

  test('every metric of the dashboard exists', async () => {
    const dashboard = readFileSync('packaging/grafana-dashboard.json', 'utf8');
    const { body } = await ask('/metrics');
    const { names } = checkPrometheus(body);
    const used = new Set(dashboard.match(/\b(ringway|process)_[a-z_]+\b/g));
    assert.ok(used.size > 10);
    // Without replicas theirs have no values.
    const isDeclared = (name: string) => body.includes(`\n# TYPE ${name} `);
    for (const name of used) {
      assert.ok(names.has(name) || isDeclared(name), `${name} is not in /metrics`);
    }
  });

  test('the status has all pools and servers, and no keys', async () => {
    const { body, headers } = await ask('/status.json');
    assert.equal(headers['content-type'], 'application/json');
    const status = JSON.parse(body);
    assert.equal(status.state, 'ready');
    assert.equal(status.pools[0].servers.length, 2);
    assert.ok(status.pools[0].latency.total[1] > 0);
    assert.doesNotMatch(body, /key:/);
  });

  test('only GET and HEAD, only the known paths', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await ask('/metrics', method, method === 'OPTIONS' ? '' : 'body');
      assert.equal(answer.status, 405, method);
      assert.equal(answer.headers.allow, 'GET, HEAD');
    }
    const head = await ask('/', 'HEAD');
    assert.deepEqual(pick(head), [200, '']);
    assert.ok(Number(head.headers['content-length']) > 500);
    for (const path of [
      '/nothing',
      '/../package.json',
      '/page/../../package.json',
      '/%2e%2e/package.json',
      '//etc/passwd',
      '/page.js/',
      '/reload',
      '/drain',
    ]) {
      assert.equal((await ask(path)).status, 404, path);
    }
    assert.equal((await ask(`/${'x'.repeat(3000)}`)).status, 414);
  });

  test('says what a browser may do with it', async () => {
    const { headers } = await ask('/');
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
  });

  test('rubbish, huge headers and requests that never end are cut off', async () => {
    assert.match(await raw('*1\r\n$4\r\nPING\r\n'), /^HTTP\/1\.1 400/);
    assert.match(
      await raw(`GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431/,
    );
    // A process that stands still for seconds finds both too late.
    assert.ok((await headIsFirst()) || (await headIsFirst()) || (await headIsFirst()));
    assert.deepEqual(pick(await ask('/healthz')), [200, 'ok\n']);
  });

  test('many connections at once do not hurt it', async () => {
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      return socket;
    });
    await delay(200);
    for (const socket of sockets) socket.destroy();
    await waitFor('an answer', async () => (await ask('/healthz')).status === 200);
  });

  test('while it drains it is healthy but not ready', async () => {
    const client = await RespClient.open(ringway.port);
    for (const server of redis) server.kill('SIGSTOP');
    const reply = client.command('GET', 'key:1').catch(() => null);
    await delay(50);
    ringway.kill('SIGTERM');
    await waitFor('the drain', async () => (await ask('/readyz')).status === 503);
    assert.deepEqual(pick(await ask('/readyz')), [503, 'draining\n']);
    assert.deepEqual(pick(await ask('/healthz')), [200, 'ok\n']);
    for (const server of redis) server.kill('SIGCONT');
    await reply;
    assert.equal(await ringway.gone(), 0);
  });
});

describe('an HTTP address that is taken', () => {
  test('is a warning when nobody asked for it, and the proxy runs', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
    const { port } = taken.address() as AddressInfo;
    const lines: string[] = [];
    const { text } = await poolFile([{ servers: ['127.0.0.1:1'] }]);
    const ringway = await start({
      config: parseConfig(Buffer.from(text), 'test.yml'),
      http: { host: '127.0.0.1', port, optional: true },
      log: { level: 11, write: (_level, line) => void lines.push(line) },
    });
    await ringway.stop(0);
    taken.close();
    assert.match(
      lines.join('\n'),
      /cannot serve HTTP .* going on without \(choose one with --http/,
    );
  });

  test('ends it when it was asked for', async () => {
    const port = await freePort();
    const args = ['--http-addr', `127.0.0.1:${port}`];
    const first = await startChild({ servers: ['127.0.0.1:1'] }, { args });
    await assert.rejects(startChild({ servers: ['127.0.0.1:1'] }, { args }), /cannot serve HTTP/);
    await first.stop();
  });
});

function pick({ status, body }: Answer): [number, string] {
  return [status, body];
}
