import type { PoolConfig } from '../../../config/index.ts';
import type { RequestHead } from '../../../protocol/request-head.ts';
import type { NotedRequest, RequestNotes } from '../../backend/flight/noted-request.ts';
import type { RequestTraces } from '../../engine/request-traces.ts';
import { REDACTED, type SlowLog } from './slow-log.ts';

const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/** What the notes of a pool are made of. */
export interface PoolNotesParts {
  readonly config: PoolConfig;
  readonly slowLog: SlowLog | null;
  /** Of all pools; null = nothing is traced. */
  readonly traces: RequestTraces | null;
  /** What the first bytes of a request tell, in the pool's protocol. */
  readonly describe: (head: Buffer) => RequestHead;
}

/** What a pool notes of single requests: slow ones in its slow log, some of all as traces. */
export class PoolNotes implements RequestNotes {
  readonly slowMicros: number;
  readonly #parts: PoolNotesParts;

  constructor(parts: PoolNotesParts) {
    const { slowlogMs } = parts.config;
    this.slowMicros = parts.slowLog === null ? INT32_MAX : Math.min(INT32_MAX, slowlogMs * 1000);
    this.#parts = parts;
  }

  get traces(): boolean {
    return this.#parts.traces !== null;
  }

  /** From how many microseconds on a request has to be looked at. */
  get threshold(): number {
    return this.traces ? INT32_MIN : this.slowMicros;
  }

  samples(arrived: number, client: number, slot: number): boolean {
    return this.#parts.traces?.takes(arrived, client, slot) ?? false;
  }

  add(request: NotedRequest, parts: readonly NotedRequest[]): void {
    const isSlow = request.totalMicros >= this.slowMicros && request.failure === null;
    if (isSlow) this.#parts.slowLog?.add(request);
    if (parts.length > 0) this.#trace(request, parts);
  }

  #trace({ head, client, clientName }: NotedRequest, parts: readonly NotedRequest[]): void {
    const { config, traces, describe } = this.#parts;
    const { command, key } = describe(head);
    traces?.add({
      pool: config.name,
      redis: config.redis,
      command,
      key: key !== null && config.slowlogRedact ? REDACTED : key,
      client,
      clientName,
      startedAt: Math.min(...parts.map(({ endedAt, totalMicros }) => endedAt - totalMicros)),
      endedAt: Math.max(...parts.map(({ endedAt }) => endedAt)),
      failure: parts.find(({ failure }) => failure !== null)?.failure ?? null,
      shares: parts.map(({ server, host, port, endedAt, serverMicros, failure }) => ({
        server,
        host,
        port,
        startedAt: endedAt - serverMicros,
        endedAt,
        failure,
      })),
    });
  }
}
