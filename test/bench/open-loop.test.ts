import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Arrivals } from '../../bench/macro/arrivals.ts';
import { makeBursts } from '../../bench/macro/bursts.ts';
import { Latencies } from '../../bench/macro/latencies.ts';
import { halfLoad } from '../../bench/macro/load-steps.ts';
import { type ProbeOrder, runProbe } from '../../bench/macro/open-loop.ts';
import { workload } from '../../bench/macro/workloads.ts';
import { Random } from '../../bench/random.ts';
import { freePort } from '../support/free-port.ts';

describe('arrivals', () => {
  const times = (seed: number): number[] => {
    const arrivals = new Arrivals(1000, new Random(seed));
    return Array.from({ length: 20_000 }, () => {
      const due = arrivals.next;
      arrivals.advance();
      return due;
    });
  };

  test('come at the rate that was asked for, and never go back', () => {
    const due = times(1);
    assert.ok(Math.abs((due.at(-1) ?? 0) / 20_000 - 1) < 0.03);
    for (let i = 1; i < due.length; i++) assert.ok(due[i] >= due[i - 1]);
  });

  test('are as irregular as independent clients: gaps vary as much as their mean', () => {
    const due = times(2);
    const gaps = due.slice(1).map((time, i) => time - due[i]);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.05);
  });

  test('are the same for the same seed', () => {
    assert.deepEqual(times(3), times(3));
    assert.notDeepEqual(times(3), times(4));
  });
});

describe('recorded latencies', () => {
  test('are known to within a sixteenth', () => {
    const latencies = new Latencies();
    for (let i = 1; i <= 10_000; i++) latencies.record(i / 100);
    for (const [quantile, ms] of [
      [0.5, 50],
      [0.99, 99],
      [0.999, 99.9],
    ] as const) {
      const found = latencies.quantileMs(quantile) ?? 0;
      assert.ok(Math.abs(found / ms - 1) < 1 / 16, `${quantile}: ${found}`);
    }
    assert.equal(latencies.maxMs, 100);
  });

  test('give no quantile that too few of them lie above', () => {
    const latencies = new Latencies();
    for (let i = 0; i < 1000; i++) latencies.record(1);
    assert.notEqual(latencies.quantileMs(0.99), null);
    assert.equal(latencies.quantileMs(0.999), null);
  });

  test('count what is longer than the histogram reaches as its end', () => {
    const latencies = new Latencies();
    for (let i = 0; i < 100; i++) latencies.record(1e9);
    assert.ok((latencies.quantileMs(0.5) ?? 0) > 60_000);
  });
});

describe('bursts', () => {
  test('hold as many commands as the pipeline is deep, with keys of the key space', () => {
    const bursts = makeBursts(['get', 'key:__rand_int__'], 20, 16, 1);
    for (const burst of bursts) {
      const keys = [...burst.toString().matchAll(/\*2\r\n\$3\r\nget\r\n\$16\r\nkey:(\d{12})\r\n/g)];
      assert.equal(keys.length, 16);
      assert.equal(keys.map(([whole]) => whole).join(''), burst.toString());
      for (const [, number] of keys) assert.ok(Number(number) < 20);
    }
  });

  test('are the same for the same seed', () => {
    const make = (seed: number): string => makeBursts(['get', '__rand_int__'], 1e6, 1, seed).join();
    assert.equal(make(1), make(1));
    assert.notEqual(make(1), make(2));
  });
});

describe('half load', () => {
  test('is of what the cores can do that the probe leaves', () => {
    assert.equal(halfLoad(1000, 8), 437.5);
    assert.equal(halfLoad(1000, 2), 250);
    assert.equal(halfLoad(1000, 1), 500);
  });
});

describe('the probe', () => {
  const { command, keySpace, reply } = workload('depth1-get');
  const order: Omit<ProbeOrder, 'port'> = {
    ...{ connections: 4, command, keySpace, reply, depth: 1, seed: 7 },
    ...{ requestsPerSecond: 2000, warmupSeconds: 0.1, seconds: 1 },
  };
  const VALUE = `$100\r\n${'x'.repeat(100)}\r\n`;

  test('sends at its rate and times the replies', async () => {
    const server = await serve((socket) => socket.on('data', answerAll(socket)));
    try {
      const result = await runProbe({ ...order, requestsPerSecond: 400, port: server.port });
      assert.ok(result.requests > 300 && result.requests < 500, `${result.requests}`);
      assert.ok(result.p50Ms !== null && result.p50Ms > 0 && result.p50Ms <= result.maxMs);
      assert.notEqual(result.lateP50Ms, null);
    } finally {
      server.close();
    }
  });

  test('charges a stall to every request that was due in it', async () => {
    let isStalled = false;
    const server = await serve((socket) => {
      const answer = answerAll(socket);
      const kept: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => (isStalled ? kept.push(chunk) : answer(chunk)));
      setTimeout(() => (isStalled = true), 400);
      setTimeout(() => {
        isStalled = false;
        kept.forEach(answer);
      }, 900);
    });
    try {
      const result = await runProbe({ ...order, requestsPerSecond: 1200, port: server.port });
      // Half of the second is stalled: a client that waits for replies would have seen four slow
      // requests, one per connection, and a p90 of a good server.
      assert.ok((result.p99Ms ?? 0) > 400, `p99 ${result.p99Ms}`);
      assert.ok(result.requests > 900, `${result.requests}`);
    } finally {
      server.close();
    }
  });

  test('names no times for a server that does not keep up', async () => {
    const server = await serve((socket) => {
      const answer = answerAll(socket);
      socket.on('data', answer);
      setTimeout(() => socket.off('data', answer), 500);
    });
    try {
      const result = await runProbe({ ...order, port: server.port });
      assert.ok(result.unanswered > 100, `${result.unanswered}`);
      assert.equal(result.p50Ms, null);
      assert.equal(result.p99Ms, null);
    } finally {
      server.close();
    }
  });

  test('fails on a reply that it did not expect', async () => {
    const server = await serve((socket) => socket.on('data', () => socket.write('-ERR no\r\n')));
    try {
      await assert.rejects(runProbe({ ...order, port: server.port }), /unexpected reply: "-ERR no/);
    } finally {
      server.close();
    }
  });

  test('fails when it is disconnected', async () => {
    const server = await serve((socket) => socket.on('data', () => socket.destroy()));
    try {
      await assert.rejects(runProbe({ ...order, port: server.port }), /the probe failed/);
    } finally {
      server.close();
    }
  });

  /** Every request has the same length. */
  function answerAll(socket: Socket): (chunk: Buffer) => void {
    const requestBytes = '*2\r\n$3\r\nget\r\n$16\r\nkey:000000000000\r\n'.length;
    let bytes = 0;
    return (chunk) => {
      bytes += chunk.length;
      const whole = Math.floor(bytes / requestBytes);
      bytes -= whole * requestBytes;
      if (whole > 0) socket.write(VALUE.repeat(whole));
    };
  }

  async function serve(onSocket: (socket: Socket) => void): Promise<FakeServer> {
    const sockets: Socket[] = [];
    const port = await freePort();
    const server: Server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => socket.destroy());
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const close = (): void => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    return { port, close };
  }
});

interface FakeServer {
  readonly port: number;
  close(): void;
}
