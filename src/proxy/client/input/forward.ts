import type { PoolConfig } from '../../../config/types.ts';
import {
  NO_COMMAND,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
} from '../../../protocol/frame-table.ts';
import type { Engine } from '../../engine/engine.ts';
import { MAY_WAIT, WAIT } from '../router.ts';
import type { InputOwner } from './input-owner.ts';
import type { SentRun } from './sent-run.ts';

/** Whether requests go to the masters and are not kept, whatever they are. */
export function sendsAsTheyStand({ readFrom, retryReads }: PoolConfig): boolean {
  return readFrom === 'master' && retryReads === 0;
}

/** No connection was chosen for a request. @returns false when it must wait; else it has failed */
export function failedToForward(client: InputOwner, words: Uint32Array, record: number): boolean {
  const { router } = client;
  if (router.verdict === WAIT) return false;
  words[record + RECORD_DEST] = 0;
  client.failForward(router.reason);
  return true;
}

/**
 * Sends a request of one server as it stands.
 * @param record its word index in the frame table
 * @returns false when it must wait
 */
export function forward(
  { words }: Engine,
  client: InputOwner,
  run: SentRun,
  record: number,
): boolean {
  const { router, pool, protocol } = client;
  const { retryReads, readFrom } = pool.config;
  const server = words[record + RECORD_SERVER];
  const command = words[record + RECORD_INFO] & NO_COMMAND;
  const connection =
    readFrom === 'master'
      ? router.choose(client, server, client.lane, MAY_WAIT)
      : router.chooseFor(client, server, command);
  if (connection === null) return failedToForward(client, words, record);
  if (retryReads > 0 && protocol.isRead(command)) {
    router.sendRepeatable(client, connection, record);
    run.interrupted = true;
  } else {
    const start = words[record + RECORD_START];
    const length = words[record + RECORD_LENGTH];
    connection.sendRecord(record, start, length, client.id, client.claims.begin());
  }
  return true;
}
