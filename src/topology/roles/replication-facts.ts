import { REPLICATION_LINES } from '../../limits.ts';
import type { Reply } from '../reply-reader.ts';

/** What a server says of its part in replication. */
export interface ReplicationFacts {
  readonly isMaster: boolean;
  /** Of the history that its data are; a replica has its master's. Empty = unknown. */
  readonly replid: string;
  /** Of the history that it went on from when it became a master. Empty = none. */
  readonly replid2: string;
  /** How far in that history it is, in bytes. */
  readonly offset: number;
  /** Of a replica: its master answers it. */
  readonly linkUp: boolean;
  /** Of a replica: for so many seconds it does not. */
  readonly downSeconds: number;
  /** Of a replica: it takes in all data anew. */
  readonly syncing: boolean;
  /** Of a replica: its master, `host:port`; of a master empty. */
  readonly master: string;
  /** Of a replica: so many seconds ago its master said something. */
  readonly heardSeconds: number;
  /** Of a replica: a lower one is rather promoted; 0 = never. */
  readonly priority: number;
}

const ID = /^[0-9a-f]{40}$/;
const NO_ID = /^0+$/;
/** Of a replica that does not say. */
const USUAL_PRIORITY = 100;
const NUMBER = /^-?\d{1,15}$/;

/** What a reply to INFO replication says; null when that is nothing that can be used. */
export function replicationFacts(reply: Reply): ReplicationFacts | null {
  if (typeof reply !== 'string') return null;
  const fields = new Map<string, string>();
  for (const line of reply.split('\r\n', REPLICATION_LINES)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const role = fields.get('role');
  if (role !== 'master' && role !== 'slave') return null;
  const id = (name: string): string => {
    const text = fields.get(name) ?? '';
    return ID.test(text) && !NO_ID.test(text) ? text : '';
  };
  const number = (name: string): number => {
    const text = fields.get(name) ?? '';
    return NUMBER.test(text) ? Math.max(0, Number(text)) : 0;
  };
  const isMaster = role === 'master';
  return {
    isMaster,
    replid: id('master_replid'),
    replid2: id('master_replid2'),
    offset: number(isMaster ? 'master_repl_offset' : 'slave_repl_offset'),
    linkUp: fields.get('master_link_status') === 'up',
    downSeconds: number('master_link_down_since_seconds'),
    syncing: fields.get('master_sync_in_progress') === '1',
    master: isMaster ? '' : `${fields.get('master_host')}:${fields.get('master_port')}`,
    heardSeconds: number('master_last_io_seconds_ago'),
    priority: fields.has('slave_priority') ? number('slave_priority') : USUAL_PRIORITY,
  };
}
