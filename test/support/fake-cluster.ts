import type { Socket } from 'node:net';
import { wordsOf } from './fake-sentinel.ts';
import { type FakeServer, send, startFake } from './fake-server.ts';
import { startInProcess, type TestRingway, type Variant } from './ringway.ts';
import { waitFor } from './wait.ts';

/** Nodes that say what a test wants, for what those of a real cluster cannot be made to say. */
export interface FakeCluster {
  readonly ports: readonly number[];
  /** Requests of clients that each node got, as words with blanks between them. */
  readonly asked: readonly string[][];
  readonly nodes: readonly FakeServer[];
  /** Ports of the nodes that have slots. */
  readonly owners: readonly number[];
  /** How often anybody asked who has which slots. */
  readonly refreshes: number;
  /** A node has the slots of another from now on, too. */
  handOver(from: number, to: number): void;
  /** Nobody has the slots of a node from now on. */
  disown(node: number): void;
  /** A node has those slots again that were a node's at first. */
  own(part: number, node: number): void;
  /** The others say from now on that a node has failed; itself it says nothing. */
  fail(node: number): void;
  /** A node says from now on what it says now. */
  fallBehind(node: number): void;
  /** Nobody lists a node, as before it has joined. @returns what has it join */
  hide(node: number): () => void;
  /** How often anybody asked how the cluster is. */
  readonly looks: number;
  stop(): Promise<void>;
}

const NOBODY = -1;

type Answer = (node: number, text: string, socket: Socket) => string | undefined;

/**
 * Starts nodes, each with an equal part of the slots.
 * @param answer to a request of a client; undefined = OK
 */
export async function startFakeCluster(count: number, answer: Answer): Promise<FakeCluster> {
  const ports: number[] = [];
  const asked: string[][] = Array.from({ length: count }, () => []);
  let refreshes = 0;
  let looks = 0;
  /** Who has each part of the slots, and since which epoch. */
  const owners = Array.from({ length: count }, (_, i) => i);
  const epochs = owners.map((i) => i + 1);
  const rangesOf = (node: number): string =>
    owners
      .flatMap((owner, i) => {
        const first = Math.round((i * 16384) / count);
        const last = Math.round(((i + 1) * 16384) / count) - 1;
        return owner === node ? [`${first}-${last}`] : [];
      })
      .join(' ');
  const lines = (me: number): string =>
    ports
      .map((port, i) => {
        if (hidden.has(i)) return '';
        const id = String(i).repeat(40);
        const failed = dead.has(i) ? ',fail' : '';
        const flags = i === me ? 'myself,master' : `master${failed}`;
        const about = `${id} 127.0.0.1:${port}@1 ${flags} - 0 0 ${epochs[i]} connected`;
        return `${about} ${rangesOf(i)}\n`;
      })
      .join('');
  const dead: Set<number> = new Set();
  const hidden: Set<number> = new Set();
  /** What those say that have fallen behind. */
  const old: Map<number, string> = new Map();
  const info = (): string => {
    const served = owners.filter((owner) => owner !== NOBODY).length;
    const ok = Math.round((served * 16384) / count);
    const epoch = Math.max(...epochs);
    return `cluster_state:ok\r\ncluster_slots_ok:${ok}\r\ncluster_current_epoch:${epoch}\r\n`;
  };
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  const nodes: FakeServer[] = [];
  for (let i = 0; i < count; i++) {
    const node = await startFake((_index, request, socket) => {
      const words = wordsOf(request);
      const text = words.join(' ');
      if (dead.has(i) && text.startsWith('CLUSTER ')) return { do: 'reset' };
      if (text === 'CLUSTER INFO') {
        looks++;
        return send(bulk(info()));
      }
      if (text === 'CLUSTER SLOTS') return send('*0\r\n');
      if (text === 'PING') return send('+PONG\r\n');
      if (text === 'CLUSTER NODES') {
        refreshes++;
        return send(bulk(old.get(i) ?? lines(i)));
      }
      asked[i].push(text);
      return send(answer(i, text, socket) ?? '+OK\r\n');
    });
    nodes.push(node);
    ports.push(node.port);
  }
  return {
    ports,
    asked,
    nodes,
    get owners() {
      return ports.filter((_, node) => owners.includes(node));
    },
    get refreshes() {
      return refreshes;
    },
    handOver: (from, to) => {
      for (const [i, owner] of owners.entries()) if (owner === from) owners[i] = to;
      epochs[to] = Math.max(...epochs) + 1;
    },
    fail: (node) => void dead.add(node),
    hide: (node) => {
      hidden.add(node);
      return () => void hidden.delete(node);
    },
    fallBehind: (node) => void old.set(node, lines(node)),
    get looks() {
      return looks;
    },
    own: (part, node) => {
      owners[part] = node;
      epochs[node] = Math.max(...epochs) + 1;
    },
    disown: (node) => {
      for (const [i, owner] of owners.entries()) if (owner === node) owners[i] = NOBODY;
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** Waits until a ringway knows all nodes that have slots. */
export async function slotsKnown({ log }: TestRingway, { owners }: FakeCluster): Promise<void> {
  await waitFor('the nodes to be known', () => {
    const text = log.join('\n');
    return owners.every((port) => new RegExp(`:${port} has \\d+ slots`).test(text));
  });
}

/**
 * Starts a ringway in this process that knows the first node of a cluster, and waits until it knows
 * all that have slots.
 */
export async function startBefore(
  cluster: FakeCluster,
  keys: Readonly<Record<string, unknown>> = {},
  variant?: Variant,
): Promise<Awaited<ReturnType<typeof startInProcess>>> {
  const servers = [`127.0.0.1:${cluster.ports[0]}`];
  const ringway = await startInProcess({ servers, cluster: true, ...keys }, variant);
  await slotsKnown(ringway, cluster);
  return ringway;
}
