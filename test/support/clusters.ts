import { freePort } from './free-port.ts';
import { type RealServer, startRedis } from './real-servers.ts';
import { command } from './sentinels.ts';
import { waitFor } from './wait.ts';

/** A Redis Cluster. */
export interface TestCluster {
  /** Masters that it began with, then a replica of each, in their order. */
  readonly nodes: RealServer[];
  /** `host:port` lines of all. */
  readonly lines: readonly string[];
  /** Adds a node without slots, or one that follows another. */
  addNode(masterOf?: RealServer): Promise<RealServer>;
  /** Has a node forgotten by all others, and stops it. */
  removeNode(node: RealServer): Promise<void>;
  /** The node that has a slot, as `asked` sees it. */
  ownerOf(slot: number, asked?: RealServer): Promise<RealServer>;
  /** Moves slots with all their keys, as redis-cli does. */
  moveSlots(slots: readonly number[], to: RealServer): Promise<void>;
  /** Every node that runs sees all slots served. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly masters?: number;
  /** Of each master. */
  readonly replicas?: number;
  readonly nodeTimeoutMs?: number;
  readonly args?: readonly string[];
  /** More of them for each node. */
  nodeArgs?(): Promise<readonly string[]>;
}

const SLOTS = 16384;
/** Looks at who is known between two introductions. */
const REASK_EVERY = 100;

/** One line of CLUSTER NODES. */
interface NodeLine {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly master: string;
  readonly linked: boolean;
  readonly slots: readonly string[];
}

/** What a node says of all. */
export async function clusterNodes(port: number): Promise<NodeLine[]> {
  const text = String(await command(port, 'CLUSTER', 'NODES'));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id, place, flags, master, , , , link, ...slots] = line.split(' ');
      return {
        id,
        port: Number(/:(\d+)@/.exec(place)?.[1] ?? 0),
        flags: flags.split(','),
        master,
        linked: link === 'connected',
        slots,
      };
    });
}

function holds({ slots }: NodeLine, slot: number): boolean {
  return slots.some((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return !range.startsWith('[') && first <= slot && slot <= last;
  });
}

