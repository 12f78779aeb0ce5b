import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { repliesOf } from '../../differential/raw-replies.ts';
import { idOf, startCluster, type TestCluster } from '../../support/clusters.ts';
import { encodeRequest } from '../../support/resp-client.ts';
import { waitFor } from '../../support/wait.ts';
import type { Case } from '../cases/case.ts';
import { SimCluster } from '../cases/cluster/sim-cluster.ts';
import { encode } from '../clients/requests.ts';
import type { Endpoint, EndpointOwner } from '../net/connection.ts';
import { Network } from '../net/network.ts';
import { World } from '../world/world.ts';
import { slotOf } from './cluster/slots.ts';

// The simulated nodes of a cluster answer as real ones, to the same requests in the same order.

const MASTERS = 3;
const NODES = 6;
/** What a request may name: @0 is the id of a node, 0:host and 0:port where it is. */
type Fill = (word: string) => string;

/** Two clusters that are asked the same. */
interface Asked {
  ask(node: number, words: readonly string[]): Promise<string>;
}

class Real implements Asked {
  readonly #cluster: TestCluster;
  readonly #sockets: Socket[];
  readonly #ids: readonly string[];
  #bytes: Buffer = Buffer.alloc(0);
  #told: () => void = () => {};

  constructor(cluster: TestCluster, ids: readonly string[]) {
    this.#cluster = cluster;
    this.#ids = ids;
    this.#sockets = cluster.nodes.map(({ port }) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('data', (chunk) => {
        this.#bytes = Buffer.concat([this.#bytes, chunk]);
        this.#told();
      });
      return socket;
    });
  }

  #fill: Fill = (word) =>
    word
      .replace(/@(\d)/g, (_, i) => this.#ids[Number(i)])
      .replace(/^(\d):host$/, '127.0.0.1')
      .replace(/^(\d):port$/, (_, i) => String(this.#cluster.nodes[Number(i)].port));

  async ask(node: number, words: readonly string[]): Promise<string> {
    this.#bytes = Buffer.alloc(0);
    this.#sockets[node].write(encodeRequest(...words.map(this.#fill)));
    let replies: string[] = [];
    await new Promise<void>((resolve, reject) => {
      this.#sockets[node].setTimeout(10_000, () => reject(new Error('no answer')));
      this.#told = () => {
        replies = repliesOf(this.#bytes);
        if (replies.length > 0) resolve();
      };
    });
    return this.#plain(replies[0]);
  }

  /** Ids and places by the numbers of the nodes. */
  #plain(reply: string): string {
    let text = reply;
    for (const [i, id] of this.#ids.entries()) text = text.replaceAll(id, `id${i}`);
    for (const [i, { port }] of this.#cluster.nodes.entries()) {
      text = text.replaceAll(`127.0.0.1:${port}`, `at${i}`);
      text = text.replaceAll(`$9\r\n127.0.0.1\r\n:${port}\r\n`, `at${i}`);
    }
    return text;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

class Simulated implements Asked {
  readonly #world: World = new World(1, false);
  readonly #cluster: SimCluster;
  readonly #links: Promise<Endpoint>[];
  #bytes: Buffer = Buffer.alloc(0);

  constructor() {
    const network = new Network(this.#world, true);
    const traits = { masters: MASTERS, replicas: 1, nodeTimeoutMs: 1_000 };
    const given = { cluster: traits } as unknown as Case;
    this.#cluster = new SimCluster(this.#world, network, given, null);
    this.#cluster.start();
    const loop = this.#world.process('asker');
    network.place(loop, '10.0.9.1');
    const owner: EndpointOwner = {
      onData: (bytes) => {
        this.#bytes = Buffer.concat([this.#bytes, bytes]);
      },
      onEnd: () => {},
      onError: () => {},
    };
    this.#links = this.#cluster.nodes.map(({ membership }) => {
      const { host, port } = membership.me.address;
      return new Promise((resolve, reject) => {
        network.connect(loop, host, port, {
          cancelled: false,
          onConnected: (endpoint) => {
            endpoint.owner = owner;
            endpoint.startReading();
            resolve(endpoint);
          },
          onFailed: (code) => reject(new Error(code)),
        });
      });
    });
  }

  /** Until it serves. */
  begin(): Promise<void> {
    return this.run(5_000, () => this.#cluster.settled);
  }

  run(ms: number, isDone: () => boolean = () => false): Promise<void> {
    return this.#world.run(this.#world.micros + ms * 1000, isDone);
  }

  /** Until that node is a master of which all know. @returns what the first says of all */
  async until(node: number): Promise<string> {
    const { nodes } = this.#cluster;
    await this.run(10_000, () => nodes[node].membership.isMaster && this.#cluster.settled);
    return this.ask(0, ['CLUSTER', 'NODES']);
  }

  #fill: Fill = (word) =>
    word
      .replace(/@(\d)/g, (_, i) => this.#cluster.nodes[Number(i)].id)
      .replace(/^(\d):host$/, (_, i) => this.#cluster.nodes[Number(i)].address)
      .replace(/^(\d):port$/, '6379');

  async ask(node: number, words: readonly string[]): Promise<string> {
    this.#bytes = Buffer.alloc(0);
    const link = await this.#links[node];
    link.write(encode(words.map(this.#fill)), () => {});
    await this.run(5_000, () => repliesOf(this.#bytes).length > 0);
    let text = repliesOf(this.#bytes)[0] ?? 'nothing';
    for (const [i, each] of this.#cluster.nodes.entries()) {
      text = text.replaceAll(each.id, `id${i}`).replaceAll(`${each.address}:6379`, `at${i}`);
      text = text.replaceAll(`$8\r\n${each.address}\r\n:6379\r\n`, `at${i}`);
    }
    return text;
  }
}

/** Keys of one slot of the first node, of one of the second. */
const [A, B] = ['{bar}1', '{bar}2'];
const OTHER = '{foo}1';
const SLOT = String(slotOf(A));

/** Node, and what it is asked. */
const STEPS: readonly (readonly [number, string])[] = [
  [0, 'CLUSTER MYID'],
  [0, `CLUSTER KEYSLOT ${A}`],
  [0, 'CLUSTER KEYSLOT {}a'],
  [0, 'CLUSTER KEYSLOT a{b'],
  [0, `SET ${A} 1`],
  [1, `SET ${A} 1`],
  [2, `GET ${A}`],
  [0, `GET ${OTHER}`],
  [0, `MGET ${A} ${B}`],
  [0, `MGET ${A} ${OTHER}`],
  [0, `MSET ${A} 1 ${OTHER} 2`],
  [1, 'PING'],
  [1, 'SELECT 1'],
  [1, 'SELECT 0'],
  // Replicas send all away, but for reads of who has said so.
  [3, `GET ${A}`],
  [3, `SET ${A} 2`],
  [3, 'READONLY'],
  [3, `GET ${A}`],
  [3, `SET ${A} 2`],
  [3, `GET ${OTHER}`],
  [3, 'READWRITE'],
  [3, `GET ${A}`],
  // What cannot be done.
  [0, 'CLUSTER SETSLOT 16384 STABLE'],
  [0, `CLUSTER SETSLOT ${SLOT} IMPORTING @1`],
  [1, `CLUSTER SETSLOT ${SLOT} MIGRATING @0`],
  [0, `CLUSTER SETSLOT ${SLOT} MIGRATING nonsuch`],
  [0, `CLUSTER SETSLOT ${SLOT} MIGRATING @3`],
  [0, `CLUSTER SETSLOT ${SLOT} NODE @1`],
  [0, `CLUSTER SETSLOT ${SLOT} NODE nonsuch`],
  [0, `CLUSTER SETSLOT ${SLOT} SIDEWAYS`],
  [3, `CLUSTER SETSLOT ${SLOT} STABLE`],
  [0, 'CLUSTER FAILOVER'],
  [0, 'CLUSTER REPLICATE @1'],
  [0, 'CLUSTER REPLICATE @0'],
  [0, 'CLUSTER REPLICATE nonsuch'],
  [3, 'CLUSTER REPLICATE @4'],
  [0, 'CLUSTER FORGET @0'],
  [0, 'CLUSTER FORGET nonsuch'],
  [3, 'CLUSTER FORGET @0'],
  [0, `CLUSTER COUNTKEYSINSLOT ${SLOT}`],
  [0, `CLUSTER GETKEYSINSLOT ${SLOT} 10`],
  // A slot moves, key by key.
  [0, `SET ${B} 2`],
  [1, `CLUSTER SETSLOT ${SLOT} IMPORTING @0`],
  [0, `CLUSTER SETSLOT ${SLOT} MIGRATING @1`],
  [0, `GET ${A}`],
  [0, 'GET {bar}3'],
  [0, `MGET ${A} {bar}3`],
  [0, `DEL {bar}3 {bar}4`],
  [1, `GET ${A}`],
  [0, `MIGRATE 1:host 1:port ${A} 0 5000`],
  [0, `MIGRATE 1:host 1:port ${A} 0 5000`],
  [0, `GET ${A}`],
  [0, `MGET ${A} ${B}`],
  [1, `GET ${A}`],
  [1, 'ASKING'],
  [1, `GET ${A}`],
  [1, `GET ${A}`],
  [1, 'ASKING'],
  [1, `MGET ${A} ${B}`],
  [1, 'ASKING'],
  [1, `SET ${A} 3`],
  [0, 'MULTI'],
  [0, `GET ${B}`],
  [0, `GET ${A}`],
  [0, 'EXEC'],
  [0, 'MULTI'],
  [0, `GET ${B}`],
  [0, 'EXEC'],
  [1, 'MULTI'],
  [1, `SET ${OTHER} 1`],
  [1, 'EXEC'],
  [0, `MIGRATE 1:host 1:port  0 5000 KEYS ${B}`],
  [0, `CLUSTER COUNTKEYSINSLOT ${SLOT}`],
  [1, `CLUSTER SETSLOT ${SLOT} NODE @1`],
  [0, `CLUSTER SETSLOT ${SLOT} NODE @1`],
  [2, `CLUSTER SETSLOT ${SLOT} NODE @1`],
  [0, `GET ${A}`],
  [1, `MGET ${A} ${B}`],
  [2, `GET ${A}`],
];

/** Lines of CLUSTER NODES without times and epochs, which nobody can compare. */
function shapeOf(nodes: string): string[] {
  return nodes
    .split('\n')
    .filter((line) => /^(\$\d+\r)?id\d/.test(line))
    .map((line) => {
      const [id, place, flags, master, , , , link, ...slots] = line.split(' ');
      return [id, place.replace(/@.*/, ''), flags, master, link, ...slots].join(' ');
    })
    .sort();
}

describe('the simulated nodes of a Redis Cluster', () => {
  let cluster: TestCluster;
  let real: Real;
  const simulated = new Simulated();
  before(async () => {
    cluster = await startCluster({ masters: MASTERS, replicas: 1 });
    const ids = await Promise.all(cluster.nodes.map(idOf));
    real = new Real(cluster, ids);
    await simulated.begin();
  });
  after(async () => {
    real?.close();
    await cluster?.stop();
  });

  async function views(asked: Asked, node: number): Promise<unknown> {
    const nodes = shapeOf(await asked.ask(node, ['CLUSTER', 'NODES']));
    const info = (await asked.ask(node, ['CLUSTER', 'INFO'])).split('\r\n');
    const served = info.filter((line) => /^cluster_(state|slots|known_nodes|size)/.test(line));
    return { nodes, served, slots: await asked.ask(node, ['CLUSTER', 'SLOTS']) };
  }

  test('see each other as real ones do', async () => {
    // Replicas are told of when they have got something.
    for (const [node, key] of ['b', 'c', 'a'].entries()) {
      for (const asked of [real, simulated]) await asked.ask(node, ['SET', key, '1']);
    }
    await simulated.run(2_000);
    for (let node = 0; node < NODES; node++) await seeTheSame(node);
  });

  /** What changes at one real node is known to another a little later. */
  async function seeTheSame(node: number): Promise<void> {
    const expected = await views(simulated, node);
    await waitFor(`node ${node} to see the same`, async () => {
      return isDeepStrictEqual(await views(real, node), expected);
    });
  }

  test('answer and redirect as real ones do, while a slot moves', async () => {
    const wrong: string[] = [];
    for (const [node, text] of STEPS) {
      const words = text.split(' ');
      const expected = await real.ask(node, words);
      if (text === `SET ${A} 1` || text === `SET ${B} 2`) await settle(node);
      const actual = await simulated.ask(node, words);
      if (actual !== expected) wrong.push(`${node}: ${text}: ${actual} instead of ${expected}`);
    }
    await simulated.run(2_000);
    assert.deepEqual(wrong, []);
  });

  /** Replicas have got what was written. */
  async function settle(node: number): Promise<void> {
    if (node < MASTERS) await real.ask(node, ['WAIT', '1', '1000']);
    await simulated.run(100);
  }

  test('a replica that is told to takes the place of its master', async () => {
    for (const asked of [real, simulated]) {
      assert.equal(await asked.ask(4, ['CLUSTER', 'FAILOVER']), '+OK\r\n');
    }
    const isMaster = (text: string): boolean => /id4 at4\S* master/.test(text);
    await waitFor('the real one to be a master', async () => {
      return isMaster(await real.ask(0, ['CLUSTER', 'NODES']));
    });
    assert.ok(isMaster(await simulated.until(4)));
    await cluster.settled();
    assert.equal(await simulated.ask(1, ['GET', OTHER]), await real.ask(1, ['GET', OTHER]));
    await simulated.run(2_000);
    await seeTheSame(0);
  });
});
