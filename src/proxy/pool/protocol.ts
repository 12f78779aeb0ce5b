import type { RequestHead } from '../../protocol/request-head.ts';
import type { ServerProtocol } from '../backend/server-protocol.ts';

/** What a pool needs of its protocol: to talk to servers, and to find the server of a request. */
export interface PoolProtocol extends ServerProtocol {
  /** Codec.scanRequests of this protocol. */
  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number;
  /** What the first bytes of a request tell. */
  requestHead(head: Buffer): RequestHead;
  /** Whether the command of a record's low half only reads: it may be sent twice. */
  isRead(command: number): boolean;
}
