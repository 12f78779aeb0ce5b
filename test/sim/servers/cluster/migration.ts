import type { Network } from '../../net/network.ts';
import type { Loop } from '../../world/loop.ts';
import { AskLink } from '../ask-link.ts';
import type { Keyspace, Value } from '../keyspace.ts';
import { failure, status } from '../redis/resp.ts';
import type { RedisPeer } from '../redis/sim-redis.ts';
import type { Peer } from '../server-process.ts';

/** The node that keys are taken from. */
export interface Source {
  readonly loop: Loop;
  readonly data: Keyspace;
  readonly password: string | null;
  said(peer: RedisPeer, reply: Buffer): void;
  resume(): void;
  commit(): void;
}

/** A key on its way. */
interface Sent {
  readonly key: string;
  /** As it stands on the wire. */
  readonly text: string;
}

const OK = status('OK');
const NO_KEY = status('NOKEY');
const IO_ERROR = failure('IOERR error or timeout reading to target instance');
const BUSY_KEY = failure('BUSYKEY Target key name already exists.');

/** MIGRATE: while keys are on their way the node does nothing else, as a real one. */
export class Migration {
  readonly #source: Source;
  readonly #network: Network;
  #client: RedisPeer | null = null;
  #link: AskLink | null = null;

  constructor(source: Source, network: Network) {
    this.#source = source;
    this.#network = network;
  }

  get isUnderWay(): boolean {
    return this.#client !== null;
  }

  isOf(peer: Peer): boolean {
    return this.#client === peer;
  }

  /** MIGRATE host port key|"" db timeout [KEYS key ...] @returns an empty reply: it comes later */
  begin(peer: RedisPeer, words: readonly string[]): Buffer {
    const [host, port, one, , timeout, ...rest] = words;
    const at = rest.findIndex((word) => /^keys$/i.test(word));
    const keys = at < 0 ? [one] : rest.slice(at + 1);
    const replace = rest.slice(0, at < 0 ? undefined : at).some((word) => /^replace$/i.test(word));
    const { data } = this.#source;
    const sent = keys.flatMap((key): Sent[] => {
      const value = data.get(0, key);
      return value === null ? [] : [{ key, text: textOf(value, data.expiryOf(0, key)) }];
    });
    if (sent.length === 0) return NO_KEY;
    this.#client = peer;
    const { loop, password } = this.#source;
    const link = new AskLink(this.#network, loop, { host, port: Number(port) }, password);
    this.#link = link;
    link.connect();
    this.#send(link, sent, replace ? ['REPLACE'] : []);
    loop.timer(() => {
      if (this.#link === link) this.#end(IO_ERROR);
    }, Number(timeout));
    return Buffer.alloc(0);
  }

  #send(link: AskLink, sent: readonly Sent[], options: readonly string[]): void {
    if (this.#link !== link) return;
    if (!link.up) {
      link.connect();
      this.#source.loop.timer(() => this.#send(link, sent, options), 1);
      return;
    }
    let left = sent.length;
    for (const { key, text } of sent) {
      link.ask(['ASKING']);
      link.ask(['RESTORE', key, text, ...options], (reply) => {
        if (this.#link !== link) return;
        if (reply.kind === 'error')
          this.#end(failure(`ERR Target instance replied with error: ${reply.text}`));
        else {
          const { data } = this.#source;
          data.replace(() => data.remove(0, key));
          this.#source.commit();
          if (--left === 0) this.#end(OK);
        }
      });
    }
  }

  #end(reply: Buffer): void {
    const client = this.#client;
    this.stop();
    if (client !== null) this.#source.said(client, reply);
    this.#source.resume();
  }

  /** The process ends, or all is done. */
  stop(): void {
    this.#link?.close();
    this.#link = null;
    this.#client = null;
  }

  /** RESTORE, of a key that another node gives away. */
  restore(words: readonly Buffer[]): Buffer {
    const key = words[1].toString('latin1');
    const { data } = this.#source;
    const replaces = words.some((word) => /^replace$/i.test(word.toString('latin1')));
    if (data.get(0, key) !== null && !replaces) return BUSY_KEY;
    const { value, expiresAt } = heldBy(words[2].toString('latin1'));
    data.set(0, key, value, expiresAt);
    return OK;
  }
}

interface Wire {
  readonly type: 'string' | 'list';
  readonly items: readonly string[];
  readonly expiresAt: number;
}

function textOf(value: Value, expiresAt: number): string {
  const items = value.type === 'string' ? [value.bytes] : value.items;
  const wire: Wire = {
    type: value.type,
    items: items.map((each) => each.toString('base64')),
    expiresAt,
  };
  return JSON.stringify(wire);
}

function heldBy(text: string): { value: Value; expiresAt: number } {
  const { type, items, expiresAt } = JSON.parse(text) as Wire;
  const buffers = items.map((each) => Buffer.from(each, 'base64'));
  if (type === 'list') return { value: { type, items: buffers }, expiresAt };
  return { value: { type, bytes: buffers[0] }, expiresAt };
}
