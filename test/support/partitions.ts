import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

// Servers of a test behind relays, one each: whoever connects is told apart by its process, and two
// parties can be cut off from each other as by a network that swallows everything.

/** Somebody who connects to servers. */
export interface Party {
  readonly name: string;
  /** Its process; those that it has started belong to it. */
  pid(): number;
}

interface Line {
  readonly party: string;
  readonly sockets: readonly [Socket, Socket];
}

function processesOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return [
      pid,
      ...children
        .split(' ')
        .filter((each) => each !== '')
        .map(Number),
    ];
  } catch {
    // It has ended.
    return [];
  }
}

/** The inode of the socket that a connection to `port` of this machine comes from. */
function inodeOf(from: number, port: number): string | null {
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (local?.endsWith(`:${hex(from)}`) && remote?.endsWith(`:${hex(port)}`)) return inode;
  }
  return null;
}

function hasInode(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      return linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
    });
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return '';
  }
}

/** What stands before one server. */
class Relay {
  readonly port: number;
  readonly #server: Server;
  readonly #lines: Set<Line> = new Set();

  constructor(port: number, target: () => number, partyOf: (from: number, to: number) => string) {
    this.port = port;
    this.#server = createServer({ allowHalfOpen: false }, (socket) => {
      const party = partyOf(socket.remotePort ?? 0, port);
      this.#open(party, socket, target());
    });
  }

  isCut: (party: string) => boolean = () => false;

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
  }

  #open(party: string, socket: Socket, port: number): void {
    const line: Line = { party, sockets: [socket, connect(port, '127.0.0.1')] };
    this.#lines.add(line);
    const cut = this.isCut(party);
    for (const [i, each] of line.sockets.entries()) {
      const other = line.sockets[1 - i];
      each.setNoDelay(true);
      each.on('data', (chunk) => void other.write(chunk));
      each.on('error', () => each.destroy());
      each.on('close', () => this.#onClosed(line, other));
      if (cut) each.pause();
    }
  }

  /** What is closed behind a cut the other side does not hear of. */
  #onClosed(line: Line, other: Socket): void {
    if (this.isCut(line.party)) return;
    other.destroy();
    this.#lines.delete(line);
  }

  /** The parties that may talk to it have become others. */
  update(): void {
    for (const line of [...this.#lines]) {
      const cut = this.isCut(line.party);
      for (const socket of line.sockets) {
        if (cut) socket.pause();
        else socket.resume();
      }
      if (!cut && line.sockets.some(({ destroyed }) => destroyed)) {
        for (const socket of line.sockets) socket.destroy();
        this.#lines.delete(line);
      }
    }
  }

  close(): void {
    this.#server.close();
    for (const { sockets } of this.#lines) for (const socket of sockets) socket.destroy();
  }
}

/** A network of servers behind relays, and of parties that connect to them. */
export class Partitions {
  readonly #relays: Map<string, Relay> = new Map();
  readonly #parties: Map<string, () => number> = new Map();
  readonly #cuts: Set<string> = new Set();

  /** @returns the port at which everybody reaches the server */
  async relay(name: string, target: () => number): Promise<number> {
    const relay = new Relay(await freePort(), target, (from, to) => this.#partyOf(from, to));
    relay.isCut = (party) => this.#cuts.has(`${party} ${name}`);
    this.#relays.set(name, relay);
    await relay.listen();
    return relay.port;
  }

  add({ name, pid }: Party): void {
    this.#parties.set(name, pid);
  }

  #partyOf(from: number, to: number): string {
    const inode = inodeOf(from, to);
    if (inode === null) return '';
    for (const [name, pid] of this.#parties) {
      if (processesOf(pid()).some((each) => hasInode(each, inode))) return name;
    }
    return '';
  }

  /** Nothing passes between a party and a server, in either direction. */
  cut(party: string, server: string): void {
    this.#cuts.add(`${party} ${server}`);
    this.#relays.get(server)?.update();
  }

  /** Two servers, or a proxy and a server, hear nothing of each other. */
  part(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  heal(): void {
    this.#cuts.clear();
    for (const relay of this.#relays.values()) relay.update();
  }

  close(): void {
    for (const relay of this.#relays.values()) relay.close();
  }
}
