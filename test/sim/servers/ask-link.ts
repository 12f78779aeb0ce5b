import { type Reply, ReplyStream } from '../clients/reply-stream.ts';
import { encode } from '../clients/requests.ts';
import type { Endpoint, EndpointOwner } from '../net/connection.ts';
import type { Attempt, Network } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';

/** Where a process listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export function addressText({ host, port }: Address): string {
  return `${host}:${port}`;
}

type Answered = (reply: Reply) => void;

/** A connection of one server process to another, for questions. It is made again when asked to. */
export class AskLink implements EndpointOwner {
  readonly #network: Network;
  readonly #loop: Loop;
  readonly address: Address;
  readonly #password: string | null;
  #endpoint: Endpoint | null = null;
  #attempt: Attempt | null = null;
  #replies: ReplyStream = new ReplyStream();
  #asked: Answered[] = [];

  constructor(network: Network, loop: Loop, address: Address, password: string | null) {
    this.#network = network;
    this.#loop = loop;
    this.address = address;
    this.#password = password;
  }

  get up(): boolean {
    return this.#endpoint !== null;
  }

  get waits(): boolean {
    return this.#asked.length > 0;
  }

  /** Connects, if it neither is nor is about to be. */
  connect(): void {
    if (this.#endpoint !== null || this.#attempt !== null) return;
    const attempt: Attempt = {
      cancelled: false,
      onConnected: (endpoint) => {
        this.#attempt = null;
        this.#endpoint = endpoint;
        this.#replies = new ReplyStream();
        endpoint.owner = this;
        endpoint.startReading();
        if (this.#password !== null) this.ask(['AUTH', this.#password], () => {});
      },
      onFailed: () => {
        this.#attempt = null;
      },
    };
    this.#attempt = attempt;
    this.#network.connect(this.#loop, this.address.host, this.address.port, attempt);
  }

  /** @returns false when it is not connected. A link that is lost gives no answers. */
  ask(words: readonly string[], onAnswer: Answered = () => {}): boolean {
    if (this.#endpoint === null) return false;
    this.#asked.push(onAnswer);
    this.#endpoint.write(encode(words), () => {});
    return true;
  }

  onData(bytes: Uint8Array): void {
    this.#replies.add(bytes);
    for (let reply = this.#replies.next(); reply !== null; reply = this.#replies.next()) {
      this.#asked.shift()?.(reply);
    }
  }

  onEnd(): void {
    this.close();
  }

  onError(): void {
    this.close();
  }

  /** Lost, or not wanted any more. */
  close(): void {
    if (this.#attempt !== null) this.#attempt.cancelled = true;
    this.#attempt = null;
    this.#endpoint?.close();
    this.#endpoint = null;
    this.#asked = [];
  }
}
