import { readFileSync } from 'node:fs';
import type { RealServer } from '../../support/real-servers.ts';
import { type Reply, RespClient } from '../../support/resp-client.ts';
import { waitFor } from '../../support/wait.ts';
import { type Ledger, TAGS } from './works.ts';

/** Sums and counts: all of a transaction is done, or nothing; no update is lost. */
export async function judgeAmounts(client: RespClient, ledger: Ledger): Promise<void> {
  for (const tag of TAGS) {
    const names = ['from', 'to', 'n', 'counted'].map((name) => `${tag}${name}`);
    const [from, to, n, counted] = ((await client.command('MGET', ...names)) as Reply[]).map(
      Number,
    );
    ledger.mind(from + to === 0, `${tag}: ${from} and ${to} are not nothing`);
    ledger.mind(n === counted, `${tag}: ${n} was counted ${counted} times`);
  }
}

async function elementsOf(client: RespClient, list: string): Promise<string[]> {
  return ((await client.command('LRANGE', list, 0, -1)) as Reply[]).map(String);
}

/** No element is there twice, and none is missing that nobody may have taken along. */
export async function judgeElements(client: RespClient, ledger: Ledger): Promise<number> {
  const found = [...ledger.popped];
  for (const tag of TAGS) {
    for (const name of ['popped', 'moved', 'done']) {
      found.push(...(await elementsOf(client, `${tag}${name}`)));
    }
  }
  const once = new Set(found);
  ledger.mind(once.size === found.length, `${found.length - once.size} elements are there twice`);
  const missing = ledger.pushed.filter(({ id, acknowledged }) => acknowledged && !once.has(id));
  const most = ledger.unanswered;
  ledger.mind(missing.length <= most, `${missing.length} elements are lost, ${most} pops failed`);
  return missing.length;
}

/** Nothing is left of what clients had for themselves. */
export async function judgeRest(port: number, servers: readonly RealServer[]): Promise<void> {
  await waitFor(
    'the servers to know of all that left',
    async () => {
      const lists = await Promise.all(servers.map((server) => listOf(server.port)));
      return !/flags=\S*[xb]|multi=[0-9]/.test(lists.join('\n'));
    },
    30_000,
  );
  await waitFor(
    'ringway to know as well',
    async () => {
      const client = await RespClient.open(port);
      const text = String(await client.command('INFO', 'clients'));
      client.close();
      return /connected_clients:1\r\n/.test(text) && /blocked_clients:0\r\n/.test(text);
    },
    30_000,
  );
}

async function listOf(port: number): Promise<string> {
  const direct = await RespClient.open(port);
  const list = String(await direct.command('CLIENT', 'LIST'));
  direct.close();
  return list;
}

/** Resident memory of a process and of those that it has started, in MiB. */
export function memoryOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').match(/\d+/g) ?? [];
  const all = [pid, ...children.map(Number)];
  const bytes = all.map((each) => {
    const status = readFileSync(`/proc/${each}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  });
  return Math.round(bytes.reduce((sum, each) => sum + each, 0) / 2 ** 20);
}
