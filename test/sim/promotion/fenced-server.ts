import type { Endpoint } from '../net/connection.ts';
import type { Network } from '../net/network.ts';
import { type Address, AskLink, addressText } from '../servers/ask-link.ts';
import { array, bulk, failure, integer, status } from '../servers/redis/resp.ts';
import { type Peer, ServerProcess } from '../servers/server-process.ts';
import type { World } from '../world/world.ts';
import { WordsPeer } from './words-peer.ts';

/** A write that a server has carried out. */
export interface Write {
  readonly server: string;
  /** Microsecond of the world. */
  readonly at: number;
}

interface Follower {
  readonly peer: WordsPeer;
  readonly at: number;
}

const READONLY = failure("READONLY You can't write against a read only replica.");
const NO_REPLICAS = failure('NOREPLICAS Not enough good replicas to write.');
const MINUS = 0x2d;
const CRON_MS = 1_000;
const REPL_TIMEOUT_S = 60;
/** Of a shard with `replicas` replicas. */
const FENCE = { 'min-replicas-to-write': '1', 'min-replicas-max-lag': '1' };
const PINGS = { 'repl-ping-replica-period': '1' };

/**
 * A simulated Redis as far as a promotion is concerned: who follows whom, how far, what was heard
 * when, and that a master without replicas refuses writes. Data are their number alone.
 */
export class FencedServer extends ServerProcess {
  master: Address | null;
  promotions = 0;
  readonly writes: Write[] = [];
  #replid: string;
  #replid2 = '';
  /** Where that ended. */
  #endOffset = 0;
  #histories = 0;
  #offset = 0;
  #link: AskLink | null = null;
  #heardAt = 0;
  #synced = false;
  #asking = false;
  #followers: Follower[] = [];
  /** As it was counted last: once a second, and when one is gone. */
  #good = 0;

  constructor(
    world: World,
    network: Network,
    name: string,
    address: string,
    master: Address | null,
  ) {
    super(world, network, { name, address, port: 6379 });
    this.master = master;
    this.#replid = this.#newId();
  }

