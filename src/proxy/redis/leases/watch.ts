import { SHOWN_KEY_BYTES } from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { findCommand } from '../../../protocol/redis/table/commands.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { TAINTED, WATCHING } from '../../client/session/watch.ts';
import { NOTHING_MORE } from '../../client/stored-reply.ts';
import type { Server } from '../../pool/server.ts';
import { LeasedRequest } from '../../routing/leased-request.ts';
import { answer, copyOf, type SpecialRequest } from '../../routing/request.ts';
import { commonPlace } from '../common-server.ts';
import { BlockProof } from './block-proof.ts';
import { LaneSwitch } from './lane-switch.ts';
import { type KeptPlace, serverAgain } from './queueing.ts';
import {
  endWatch,
  type FirstKey,
  taint,
  WatchedConnection,
  watchedOf,
} from './watched-connection.ts';

const STATUS = 0x2b; // '+'
const WATCH = findCommand('WATCH')!;

/** WATCH: the keys are watched over a connection that the client has until its EXEC. */
export function watch(request: SpecialRequest): boolean {
  const { client } = request;
  const { server, slot, key, error } = commonPlace(request, WATCH);
  if (error !== null) return refuse(client, error);
  const { servers, config } = client.pool;
  const chosen = server === NO_SERVER ? null : servers[server];
  const watched = watchedOf(client);
  const isElsewhere = watched !== null && chosen !== null && chosen !== watched.server;
  if (watched !== null && watched.slot !== slot) return refuse(client, replies.CROSS_SLOT);
  if (watched !== null && isElsewhere && config.distribution !== 'random') {
    const first = [watched.key, watched.server.name] as const;
    const second = [key, servers[server].name] as const;
    return refuse(client, replies.crossServer(first, second, config.hashTag !== null));
  }
  const { ringNumber } = client.pool;
  const kept = { request: copyOf(request), spec: WATCH, server: chosen, ringNumber };
  new WatchRequest(client, kept, { key: key.slice(0, SHOWN_KEY_BYTES), slot }).advance();
  return true;
}

function refuse(client: ClientConnection, error: Buffer): true {
  taint(client);
  return answer(client, error);
}

/** UNWATCH: a server that watches keys for the client is told, or there is nobody to tell. */
export function unwatch({ client }: SpecialRequest): boolean {
  endWatch(client);
  return answer(client, replies.OK);
}

/** A WATCH that waits for its connection, then for the server's reply. */
class WatchRequest extends LeasedRequest {
  readonly #kept: KeptPlace;
  readonly #first: FirstKey;
  /** Of the ring that said where it goes. */
  #placedIn: number;
  #switch: LaneSwitch | null = null;

  constructor(client: ClientConnection, kept: KeptPlace, first: FirstKey) {
    super(client);
    this.#kept = kept;
    this.#first = first;
    this.#placedIn = kept.ringNumber;
    this.claim.keep(NOTHING_MORE, kept.request.length);
  }

  protected override get owned(): BackendConnection | null {
    const watched = watchedOf(this.client);
    return watched?.atRest ? watched.connection : null;
  }

  protected place(): Server | Buffer | null {
    this.#placedIn = this.client.pool.ringNumber;
    return serverAgain(this.client, this.#kept);
  }

  protected override get repeatable(): boolean {
    return watchedOf(this.client) === null;
  }

  protected send(connection: BackendConnection): void {
    const watched = watchedOf(this.client);
    const lane = this.lane;
    // Asked before anything is watched: an EXEC would end that. It goes on when it is answered.
    if (!BlockProof.of(connection).known) return;
    if (watched !== null && (watched.place.db !== lane.db || watched.place.resp !== lane.resp)) {
      this.#switch = new LaneSwitch(connection, watched.place, lane);
      watched.place = { db: lane.db, resp: lane.resp };
    } else {
      this.#send(connection);
    }
  }

  #send(connection: BackendConnection): void {
    const { request } = this.#kept;
    connection.out.append(request);
    const head = { bytes: request, start: 0, length: request.length };
    const reply = this.passReply(connection);
    // Where something is watched already it cannot go elsewhere.
    if (watchedOf(this.client) === null) {
      reply.again = (redirection) => this.onRedirection(redirection);
      reply.refused = () => this.onRefusal();
    }
    connection.sentFor(reply, request.length, head);
  }

  protected answered(connection: BackendConnection): void {
    const { reply } = this;
    if (reply === null) {
      const refusal = this.#switch?.refusal ?? null;
      if (refusal === null) {
        this.send(connection);
        return;
      }
      this.claim.deliver(replies.error(refusal));
    }
    if (reply?.sentOn) {
      // The next one is greeted anew, and learns whether its server can serve.
      this.placeAgain(reply.redirection === null);
      return;
    }
    const { client } = this;
    const { session } = client;
    const known = watchedOf(client);
    if (reply?.type !== STATUS || client.closed) {
      this.close();
      session.watched = null;
      taint(client);
      return;
    }
    const watched =
      known ??
      new WatchedConnection(client, this.leasedFrom, connection, this.#first, this.#placedIn);
    session.watched = watched;
    if (session.watch !== TAINTED) session.watch = WATCHING;
    this.end();
    watched.rest();
  }

  protected override refuse(reply: Buffer): void {
    taint(this.client);
    super.refuse(reply);
  }

  override onWritable(): void {
    super.onWritable();
    if (!this.ended) return;
    const { session } = this.client;
    // What was watched on the connection before is lost with it.
    if (watchedOf(this.client)?.connection.closed) session.watched = null;
    taint(this.client);
  }
}