class RunningCluster implements TestCluster {
  readonly nodes: RealServer[] = [];
  readonly #options: ClusterOptions;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  get lines(): string[] {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`);
  }

  async startNode(): Promise<RealServer> {
    const { nodeTimeoutMs = 1000, args = [] } = this.#options;
    const more = (await this.#options.nodeArgs?.()) ?? [];
    const node = await startRedis({
      args: [
        ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)],
        ...['--cluster-port', String(await freePort()), '--repl-diskless-sync-delay', '0'],
        ...args,
        ...more,
      ],
    });
    this.nodes.push(node);
    return node;
  }

  async addNode(masterOf?: RealServer): Promise<RealServer> {
    const [first] = this.nodes.filter(({ running }) => running);
    const node = await this.startNode();
    let asked = 0;
    await waitFor('the node to be known', async () => {
      // A node that is slow to shake hands is forgotten.
      if (asked++ % REASK_EVERY === 0) await this.meet(first, node);
      const info = String(await command(node.port, 'CLUSTER', 'INFO'));
      const known = await clusterNodes(node.port);
      const all = this.nodes.filter(({ running }) => running).length;
      return /cluster_state:ok/.test(info) && known.length === all;
    });
    if (masterOf !== undefined) await this.follow(node, masterOf);
    return node;
  }

  async meet(one: RealServer, other: RealServer): Promise<void> {
    const info = String(await command(other.port, 'CONFIG', 'GET', 'cluster-port'));
    const bus = info.split(',').at(-1) as string;
    await command(one.port, 'CLUSTER', 'MEET', '127.0.0.1', String(other.port), bus);
  }

  async follow(node: RealServer, master: RealServer): Promise<void> {
    const id = await idOf(master);
    await waitFor('the master to be known', async () => {
      return String(await command(node.port, 'CLUSTER', 'REPLICATE', id)) === 'OK';
    });
  }

  async removeNode(node: RealServer): Promise<void> {
    const id = await idOf(node);
    const others = this.nodes.filter((each) => each !== node && each.running);
    await Promise.all(others.map(({ port }) => command(port, 'CLUSTER', 'FORGET', id)));
    await node.stop();
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  async ownerOf(slot: number, asked?: RealServer): Promise<RealServer> {
    const from = asked ?? this.nodes.find(({ running }) => running);
    const lines = await clusterNodes((from as RealServer).port);
    const port = lines.find((line) => holds(line, slot))?.port;
    return this.nodes.find((node) => node.port === port) as RealServer;
  }

  async moveSlots(slots: readonly number[], to: RealServer): Promise<void> {
    const id = await idOf(to);
    for (const slot of slots) {
      const from = await this.#agreedOwner(slot, to);
      if (from === to) continue;
      const text = String(slot);
      await command(to.port, 'CLUSTER', 'SETSLOT', text, 'IMPORTING', await idOf(from));
      await command(from.port, 'CLUSTER', 'SETSLOT', text, 'MIGRATING', id);
      await moveKeys(from.port, to.port, text);
      const [source, ...others] = [from, ...(await this.#masters()).filter((each) => each !== to)];
      for (const { port } of [to, source, ...others]) {
        await assign(port, text, id);
      }
    }
    await this.#allKnow(slots, to);
  }

  /** What a node had sent before a slot moved may have another think for a moment that it has it. */
  #agreedOwner(slot: number, asked: RealServer): Promise<RealServer> {
    return waitFor('the owner of a slot to know it', async () => {
      const owner = await this.ownerOf(slot, asked);
      return (await this.ownerOf(slot, owner)) === owner ? owner : undefined;
    });
  }

  /** A replica that is promoted before it knows takes what its master had by its own view. */
  async #allKnow(slots: readonly number[], owner: RealServer): Promise<void> {
    await waitFor('all nodes to know who owns the slots', async () => {
      const running = this.nodes.filter((node) => node.running);
      const views = await Promise.all(running.map(({ port }) => clusterNodes(port)));
      return views.every((view) => {
        const line = view.find(({ port }) => port === owner.port);
        return line !== undefined && slots.every((slot) => holds(line, slot));
      });
    });
  }

  async #masters(): Promise<RealServer[]> {
    const lines = await clusterNodes(
      (this.nodes.find(({ running }) => running) as RealServer).port,
    );
    return this.nodes.filter(({ port, running }) => {
      const flags = lines.find((line) => line.port === port)?.flags ?? [];
      return running && flags.includes('master');
    });
  }

  async settled(): Promise<void> {
    await waitFor('the cluster to settle', async () => {
      const running = this.nodes.filter((node) => node.running);
      const states = await Promise.all(
        running.map(async ({ port }) => {
          const info = String(await command(port, 'CLUSTER', 'INFO'));
          const isOk = /cluster_state:ok/.test(info) && info.includes(`slots_ok:${SLOTS}`);
          const role = (await command(port, 'ROLE')) as unknown[];
          const lines = await clusterNodes(port);
          const known = lines.filter((line) => line.linked || line.flags.includes('myself'));
          return (
            isOk &&
            (role[0] === 'master' || role[3] === 'connected') &&
            known.length >= running.length
          );
        }),
      );
      return states.every((isGood) => isGood);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/** The id of a node. */
export async function idOf({ port }: { readonly port: number }): Promise<string> {
  return String(await command(port, 'CLUSTER', 'MYID'));
}

/** A master that has lost its last slot follows another one from then on. */
async function assign(port: number, slot: string, id: string): Promise<void> {
  try {
    await command(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', id);
  } catch (error) {
    if (!/only with masters/.test(String(error))) throw error;
  }
}

async function moveKeys(from: number, to: number, slot: string): Promise<void> {
  for (;;) {
    const keys = (await command(from, 'CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    if (keys.length === 0) return;
    await command(from, 'MIGRATE', '127.0.0.1', String(to), '', '0', '5000', 'KEYS', ...keys);
  }
}

/** Starts a cluster whose slots are shared equally, and waits until all of it is served. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { masters = 3, replicas = 1 } = options;
  const cluster = new RunningCluster(options);
  const count = masters * (1 + replicas);
  await Promise.all(Array.from({ length: count }, () => cluster.startNode()));
  const [first, ...others] = cluster.nodes;
  for (const [i, { port }] of cluster.nodes.slice(0, masters).entries()) {
    const from = Math.round((i * SLOTS) / masters);
    const last = Math.round(((i + 1) * SLOTS) / masters) - 1;
    await command(port, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(last));
    await command(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
  }
  let asked = 0;
  await waitFor('the nodes to meet', async () => {
    if (asked++ % REASK_EVERY === 0) for (const each of others) await cluster.meet(first, each);
    const views = await Promise.all(cluster.nodes.map(({ port }) => clusterNodes(port)));
    return views.every((view) => view.length === count);
  });
  for (const [i, replica] of cluster.nodes.slice(masters).entries()) {
    await cluster.follow(replica, cluster.nodes[i % masters]);
  }
  await cluster.settled();
  return cluster;
}
