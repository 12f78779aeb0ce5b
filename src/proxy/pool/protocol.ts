import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ClientConnection } from '../client/client-connection.ts';

/**
 * What differs between the protocols of pools: scanning, everything that is not simply forwarded,
 * and the words of errors. Records, pipelines, connections and limits are the same for all.
 */
export interface Protocol {
  /** Codec.scanRequests of this protocol. */
  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number;
  /** Codec.scanReplies of this protocol. */
  scanReplies(start: number, end: number, table: number, limit: number): number;
  /**
   * Answers or sends one request at [start, start + length) that the fast loop left out.
   * @param mustSend it cannot be put back: send it even if its server has much to take already
   * @returns false when it must wait for a server to take more
   */
  handleSpecial(
    client: ClientConnection,
    start: number,
    length: number,
    info: number,
    mustSend: boolean,
  ): boolean;
  /** Whether the command of a record's low half only reads: it may be sent twice. */
  isRead(command: number): boolean;
  /** Queues what a new server connection must say first. */
  handshake(connection: BackendConnection): void;
  /** The reply to a malformed request, by the scanner's error; `next` is its second byte, or 0. */
  malformed(error: number, byte: number, next: number): Buffer;
  /** What the log says about the client of a malformed request; null = only that it sent one. */
  complaint(error: number): string | null;
  /** The reply to a request whose server failed. */
  failure(reason: string): Buffer;
  /**
   * The reply to a request too large to be assembled that cannot be streamed; null for one that
   * wants no reply.
   */
  tooLarge(limit: number, info: number): Buffer | null;
  /** What a client hears whose request did not come to its end in time. */
  readonly unfinished: Buffer;
  /** A harmless request that every healthy server answers without an error. */
  readonly probe: Buffer;
  /** First byte of a good answer to it. */
  readonly probeAnswer: number;
  /** Command class for the metrics, by the low 16 bits of a record's INFO. */
  readonly classes: Uint8Array;
  /** What a client hears last when it met a mistake of ringway itself. */
  readonly internalError: Buffer;
  /** What a client hears that is one too many. */
  readonly tooManyClients: Buffer;
}
