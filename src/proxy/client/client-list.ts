import { exactMillis, wallMillis } from '../engine/clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Pool } from '../pool/pool.ts';
import type { ClientConnection } from './client-connection.ts';
import { QUEUEING } from './session/modes.ts';

/** All clients of a process; closed ones whose replies are still swallowed among them. */
export function allClients(engine: Engine): ClientConnection[] {
  return engine.clients.filter((client) => client !== null) as ClientConnection[];
}

/** The clients of a pool, oldest first. */
export function clientsOf(pool: Pool): ClientConnection[] {
  const clients = allClients(pool.engine).filter((each) => each.pool === pool && !each.closed);
  return clients.sort((a, b) => a.session.number - b.session.number);
}

/** A client as an operator is shown it. */
export interface ClientView {
  /** As CLIENT ID says it. */
  readonly id: number;
  readonly address: string;
  readonly name: string;
  /** Of requests and replies that wait for it. */
  readonly heldBytes: number;
  /** Requests that are not answered. */
  readonly unanswered: number;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  /** As CLIENT LIST has them. */
  readonly flags: string;
}

function viewOf(client: ClientConnection): ClientView {
  return {
    id: client.session.number,
    address: peerAddress(client),
    name: Buffer.from(client.session.name, 'latin1').toString('utf8'),
    heldBytes: client.heldBytes,
    unanswered: client.pipeline.outstanding,
    ...agesOf(client),
    flags: flagsOf(client),
  };
}

/** How long it has been there, and how long nothing has come from it. */
export function agesOf(client: ClientConnection): Pick<ClientView, 'ageSeconds' | 'idleSeconds'> {
  return {
    ageSeconds: Math.floor((wallMillis() - client.session.since) / 1000),
    idleSeconds: Math.floor(Math.max(0, exactMillis() - client.lastRead) / 1000),
  };
}

/** Who holds more comes first, then who waits for more, then who is idle for less long. */
export function byWeight(a: ClientView, b: ClientView): number {
  const more = b.heldBytes - a.heldBytes || b.unanswered - a.unanswered;
  return more || a.idleSeconds - b.idleSeconds;
}

/** The `count` clients of a pool that hold most. */
export function largestClients(pool: Pool, count: number): ClientView[] {
  return clientsOf(pool).map(viewOf).sort(byWeight).slice(0, count);
}

function addressOf(host: string | undefined, port: number | undefined, client: ClientConnection) {
  if (host !== undefined) return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const { listen } = client.pool.config;
  return `${listen.kind === 'unix' ? listen.path : ''}:0`;
}

/** Where a client comes from, as CLIENT LIST shows it. */
export function peerAddress(client: ClientConnection): string {
  return addressOf(client.socket.remoteAddress, client.socket.remotePort, client);
}

/** The address that a client has connected to, in the same form. */
export function localAddress(client: ClientConnection): string {
  return addressOf(client.socket.localAddress, client.socket.localPort, client);
}

/** What a client is doing: letters of CLIENT LIST. */
export function flagsOf({ session, subscribed }: ClientConnection): string {
  const { mode, noEvict, detour, tracking } = session;
  const flags = [
    session.monitoring === null ? '' : 'O',
    subscribed ? 'P' : '',
    mode === QUEUEING ? 'x' : '',
    detour?.blocked ? 'b' : '',
  ];
  flags.push(tracking?.flags ?? '', noEvict ? 'e' : '');
  return flags.join('') || 'N';
}
