import { connect } from 'node:net';
import { startCluster } from '../../support/clusters.ts';
import { encodeRequest } from '../../support/resp-client.ts';
import { command, startSentinelSet } from '../../support/sentinels.ts';

// Measures what the model of a fleet is given: prints the constants of measured.ts.

const CONNECTIONS = 3_000;
const AT_ONCE = 50;
const QUESTIONS = 3_000;

/** Microseconds of processor time that a server has used. */
async function cpuOf(port: number): Promise<number> {
  const info = String(await command(port, 'INFO', 'cpu'));
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:(.*)\r$`, 'm').exec(info)?.[1] ?? 0);
  return (field('used_cpu_user') + field('used_cpu_sys')) * 1e6;
}

/** Sends requests over a new connection. @returns bytes of `replies` lines or more */
function ask(port: number, bytes: Buffer, isWhole: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write(bytes));
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      socket.destroy();
      resolve(text);
    });
  });
}

const set = await startSentinelSet({ replicas: 2, sentinels: 1 });
try {
  const [[{ port }], [sentinel]] = [set.shards[0], set.sentinels];
  const greeting = Buffer.concat([encodeRequest('ROLE'), encodeRequest('PING')]);
  const before = await cpuOf(port);
  for (let done = 0; done < CONNECTIONS; done += AT_ONCE) {
    const each = () => ask(port, greeting, (text) => text.endsWith('+PONG\r\n'));
    await Promise.all(Array.from({ length: AT_ONCE }, each));
  }
  const connecting = ((await cpuOf(port)) - before) / CONNECTIONS;
  const words = ['MASTER', 'GET-MASTER-ADDR-BY-NAME', 'REPLICAS'];
  const questions = words.map((word) => encodeRequest('SENTINEL', word, 'shard1'));
  const ping = encodeRequest('PING');
  const one = Buffer.concat([...questions, ping]);
  const end = (text: string): boolean => text.endsWith('+PONG\r\n');
  const bytes = (await ask(sentinel.port, one, end)).length - '+PONG\r\n'.length;
  const many = Buffer.concat([...Array.from({ length: QUESTIONS }, () => questions).flat(), ping]);
  const begun = await cpuOf(sentinel.port);
  await ask(sentinel.port, many, end);
  const asking = ((await cpuOf(sentinel.port)) - begun) / QUESTIONS;
  console.log(`CONNECT_MICROS ${connecting.toFixed(0)}`);
  console.log(`QUESTIONS_MICROS ${asking.toFixed(0)}\nQUESTIONS_BYTES ${bytes}`);
} finally {
  await set.stop();
}

const cluster = await startCluster({ masters: 3, replicas: 1 });
try {
  await cluster.settled();
  const [{ port }] = cluster.nodes;
  const both = ['NODES', 'SLOTS'].map((word) => encodeRequest('CLUSTER', word));
  const ping = encodeRequest('PING');
  const end = (text: string): boolean => text.endsWith('+PONG\r\n');
  const bytes = (await ask(port, Buffer.concat([...both, ping]), end)).length - '+PONG\r\n'.length;
  console.log(`CLUSTER_NODE_BYTES ${(bytes / cluster.nodes.length).toFixed(0)}`);
  const many = Buffer.concat([...Array.from({ length: QUESTIONS }, () => both).flat(), ping]);
  const begun = await cpuOf(port);
  await ask(port, many, end);
  console.log(`CLUSTER_MICROS ${(((await cpuOf(port)) - begun) / QUESTIONS).toFixed(0)}`);
} finally {
  await cluster.stop();
}
