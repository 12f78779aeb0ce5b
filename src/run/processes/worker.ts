import type { CodecChoice } from '../../codec/choices.ts';
import { LOG_ERROR, type Log } from '../../log.ts';
import type { ReaderKind } from '../../net/reader.ts';
import { BoundedSiblings } from '../../proxy/engine/siblings.ts';
import type { ServerOrder } from '../../proxy/pool/connections/order.ts';
import { packSnapshot } from '../../stats/merge.ts';
import type { AnyStep, Known } from '../../topology/known.ts';
import { LocalProxy } from '../local-proxy.ts';
import type { NameAddresses, PreparedChange } from '../serving.ts';
import { heirAt, onClient, onExpected } from './client-message.ts';
import { Peer } from './peer.ts';
import { configOf, type TextMessage } from './text-message.ts';

// A worker process: the engine alone. Its clients, its configuration and its end come from the
// first process, and its log lines go there.

/** What the first process starts a worker with. */
export interface WorkerStart extends TextMessage {
  readonly codec: CodecChoice;
  readonly reader: ReaderKind | null;
  readonly latency: boolean;
  readonly memoryLimit: number;
  readonly maxConnections: number;
  readonly version: string;
  readonly workers: number;
  readonly traceRate: number;
  /** Processes that have numbered their clients before. */
  readonly numbered: number;
  readonly level: number;
  readonly known: readonly Known[];
  readonly orders: readonly ServerOrder[];
}

/** What it says when it has started. */
export interface StartAnswer {
  readonly codec: string;
  readonly reader: string;
}

/** Which clients hold most. */
export interface ClientsQuestion {
  readonly pool: string;
  readonly count: number;
}

/** What an operator wants of single servers. */
export interface OrdersMessage {
  readonly orders: readonly ServerOrder[];
  readonly enabled: ServerOrder | null;
}

/** What the other workers say to a question of one. */
export interface SiblingsAnswer {
  readonly answers: readonly object[];
}

const peer = new Peer(process, 'the first process');
const log: Log = {
  level: 0,
  write: (level, message, fields) => {
    if (level <= log.level) peer.tell('log', { level, message, fields });
  },
};
let proxy: LocalProxy | null = null;
let prepared: PreparedChange | null = null;
/** How many were begun or called off. */
let changes = 0;

function started(): LocalProxy {
  if (proxy === null) throw new Error('the worker has not been started');
  return proxy;
}

/** What was made ready for another configuration is not wanted, or not any more. */
function callOff(): void {
  changes++;
  prepared?.abort();
  prepared = null;
}

peer.on('start', (message: WorkerStart) => {
  log.level = message.level;
  const { config } = configOf(message);
  const siblings = new BoundedSiblings(async (question) => {
    return (await peer.ask<SiblingsAnswer>('siblings', { question })).answers;
  });
  proxy = new LocalProxy(config, {
    ...message,
    log,
    siblings,
    onTrouble: (pool, server, isHint) => peer.tell('trouble', { pool, server, isHint }),
  });
  proxy.preconnect();
  return { codec: proxy.codec, reader: proxy.reader };
});
onClient(peer, (client) => started().adopt(client));
onExpected(peer, (question) => started().expect(question));
peer.on('tickets', ({ secret }: { secret: string }) => {
  started().setTicketSecret(Buffer.from(secret, 'base64'));
});
peer.on('level', ({ level }: { level: number }) => {
  log.level = level;
});
peer.on('steer', ({ step }: { step: AnyStep }) => started().steer(step));
peer.on('addresses', ({ addresses }: { addresses: NameAddresses }) => {
  started().setAddresses(addresses);
});
peer.on('orders', ({ orders, enabled }: OrdersMessage) => {
  started().setOrders(orders, enabled);
});
peer.on('clients', ({ pool, count }: ClientsQuestion) => ({
  clients: started().clients(pool, count),
}));
peer.on('sibling', ({ question }: { question: object }) => started().answerSibling(question));
peer.on('traces', () => started().takeTraces());
peer.on('snapshot', () => packSnapshot(started().snapshot()));
peer.on('prepare', async (message: TextMessage) => {
  callOff();
  const mine = changes;
  const fresh = await started().prepare(configOf(message));
  // Meanwhile the first process may have waited long enough.
  if (mine !== changes) {
    fresh.abort();
    throw new Error('the change was called off');
  }
  prepared = fresh;
});
peer.on('commit', async ({ drainMs }: { drainMs: number }) => {
  const taken = prepared;
  if (taken === null) throw new Error('no change was made ready');
  // While its connections drain another one may be made ready.
  prepared = null;
  await taken.commit(drainMs);
});
peer.on('abort', callOff);
peer.on('leave', async ({ limitMs }: { limitMs: number }) => {
  await started().handOver(heirAt(peer), limitMs);
  return stop(0);
});
peer.on('stop', ({ drainMs }: { drainMs: number }) => stop(drainMs));
peer.on('exit', () => process.exit(0));

/** @returns what was counted to the last */
async function stop(drainMs: number): Promise<object> {
  await started().stop(drainMs);
  return packSnapshot(started().snapshot());
}

// The first process decides; a terminal and a service manager signal all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
  process.on(signal, () => {});
}
for (const signal of ['SIGTTIN', 'SIGTTOU'] as const) process.on(signal, () => {});
process.on('disconnect', () => {
  const done = (): never => process.exit(0);
  if (proxy === null) done();
  else void proxy.stop().then(done);
});
process.on('uncaughtException', (error) => {
  const lines = (error.stack ?? String(error)).split('\n');
  for (const message of lines) peer.tell('log', { level: LOG_ERROR, message });
  peer.tell('log', { level: LOG_ERROR, message: 'the worker ends' }, undefined, () => {
    process.exit(1);
  });
});
