import type { Network } from '../../net/network.ts';
import { Sources } from '../../servers/redis/replication.ts';
import { SimRedis } from '../../servers/redis/sim-redis.ts';
import { SimSentinel } from '../../servers/sentinel/sim-sentinel.ts';
import type { World } from '../../world/world.ts';
import type { Availability, Case } from '../case.ts';

/** What a shard has: its first master is called like it. */
interface Shard {
  readonly name: string;
  readonly members: readonly SimRedis[];
}

export const SENTINEL_PORT = 26379;
const SENTINELS = 3;
const PORT = 6379;

/** Masters with replicas, and the sentinels that watch them. */
export class Shards {
  readonly list: readonly Shard[];
  readonly sentinels: readonly SimSentinel[];

  constructor(world: World, network: Network, given: Case, password: string | null) {
    const { replicas, downAfterMs } = given.availability as Availability;
    const sources = new Sources();
    this.list = Array.from({ length: given.servers }, (_, i) => {
      const name = `redis${i}`;
      const at = { host: `10.0.1.${i + 1}`, port: PORT };
      const member = (address: string, called: string, isMaster: boolean): SimRedis => {
        const options = { name: called, address, port: PORT, password };
        return new SimRedis(world, network, options, { sources, master: isMaster ? null : at });
      };
      const others = Array.from({ length: replicas }, (_, r) => {
        return member(`10.0.4.${i * 8 + r + 1}`, `${name}r${r}`, false);
      });
      return { name, members: [member(at.host, name, true), ...others] };
    });
    const masters = this.list.map(({ name }, i) => {
      return { name, address: { host: `10.0.1.${i + 1}`, port: PORT } };
    });
    const addresses = Array.from({ length: SENTINELS }, (_, i) => `10.0.5.${i + 1}`);
    this.sentinels = addresses.map((address, i) => {
      const peers = addresses.filter((other) => other !== address);
      return new SimSentinel(world, network, {
        name: `sentinel${i}`,
        address,
        port: SENTINEL_PORT,
        serverPassword: password,
        downAfterMs,
        failoverTimeoutMs: FAILOVER_TIMEOUT_MS,
        quorum: 2,
        masters,
        peers: peers.map((host) => ({ host, port: SENTINEL_PORT })),
      });
    });
  }

  get servers(): SimRedis[] {
    return this.list.flatMap(({ members }) => members);
  }

  start(): void {
    for (const server of [...this.servers, ...this.sentinels]) server.start();
  }

  /** The shard of a server. */
  shardOf(server: string): string {
    return this.list.find(({ members }) => members.some(({ name }) => name === server))?.name ?? '';
  }

  membersOf(shard: string): readonly SimRedis[] {
    return this.list.find(({ name }) => name === shard)?.members ?? [];
  }

  /** Whether another server of its shard was promoted later, and is a master. */
  isReplaced(server: string): boolean {
    const members = this.membersOf(this.shardOf(server));
    const promotedAt = members.find(({ name }) => name === server)?.promotedAt ?? 0;
    return members.some((each) => each.role?.isMaster && each.promotedAt > promotedAt);
  }

  /** The one master of a shard, of which all sentinels say so; null while that is not so. */
  masterOf(shard: string): SimRedis | null {
    const members = this.membersOf(shard);
    if (members.some(({ up, loop, loading }) => !up || loop.frozen || loading)) return null;
    const masters = members.filter(({ role }) => role?.isMaster);
    if (masters.length !== 1 || !members.every(({ role }) => role?.inSync)) return null;
    const [master] = masters;
    const agree = this.sentinels.every((sentinel) => {
      const monitored = sentinel.monitored.get(shard);
      if (!sentinel.up || sentinel.loop.frozen || sentinel.tilt) return false;
      if (monitored === undefined || monitored.failover !== null) return false;
      return monitored.current.host === master.address && !monitored.master.sdown;
    });
    return agree ? master : null;
  }

  /** All sentinels name the same master, and none of them replaces it. */
  isQuiet(shard: string): boolean {
    const all = this.sentinels.flatMap(({ monitored }) => monitored.get(shard) ?? []);
    const [first] = all;
    return all.every(({ failover, current }) => {
      return failover === null && current.host === first.current.host;
    });
  }

  /** Those that all sentinels call masters. */
  get masters(): SimRedis[] {
    return this.list.flatMap(({ name }) => this.masterOf(name) ?? []);
  }

  /** Nothing is going on in any shard. */
  get settled(): boolean {
    return this.list.every(({ name }) => this.masterOf(name) !== null);
  }
}

const FAILOVER_TIMEOUT_MS = 5_000;
