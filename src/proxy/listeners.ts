import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { ListenConfig, PoolConfig } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { LOG_ERROR, LOG_NOTICE, type Log } from '../log.ts';
import { handleOf, type NativeHandle, startReading, stopReading } from '../net/handles.ts';
import { type Listener, type ListenOptions, listen } from '../net/listener.ts';
import { type FileId, SocketFile } from '../net/socket-file.ts';

/** A listening socket of another process. */
export interface GivenListener {
  readonly handle: NativeHandle;
  /** Of a unix socket whose name that process has made. */
  readonly file: FileId | null;
}

/** Listening sockets that are open already. */
export interface GivenListeners {
  /** From the service manager, by the name of their pool; of `tls_listen` with `-tls` behind it. */
  readonly fds?: ReadonlyMap<string, number>;
  /** From the process before this one, by `listen`. */
  readonly handles?: ReadonlyMap<string, GivenListener>;
}

/** Who gets what the listeners accept. */
export interface ListenerOptions extends GivenListeners {
  readonly log: Log;
  /** Accepted sockets are for another process: nothing is read of them. */
  readonly paused?: boolean;
  /** @param tls the client speaks TLS: it has a handshake before it */
  onSocket(pool: string, socket: Socket, tls: boolean): void;
}

/** Where a pool wants clients to come in. */
interface Site {
  readonly pool: PoolConfig;
  readonly where: ListenConfig;
  readonly tls: boolean;
  /** That the service manager calls it. */
  readonly name: string;
}

function sitesOf(pool: PoolConfig): Site[] {
  const { name, listen, tlsListen, tls } = pool;
  const first = { pool, where: listen, tls: tls !== null && tlsListen === null, name };
  if (tlsListen === null) return [first];
  return [first, { pool, where: tlsListen, tls: true, name: tlsSiteOf(name) }];
}

/** The name of the site that is a pool's `tls_listen`. */
export function tlsSiteOf(pool: string): string {
  return `${pool}-tls`;
}

/** Its text; several may leave their port to the system, each for itself. */
function keyOf({ where, name }: Site): string {
  return where.kind === 'tcp' && where.port === 0 ? `${where.text} ${name}` : where.text;
}

/** The listeners of another configuration, open and waiting for their turn. */
export interface ListenerSwitch {
  /** Clients come in through them from now on; those not wanted any more are closed. */
  commit(): void;
  abort(): void;
}

interface Door {
  /** What a listener is known by over reloads. */
  readonly key: string;
  readonly text: string;
  readonly path: string | null;
  /** Its name, when that is ours to remove. */
  file: SocketFile | null;
  /** The name that the process before has made, which goes on if this one does not get ready. */
  readonly inherited: FileId | null;
  /** The pool it leads to; empty until it has one. */
  pool: string;
  /** That the service manager calls it. */
  name: string;
  tls: boolean;
  keepAlive: boolean;
  server: NetServer | null;
  /** Sockets that came before there was a pool. */
  early: Socket[];
}

