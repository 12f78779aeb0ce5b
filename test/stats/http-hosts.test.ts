import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { HTTP_CONNECTIONS, HTTP_PIPELINE } from '../../src/limits.ts';
import { freePort } from '../support/free-port.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { closed, delay, waitFor } from '../support/wait.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const PATHS = ['/', '/page.js', '/page.css', '/charts.js', '/metrics', '/status.json', '/nothing'];
const PROBES: [path: string, body: string][] = [
  ['/healthz', 'ok\n'],
  ['/readyz', 'ready\n'],
];

const started: ChildRingway[] = [];
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
});

/** @returns the port of the HTTP address */
async function start(host: string, ...args: string[]): Promise<number> {
  const port = await freePort();
  const more = ['--http-addr', `${host}:${port}`, ...args];
  started.push(await startChild({ servers: ['127.0.0.1:1:1 s1'] }, { args: more }));
  return port;
}

function ask(port: number, path: string, host: string, agent: false | undefined = undefined) {
  return new Promise<Answer>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { Host: host }, timeout: 20_000 };
    const sent = request(agent === false ? { ...options, agent } : options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end();
  });
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

/** Sends raw bytes; resolves with all that comes until the other side closes. */
function raw(port: number, bytes: string): Promise<string> {
  const socket = open(port);
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes, 'latin1');
  return closed(socket).then(() => text);
}

describe('requests for another host', () => {
  let port: number;
  before(async () => {
    port = await start('127.0.0.1', '--http-hosts', 'metrics.example,Ringway_1');
  });

  test('are refused with a text that names the option, whatever the path', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'metrics.example.evil',
      'xmetrics.example',
      '[evil]',
      'a:b:c',
      '127.0.0.1:80@evil.example',
      '*',
      '.',
    ]) {
      for (const path of PATHS) {
        const { status, body } = await ask(port, path, host);
        assert.equal(status, 421, `${host} ${path}`);
        assert.match(body, /^this host name is not known here: .*--http-hosts=NAME\n$/);
      }
    }
  });

  test('are answered where they are probes: those have any name', async () => {
    for (const [path, body] of PROBES) {
      const answer = await ask(port, path, 'pod.namespace.example');
      assert.deepEqual([answer.status, answer.body], [200, body]);
    }
  });

  test('addresses, localhost and the names of --http-hosts are ours, with any port', async () => {
    for (const host of [
      '127.0.0.1',
      '10.1.2.3:22223',
      '[::1]',
      '[2001:db8::1]:80',
      'localhost',
      'LocalHost:1',
      'localhost.',
      'metrics.example',
      'METRICS.example.:22223',
      'ringway_1',
    ]) {
      assert.equal((await ask(port, '/status.json', host)).status, 200, host);
    }
  });

  test('no host at all, as old probes ask, is no other host', async () => {
    assert.match(await raw(port, 'GET /metrics HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
    assert.match(
      await raw(port, 'GET http://evil.example/metrics HTTP/1.0\r\n\r\n'),
      /^HTTP\/1\.1 404 /,
    );
  });

  test('the configured host is ours', async () => {
    const named = await start('localhost');
    assert.equal((await ask(named, '/metrics', `localhost:${named}`)).status, 200);
    assert.equal((await ask(named, '/metrics', 'metrics.example')).status, 421);
  });

  test('* lets all names in', async () => {
    const any = await start('127.0.0.1', '--http-hosts=*');
    assert.equal((await ask(any, '/metrics', 'evil.example')).status, 200);
  });

  test('pages of other sites may neither read, embed nor frame an answer', async () => {
    for (const path of [...PATHS, '/healthz']) {
      const { headers } = await ask(port, path, '127.0.0.1');
      assert.equal(headers['access-control-allow-origin'], undefined);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    }
  });
});

describe('connections to the HTTP address', () => {
  let port: number;
  before(async () => {
    port = await start('127.0.0.1');
  });
  const MANY = 3 * HTTP_CONNECTIONS;

  /** Probes as they come: each on a connection of its own. */
  async function probed(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      for (const [path, body] of PROBES) {
        assert.equal((await ask(port, path, 'probe', false)).body, body);
      }
    }
  }

  for (const [what, bytes] of [
    ['that say nothing', ''],
    ['that never end their first line', 'GET /'],
    ['that never end their headers', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n'],
    ['that never end their body', 'GET / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9\r\n\r\nx'],
    ['that are kept open', 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['that read none of their answers', 'GET /page.js HTTP/1.1\r\nHost: [::1]\r\n\r\n'.repeat(4)],
  ] as const) {
    test(`${MANY} ${what} keep no probe out`, async () => {
      const sockets = Array.from({ length: MANY }, () => {
        const socket = open(port);
        if (bytes !== '') socket.write(bytes);
        return socket;
      });
      await delay(200);
      await probed(10);
      for (const socket of sockets) socket.destroy();
    });
  }

  test('drip by drip: each is closed in time, with the probes answered all the while', async () => {
    const sockets = Array.from({ length: 20 }, () => open(port));
    let closed = 0;
    for (const socket of sockets) {
      socket.on('close', () => closed++);
      socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n');
    }
    const drip = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write('X-A: b\r\n');
    }, 200);
    try {
      await waitFor('all to be closed', async () => {
        await probed(1);
        return closed === sockets.length;
      });
    } finally {
      clearInterval(drip);
    }
  });

  test('one that asks for more and more before it reads is closed', async () => {
    const asked = 'GET /metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n';
    const text = await raw(port, asked.repeat(1000));
    assert.ok(text.split('HTTP/1.1 200').length - 1 <= HTTP_PIPELINE);
    await probed(1);
  });
});
