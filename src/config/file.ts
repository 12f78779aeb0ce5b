import { readDocument } from './file/document.ts';
import { compareBytes } from './file/order.ts';
import type { Problems } from './file/problems.ts';
import type { ReadFrom } from './file/rules.ts';
import { decodeSource } from './file/source-text.ts';
import { finishPool } from './finish-pool.ts';
import { type PoolDraft, readPool } from './keys/pool.ts';
import type { ListenSite } from './resolve.ts';
import type { Config, ListenConfig } from './types.ts';

/** Keys that say where clients connect. */
const LISTEN_KEYS = ['listen', 'tls_listen'] as const;

/** Reads a file's bytes into pool drafts and reports everything wrong but unresolvable hosts. */
export function readDrafts(bytes: Uint8Array, from: ReadFrom): PoolDraft[] {
  const { problems } = from;
  const source = decodeSource(bytes, problems);
  if (source === null) return [];
  const drafts = readDocument(source, problems).map((node) => readPool(node, from));
  checkPools(drafts, problems);
  checkFlushes(drafts, problems);
  return drafts;
}

function checkPools(drafts: readonly PoolDraft[], problems: Problems): void {
  const names = new Map<string, PoolDraft>();
  const listens = new Map<string, PoolDraft>();
  for (const draft of drafts) {
    const name = draft.name.text;
    const sameName = names.get(name);
    if (sameName === undefined) names.set(name, draft);
    else {
      const line = sameName.name.at.line;
      const message = `the pool name is taken by line ${line}; expected another name`;
      problems.add(draft.name.at, name, message);
    }
    for (const key of LISTEN_KEYS) {
      const listen = draft.values.get(key) as ListenConfig | undefined;
      if (listen === undefined) continue;
      // Whoever leaves the port to the system gets another one each time.
      if (listen.kind === 'tcp' && listen.port === 0) continue;
      // Compared as typed, like nutcracker: two spellings of one address are found by bind.
      const sameListen = listens.get(listen.text);
      if (sameListen === undefined) listens.set(listen.text, draft);
      else {
        const taken = `${listen.text} is taken by pool ${sameListen.name.text}`;
        const at = draft.positions.get(key)!;
        problems.add(at, `${name}.${key}`, `${taken}; expected another address`);
      }
    }
  }
}

/** Who flushes a witness has it forget who is the master. */
function checkFlushes(drafts: readonly PoolDraft[], problems: Problems): void {
  const witnesses = new Set(
    drafts.flatMap((draft) => draft.witnesses.map(({ host, port }) => `${host}:${port}`)),
  );
  for (const { name, values, positions, servers } of drafts) {
    if (values.get('allow_flush') !== true) continue;
    const flushed = servers.find(({ server: { host, port } }) => witnesses.has(`${host}:${port}`));
    if (flushed === undefined) continue;
    const { host, port } = flushed.server;
    const message = `${host}:${port} is a witness of a pool; expected no allow_flush before it`;
    problems.add(positions.get('allow_flush')!, `${name.text}.allow_flush`, message);
  }
}

/** The TCP listeners of the drafts, for the look-up of their hosts. */
export function listenSites(drafts: readonly PoolDraft[]): ListenSite[] {
  return drafts.flatMap((draft) =>
    LISTEN_KEYS.flatMap((key): ListenSite[] => {
      const listen = draft.values.get(key) as ListenConfig | undefined;
      if (listen?.kind !== 'tcp') return [];
      return [{ pool: draft.name.text, key, listen, at: draft.positions.get(key)! }];
    }),
  );
}

/** Drafts without problems as a frozen configuration. @param file its path */
export function finishConfig(file: string, drafts: readonly PoolDraft[]): Config {
  const latin1 = (name: string) => Buffer.from(name).toString('latin1');
  const pools = drafts.map(finishPool);
  pools.sort((a, b) => compareBytes(latin1(a.name), latin1(b.name)));
  return Object.freeze({ file, pools: Object.freeze(pools) });
}