/** The listeners of all pools: opened together, and exchanged together. */
export class PoolListeners {
  readonly #options: ListenerOptions;
  #doors: readonly Door[] = [];
  /** A listener that was given is used once. */
  readonly #given: Map<string, GivenListener>;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#given = new Map(options.handles);
  }

  /** @throws RingwayError RINGWAY_LISTEN when one cannot be opened; the others are closed again */
  async open(pools: readonly PoolConfig[]): Promise<void> {
    (await this.prepare(pools)).commit();
  }

  /**
   * Opens what another configuration needs and is not open.
   * @throws RingwayError RINGWAY_LISTEN; then nothing has changed
   */
  async prepare(pools: readonly PoolConfig[]): Promise<ListenerSwitch> {
    const before = new Map(this.#doors.map((door) => [door.key, door]));
    const next: { door: Door; site: Site }[] = [];
    const opened: Door[] = [];
    for (const site of pools.flatMap(sitesOf)) {
      const key = keyOf(site);
      let door = before.get(key);
      before.delete(key);
      if (door === undefined) {
        try {
          door = await this.#open(site);
        } catch (error) {
          for (const other of opened) close(other);
          throw listenError(site, error as NodeJS.ErrnoException);
        }
        opened.push(door);
      }
      next.push({ door, site });
    }
    return {
      commit: () => this.#commit(next, [...before.values()], opened),
      abort: () => {
        for (const door of opened) close(door);
      },
    };
  }

  #commit(
    next: readonly { door: Door; site: Site }[],
    unwanted: readonly Door[],
    opened: readonly Door[],
  ): void {
    this.#doors = next.map(({ door }) => door);
    // A path that leads to another pool now, or has another mode, changes hands at once.
    for (const door of opened) if (ownAt(door, unwanted) !== null) this.#replace(door);
    for (const door of unwanted) {
      close(door);
      this.#options.log.write(LOG_NOTICE, `no longer listens on ${door.text}`);
    }
    for (const { door, site } of next) {
      const { pool, where, tls } = site;
      door.pool = pool.name;
      door.name = site.name;
      door.tls = tls;
      door.keepAlive = pool.tcpKeepalive && where.kind === 'tcp';
      if (opened.includes(door)) {
        const count = pool.servers.length;
        const servers = `${count} server${count === 1 ? '' : 's'}${tls ? ', with TLS' : ''}`;
        const line = `pool ${pool.name} listens on ${whereIs(door)} for ${servers}`;
        this.#options.log.write(LOG_NOTICE, line);
      }
      for (const socket of door.early.splice(0)) {
        this.#options.onSocket(door.pool, socket, tls);
        if (this.#options.paused !== true && !tls) startReading(socket);
      }
    }
  }

  #replace({ text, file }: Door): void {
    try {
      file?.replace();
    } catch (error) {
      const line = `listener ${text}: it gets no name: ${(error as Error).message}`;
      this.#options.log.write(LOG_ERROR, line);
    }
  }

  async #open(site: Site): Promise<Door> {
    const { where } = site;
    const { log, fds } = this.#options;
    const fd = fds?.get(site.name);
    const given = this.#given.get(where.text);
    this.#given.delete(where.text);
    const door: Door = {
      key: keyOf(site),
      text: where.text,
      path: where.kind === 'unix' && fd === undefined ? where.path : null,
      file: null,
      inherited: given?.file ?? null,
      pool: '',
      name: '',
      tls: false,
      keepAlive: false,
      server: null,
      early: [],
    };
    const { server, file } = await this.#listen(door, site, given?.handle, fd);
    door.server = server;
    door.file = file;
    server.on('error', (error) => {
      log.write(LOG_ERROR, `listener ${where.text}: ${error.message}`);
    });
    return door;
  }

  #listen(
    door: Door,
    { where, pool: { backlog } }: Site,
    handle: NativeHandle | undefined,
    fd: number | undefined,
  ): Promise<Listener> {
    let address: Pick<ListenOptions, 'fd' | 'handle' | 'host' | 'port' | 'path' | 'mode'>;
    if (handle !== undefined) address = { handle, mode: 0 };
    else if (fd !== undefined) address = { fd, mode: 0 };
    else if (where.kind === 'unix') address = { path: where.path, mode: where.mode };
    else address = { host: where.host, port: where.port, mode: 0 };
    const { paused = false } = this.#options;
    const replaces = ownAt(door, this.#doors);
    return listen({ ...address, backlog, paused, replaces }, (socket) =>
      this.#onSocket(door, socket),
    );
  }

  #onSocket(door: Door, socket: Socket): void {
    if (door.keepAlive) socket.setKeepAlive(true);
    if (door.pool !== '') {
      this.#options.onSocket(door.pool, socket, door.tls);
      return;
    }
    stopReading(socket);
    door.early.push(socket);
  }

  /** The process before this one ends: its names are ours. */
  inherit(): void {
    for (const door of this.#doors) {
      const { path, inherited } = door;
      if (path === null || inherited === null) continue;
      door.file ??= SocketFile.takenOver(path, inherited);
    }
  }

  /** All listeners, by `listen`: for the process that takes over. */
  handles(): ReadonlyMap<string, GivenListener> {
    const handles = new Map<string, GivenListener>();
    for (const { text, server, file } of this.#doors) {
      const handle = server === null ? null : handleOf(server);
      if (handle !== null) handles.set(text, { handle, file: file?.id ?? null });
    }
    return handles;
  }

  /** Where a listener really is, by the name of its site; null = nowhere. */
  addressOf(name: string): AddressInfo | string | null {
    const door = this.#doors.find((each) => each.name === name);
    return door?.path ?? door?.server?.address() ?? null;
  }

  /**
   * Where clients of a pool connect, as `listen` has it; null = nowhere.
   * @param name of the site: that of `tls_listen` is another than the pool's
   */
  textOf(pool: string, name: string = pool): string | null {
    const door = this.#doors.find((each) => each.pool === pool && each.name === name);
    return door === undefined ? null : whereIs(door);
  }

  /** Accepts no more. @param keepPaths another process listens on the same sockets */
  close(keepPaths = false): void {
    for (const door of this.#doors) {
      if (!keepPaths) door.file?.remove();
      door.server?.close();
    }
    this.#doors = [];
  }
}

/** As the configuration has it, unless the system or the service manager has chosen otherwise. */
function whereIs({ server, text }: Door): string {
  const address = server?.address();
  if (typeof address !== 'object' || address === null) return text;
  const colon = text.lastIndexOf(':');
  const wanted = Number(text.slice(colon + 1));
  if (wanted === address.port) return text;
  return `${wanted === 0 ? text.slice(0, colon) : address.address}:${address.port}`;
}

/** The name is removed while its file is open: until then no other file can be taken for it. */
function close(door: Door): void {
  door.file?.remove();
  door.server?.close();
  for (const socket of door.early.splice(0)) socket.destroy();
}

/** The file of the listener among `doors` that has the path of `door`. */
function ownAt(door: Door, doors: readonly Door[]): FileId | null {
  if (door.path === null) return null;
  return doors.find(({ path }) => path === door.path)?.file?.id ?? null;
}

function listenError({ pool, where }: Site, error: NodeJS.ErrnoException): RingwayError {
  const key = where === pool.listen ? 'listen' : 'tls_listen';
  const inUse = where.kind === 'unix' ? error.message : 'the address is already in use';
  const why =
    error.code === 'EADDRINUSE'
      ? `${inUse}; stop what listens there or change \`${key}\``
      : error.message;
  return new RingwayError(
    'RINGWAY_LISTEN',
    `pool ${pool.name} cannot listen on ${where.text}: ${why}`,
    { cause: error },
  );
}
