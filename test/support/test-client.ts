import type { Socket } from 'node:net';
import { SendQueue } from '../../src/net/send-queue.ts';
import { type Claimant, Claims } from '../../src/proxy/client/claims.ts';
import { ClientPipeline } from '../../src/proxy/client/client-pipeline.ts';
import { StreamedReply } from '../../src/proxy/client/streamed-reply.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import type {
  ReplyReceiver,
  ReplySource,
  ReplyStream,
  SendGate,
} from '../../src/proxy/engine/receiver.ts';

/** A socket whose kernel takes everything at once, and remembers it. */
export class RecordingSocket {
  readonly writableLength = 0;
  #bytes: Buffer[] = [];

  cork(): void {}
  uncork(): void {}

  write(bytes: Uint8Array): void {
    this.#bytes.push(Buffer.from(bytes));
  }

  /** What was written since it was taken last. */
  take(): Buffer {
    const all = Buffer.concat(this.#bytes);
    this.#bytes = [];
    return all;
  }
}

/** A send queue that can be flushed into memory. */
export function recordedQueue(engine: Engine): { out: SendQueue; socket: RecordingSocket } {
  const onException = (error: unknown): never => {
    throw error;
  };
  const out = new SendQueue(engine.slabs, engine.writer, { onDrained() {}, onException });
  const socket = new RecordingSocket();
  out.open(socket as unknown as Socket);
  return { out, socket };
}

/** A client without a socket of its own: what it is sent stands in memory. */
export class TestClient implements Claimant, ReplyReceiver {
  readonly id: number;
  readonly address = '127.0.0.1:1';
  readonly name = 'bob';
  readonly out: SendQueue;
  readonly socket: RecordingSocket;
  readonly pipeline: ClientPipeline;
  readonly claims: Claims = new Claims(this);
  readonly engine: Engine;
  closed = false;
  muted = false;
  answered = 0;
  unclaimed = 0;
  destroyed = '';
  heldBytes = 0;
  takenBytes = 0;
  authenticated = true;
  flushPending = false;
  flushed = 0;
  waitsFor: SendGate | null = null;
  barriers = 0;
  blockedSources: ReplySource[] = [];

  constructor(engine: Engine) {
    this.engine = engine;
    const { out, socket } = recordedQueue(engine);
    this.out = out;
    this.socket = socket;
    this.pipeline = new ClientPipeline(engine, out, null);
    this.id = engine.addClient(this);
  }

  barrier(): void {
    this.barriers++;
  }

  isAnswered(slot: number): boolean {
    return !this.closed && this.pipeline.isAnswered(slot);
  }

  /** Everything it was sent since this was called last. */
  received(): string {
    this.out.flush();
    return this.socket.take().toString('latin1');
  }

  takeRecord(...args: Parameters<ClientPipeline['deliverRecord']>): void {
    this.claims.settle();
    if (!this.closed) this.pipeline.deliverRecord(...args);
    else this.engine.words[args[1] + 2] = 0;
  }

  takeTwo(...args: Parameters<ClientPipeline['deliverTwo']>): void {
    this.claims.settle();
    if (!this.closed) this.pipeline.deliverTwo(...args);
  }

  takeReply(slot: number, reply: Buffer): void {
    this.claims.settle();
    if (!this.closed) this.pipeline.deliver(slot, reply);
  }

  readonly mostHeldBack = 1 << 20;
  readonly replyBytes = (): number => -1;
  readAlone(): void {}
  bodyReply(): null {
    return null;
  }

  openStream(slot: number): ReplyStream {
    return new StreamedReply(this.engine, this, slot);
  }

  endStream(): void {
    this.claims.settle();
  }

  tookReplies(): void {}

  holdsUp(): boolean {
    return false;
  }

  blocks(source: ReplySource): void {
    this.blockedSources.push(source);
  }

  flush(): void {
    this.flushed++;
  }

  writeOut(): void {
    this.out.flush();
  }

  destroy(reason: string): void {
    this.destroyed = reason;
    this.close();
  }

  onException(error: unknown): void {
    throw error;
  }

  onReplyException(error: unknown): void {
    throw error;
  }

  onAnswered(): void {
    this.answered++;
  }

  onUnclaimed(): void {
    this.unclaimed++;
    this.engine.removeClient(this.id);
  }

  /** Gives everything back, as a client does that is gone. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.waitsFor?.stopWaiting(this);
    this.pipeline.close();
    this.out.discard();
    this.out.close();
    if (this.claims.open === 0) this.onUnclaimed();
  }
}
