import type { Socket } from 'node:net';
import type { PeerAddress } from '../../net/peers/peer-address.ts';
import type { RespVersion } from '../backend/lane.ts';
import type { SavedLogin } from './access/login.ts';
import type { SavedSession } from './session/session.ts';
import type { SavedSubscriptions } from './session/subscriptions.ts';

/** What a client is to this proxy, besides its socket: it goes along to another process. */
export interface ClientState {
  readonly pool: string;
  readonly login: SavedLogin;
  readonly db: number;
  readonly resp: RespVersion;
  readonly session: SavedSession;
  /** Bytes that were read and not answered. */
  readonly rest: Buffer;
  /** Where a load balancer says that it comes from; absent from processes that do not ask. */
  readonly peer?: PeerAddress | null;
  /** What it hears; null = nothing. Absent from processes whose clients hear nothing elsewhere. */
  readonly subscriptions?: SavedSubscriptions | null;
}

/** A client between two processes. Its socket is to be closed here once the other one has it. */
export interface LeavingClient {
  readonly state: ClientState;
  readonly socket: Socket;
}
