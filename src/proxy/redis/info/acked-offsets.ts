const MASTER = /^role:master\r$/m;
const REPLICA_ROLE = /^role:slave\r$/m;
const OFFSET = /^master_repl_offset:(\d{1,18})\r$/m;
/** A replica that takes part, and how far it has said that it is. */
const REPLICA = /^slave\d{1,9}:[^\r\n]{0,512},state=online,offset=(\d{1,18}),[^\r\n]{0,64}\r$/gm;
/** A bulk, or RESP3's text. */
const TEXTS: ReadonlySet<number> = new Set(Buffer.from('$='));

/**
 * How many replicas of each server have all that the server had told them when it was asked first.
 * `INFO replication` says how far each is; WAIT says only how many have what was written last over
 * the connection that it comes by, which others share.
 */
export class AckedOffsets {
  readonly #offsets: Map<object, bigint> = new Map();
  readonly #followsMaster: boolean;

  /** @param followsMaster a replica has given way: who is the master is heard soon */
  constructor(followsMaster: boolean) {
    this.#followsMaster = followsMaster;
  }

  /** @param body of INFO replication @returns null when it is not what a master says */
  count(server: object, body: Buffer): bigint | null {
    if (!TEXTS.has(body[0])) return null;
    const text = body.toString('latin1');
    if (this.#followsMaster && REPLICA_ROLE.test(text)) return 0n;
    const said = MASTER.test(text) ? OFFSET.exec(text)?.[1] : undefined;
    if (said === undefined) return null;
    const offset = this.#offsets.get(server) ?? BigInt(said);
    this.#offsets.set(server, offset);
    let count = 0n;
    for (const [, acked] of text.matchAll(REPLICA)) if (BigInt(acked) >= offset) count++;
    return count;
  }
}