  #newId(): string {
    const letters = Buffer.from(`${this.name}-${++this.#histories}`).toString('hex');
    return letters.padEnd(40, '0').slice(0, 40);
  }

  override start(): void {
    super.start();
    this.#followers = [];
    this.#good = 0;
    this.#heardAt = this.now;
    this.#synced = false;
    if (this.master === null && this.#offset > 0) this.#newHistory();
    if (this.master !== null) this.#follow(this.master);
    this.loop.timer(() => this.#cron(), CRON_MS, true);
  }

  override crash(keepsData: boolean): void {
    this.#link?.close();
    this.#link = null;
    if (!keepsData) {
      this.#offset = 0;
      this.#replid2 = '';
      this.#replid = this.#newId();
    }
    super.crash(keepsData);
  }

  #newHistory(): void {
    this.#endOffset = this.#offset;
    this.#replid2 = this.#replid;
    this.#replid = this.#newId();
  }

  #follow(master: Address): void {
    this.#link?.close();
    this.#asking = false;
    this.#synced = false;
    this.#link = new AskLink(this.network, this.loop, master, null);
    this.#link.connect();
  }

  #cron(): void {
    this.#count();
    const link = this.#link;
    if (link === null) return;
    if (!link.up) {
      this.#asking = false;
      link.connect();
      return;
    }
    if (this.#asking && this.now - this.#heardAt > REPL_TIMEOUT_S * 1000) {
      link.close();
      return;
    }
    // What is sent to nobody is sent all the same: the system keeps it.
    this.#asking = link.ask(['SYNC'], (reply) => {
      if (reply.kind !== 'array' || link !== this.#link) return;
      const [id, offset, before, end] = reply.items;
      if (id.kind !== 'bulk' || offset.kind !== 'integer') return;
      if (before.kind !== 'bulk' || end.kind !== 'integer') return;
      this.#heardAt = this.now;
      this.#synced = true;
      this.#asking = false;
      const replid = id.bytes.toString('latin1');
      if (replid !== this.#replid) {
        // It goes on with what it has, or takes in all data anew.
        const goesOn = before.bytes.toString('latin1') === this.#replid;
        this.#replid2 = goesOn && this.#offset <= end.value ? this.#replid : '';
      }
      this.#replid = replid;
      this.#offset = offset.value;
    });
  }

  #count(): void {
    this.#followers = this.#followers.filter(({ peer }) => !peer.endpoint.closed);
    const seconds = (ms: number): number => Math.floor(ms / 1000);
    this.#good = this.#followers.filter(({ at }) => seconds(this.now) - seconds(at) <= 1).length;
  }

  override close(peer: Peer): void {
    super.close(peer);
    if (this.#followers.some((each) => each.peer === peer)) this.#count();
  }

  protected newPeer(endpoint: Endpoint, id: number): Peer {
    return new WordsPeer(this, endpoint, id, (peer, words) => this.#queued(peer, words));
  }

  #queued(peer: WordsPeer, words: readonly string[]): Buffer {
    const { queue } = peer;
    if (words[0] === 'MULTI') peer.queue = [];
    if (queue === null) return this.#answer(peer, words);
    if (words[0] !== 'EXEC') {
      queue.push(words);
      return status('QUEUED');
    }
    peer.queue = null;
    return array(queue.map((each) => this.#answer(peer, each)));
  }

  #answer(peer: WordsPeer, [name, first, second]: readonly string[]): Buffer {
    switch (name) {
      case 'PING':
        return status('PONG');
      case 'MULTI':
        return status('OK');
      case 'INFO':
        return bulk(this.#info);
      case 'CONFIG':
        return first === 'GET' ? this.#settings(second) : failure('ERR without a config file');
      case 'REPLICAOF':
        this.#replicaOf(first, second);
        return status('OK');
      case 'SYNC':
        return this.#sync(peer);
      case 'WRITE':
        return this.#write();
      case 'SET': {
        const reply = this.#write();
        return reply[0] === MINUS ? reply : status('OK');
      }
      default:
        return failure(`ERR unknown command '${name}'`);
    }
  }

  #settings(pattern: string): Buffer {
    const settings = pattern.startsWith('min-') ? FENCE : PINGS;
    return array(Object.entries(settings).flatMap(([name, value]) => [bulk(name), bulk(value)]));
  }

  #replicaOf(host: string, port: string): void {
    if (host !== 'NO') {
      this.master = { host, port: Number(port) };
      this.#follow(this.master);
      for (const { peer } of [...this.#followers]) this.close(peer);
      return;
    }
    if (this.master === null) return;
    this.#link?.close();
    this.#link = null;
    this.master = null;
    this.promotions++;
    this.#newHistory();
    for (const { peer } of [...this.#followers]) this.close(peer);
  }

  #sync(peer: WordsPeer): Buffer {
    const others = this.#followers.filter((each) => each.peer !== peer);
    this.#followers = [...others, { peer, at: this.now }];
    const before = [bulk(this.#replid2), integer(this.#endOffset)];
    return array([bulk(this.#replid), integer(this.#offset), ...before]);
  }

  #write(): Buffer {
    if (this.master !== null) return READONLY;
    if (this.#good < 1) return NO_REPLICAS;
    this.#offset++;
    this.writes.push({ server: this.name, at: this.world.micros });
    return bulk(`${this.name} ${this.writes.length - 1}`);
  }

  get #info(): string {
    const lines = [`role:${this.master === null ? 'master' : 'slave'}`];
    lines.push(`master_replid:${this.#replid}`, `master_replid2:${this.#replid2}`);
    lines.push(`master_repl_offset:${this.#offset}`);
    for (const [i, { peer }] of this.#followers.entries()) {
      const { address } = peer.endpoint.peer;
      if (!peer.endpoint.closed) lines.push(`slave${i}:ip=${address},port=6379,state=online`);
    }
    if (this.master !== null) {
      const silent = Math.floor((this.now - this.#heardAt) / 1000);
      const up = this.#synced && this.#link?.up === true;
      lines.push(`master_host:${this.master.host}`, `master_port:${this.master.port}`);
      lines.push(`master_link_status:${up ? 'up' : 'down'}`, `slave_repl_offset:${this.#offset}`);
      lines.push(`master_last_io_seconds_ago:${up ? silent : -1}`, 'slave_priority:100');
      if (!up) lines.push(`master_link_down_since_seconds:${silent}`);
    }
    return `${lines.join('\r\n')}\r\n`;
  }

  /** Whom it follows, for people. */
  get follows(): string {
    return this.master === null ? 'nobody' : addressText(this.master);
  }
}
