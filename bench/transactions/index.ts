// What transactions cost a server: each a SET and an INCR between MULTI and EXEC, of many clients,
// straight at a server and through ringway.

import { connect, type Socket } from 'node:net';
import { ensureServers, type RealServer, startRedis } from '../../test/support/real-servers.ts';
import { encodeRequest, RespClient } from '../../test/support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../../test/support/ringway.ts';
import { parseOptions, runMain, wholeNumber } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { usageOf } from '../macro/process-usage.ts';

const USAGE = `npm run bench:transactions -- [options]
  --seconds N  of each row; default 4`;

const TICK_MS = 10;
/** The reply to EXEC begins so, and nothing else does. */
const EXECUTED = Buffer.from('*2\r\n');

interface Measured {
  readonly transactions: number;
  readonly seconds: number;
  readonly serverMicros: number;
  readonly proxyMicros: number | null;
  readonly connections: number;
}

const block = (key: string): Buffer =>
  Buffer.concat([
    encodeRequest('MULTI'),
    encodeRequest('SET', key, 'x'.repeat(100)),
    encodeRequest('INCR', `${key}:n`),
    encodeRequest('EXEC'),
  ]);

/** Counts transactions that are answered. */
class Client {
  readonly socket: Socket;
  readonly #block: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  done = 0;
  onDone: () => void = () => {};

  constructor(port: number, number: number) {
    this.#block = block(`t:${number}`);
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#count(chunk));
  }

  #count(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(EXECUTED); at >= 0; at = bytes.indexOf(EXECUTED, from)) {
      from = at + EXECUTED.length;
      this.done++;
      this.onDone();
    }
    this.#rest = bytes.subarray(Math.max(from, bytes.length - EXECUTED.length + 1));
  }

  send(count: number): void {
    const blocks = count === 1 ? this.#block : Buffer.concat(Array(count).fill(this.#block));
    this.socket.write(blocks);
  }
}

async function serverConnections(port: number): Promise<number> {
  const admin = await RespClient.open(port);
  const info = String(await admin.command('INFO', 'clients'));
  admin.close();
  return Number(/connected_clients:(\d+)/.exec(info)?.[1]) - 1;
}

interface Target {
  readonly port: number;
  readonly serverPort: number;
  readonly serverPid: number;
  readonly proxyPid: number | null;
}

/** @param drive begins to send, and returns what ends it */
async function measure(
  target: Target,
  count: number,
  seconds: number,
  drive: (clients: readonly Client[]) => () => void,
): Promise<Measured> {
  const clients = Array.from({ length: count }, (_, i) => new Client(target.port, i));
  await Promise.all(
    clients.map(({ socket }) => new Promise((done) => socket.once('connect', done))),
  );
  const stop = drive(clients);
  await new Promise((done) => setTimeout(done, 1000));
  const done = (): number => clients.reduce((sum, each) => sum + each.done, 0);
  const cpu = (pid: number | null): number => (pid === null ? 0 : usageOf(pid).cpuMs * 1000);
  const before = [done(), cpu(target.serverPid), cpu(target.proxyPid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = [done(), cpu(target.serverPid), cpu(target.proxyPid), performance.now()];
  const connections = await serverConnections(target.serverPort);
  stop();
  for (const { socket } of clients) socket.destroy();
  return {
    transactions: after[0] - before[0],
    serverMicros: after[1] - before[1],
    proxyMicros: target.proxyPid === null ? null : after[2] - before[2],
    seconds: (after[3] - before[3]) / 1000,
    connections,
  };
}

/** Each client sends its next blocks when all of those before are answered. */
function closedLoop(depth: number): (clients: readonly Client[]) => () => void {
  return (clients) => {
    let stopped = false;
    for (const client of clients) {
      let left = depth;
      client.onDone = () => {
        if (--left > 0 || stopped) return;
        left = depth;
        client.send(depth);
      };
      client.send(depth);
    }
    return () => {
      stopped = true;
    };
  };
}

/** So many a second in all, each of the next client. */
function atRate(rate: number): (clients: readonly Client[]) => () => void {
  return (clients) => {
    let next = 0;
    let sent = 0;
    const from = performance.now();
    const timer = setInterval(() => {
      const due = ((performance.now() - from) / 1000) * rate;
      for (; sent < due; sent++) clients[next++ % clients.length].send(1);
    }, TICK_MS);
    return () => clearInterval(timer);
  };
}

function row(what: string, { transactions, seconds, ...measured }: Measured): string {
  const per = (micros: number | null): string =>
    micros === null ? '–' : (micros / Math.max(1, transactions)).toFixed(1);
  const percent = ((measured.serverMicros / 1e6 / seconds) * 100).toFixed(1);
  return `| ${[
    what,
    Math.round(transactions / seconds),
    per(measured.serverMicros),
    `${percent} %`,
    per(measured.proxyMicros),
    measured.connections,
  ].join(' | ')} |`;
}

function parse(argv: readonly string[]): number {
  const options = parseOptions(argv, { seconds: 'value' });
  return wholeNumber('seconds', options.value('seconds') ?? '4', 1, 600);
}

async function run(seconds: number): Promise<void> {
  ensureServers();
  const redis = await startRedis();
  const ringway = await startChild({ servers: shards([redis.port]) });
  try {
    await compare(redis, ringway, seconds);
  } finally {
    await ringway.stop();
    await redis.stop();
  }
}

async function compare(redis: RealServer, ringway: ChildRingway, seconds: number): Promise<void> {
  const straight: Target = {
    port: redis.port,
    serverPort: redis.port,
    serverPid: redis.pid,
    proxyPid: null,
  };
  const through: Target = { ...straight, port: ringway.port, proxyPid: ringway.pid };
  console.log(describeMachine(thisMachine()));
  console.log(
    '| work | transactions/s | server CPU, µs each | of one core | ringway CPU | connections |',
  );
  console.log('|---|--:|--:|--:|--:|--:|');
  for (const [name, target] of [
    ['straight', straight],
    ['through ringway', through],
  ] as const) {
    console.log(
      row(`300/s of 100 clients, ${name}`, await measure(target, 100, seconds, atRate(300))),
    );
    for (const depth of [1, 4, 16, 64]) {
      const what = `50 clients, ${depth} in one write, ${name}`;
      console.log(row(what, await measure(target, 50, seconds, closedLoop(depth))));
    }
  }
}

await runMain(USAGE, (argv) => run(parse(argv)));
