import { type CommandSpec, findSubcommand } from '../../../protocol/redis/table/commands.ts';
import { keyWords } from '../../../protocol/redis/table/key-words.ts';
import { QUEUEING } from '../../client/session/modes.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { Words } from '../words.ts';
import type { Tracking } from './tracking.ts';

/** Commands that read what they like. */
const SCRIPTS: ReadonlySet<string> = new Set([
  'EVAL',
  'EVALSHA',
  'EVAL_RO',
  'EVALSHA_RO',
  'FCALL',
  'FCALL_RO',
]);

/** What a request reads: names of keys, latin1; null when nobody can tell. */
type Read = readonly string[] | null;

const NOTHING: Read = [];

/** @param spec null when the command is not in the table */
function readBy(request: SpecialRequest, spec: CommandSpec | null): Read {
  if (spec === null || SCRIPTS.has(spec.name)) return null;
  if (spec.handling === 'container') {
    const words = Words.of(request, 2);
    const sub = words.readable > 1 ? findSubcommand(spec, words.text(1)) : undefined;
    return sub === undefined || sub.handling === 'container' ? NOTHING : readBy(request, sub);
  }
  if (spec.access !== 'r' || spec.keys === 'none') return NOTHING;
  const words = Words.of(request);
  if (!words.complete) return null;
  return keyWords(spec, words.count, (index) => words.text(index)).keys.map((i) => words.text(i));
}

function queue(tracking: Tracking, read: Read): void {
  if (tracking.client.session.transaction?.failed) tracking.onDiscard();
  else tracking.onQueued(read);
}

/**
 * Carries out a request of a client that tracks, and notes which keys it reads.
 * @param carryOut @returns as handleSpecial()
 */
export function noteReads(
  request: SpecialRequest,
  spec: CommandSpec | null,
  carryOut: () => boolean,
): boolean {
  const { client } = request;
  const tracking = client.session.tracking as Tracking;
  const read = readBy(request, spec);
  const wasQueueing = client.session.mode === QUEUEING;
  if (!carryOut()) return false;
  if (client.closed || client.session.tracking !== tracking) return true;
  const { session } = client;
  const name = spec?.name ?? '';
  const alone = session.detour !== null;
  if (wasQueueing && name === 'EXEC') tracking.onExec(alone);
  else if (wasQueueing && name === 'DISCARD') tracking.onDiscard();
  if (session.mode === QUEUEING) queue(tracking, read);
  else if (read === null) tracking.readBlindly(alone);
  else if (read.length > 0) tracking.onRead(read, alone);
  // What CLIENT CACHING says holds for the next request, or all up to EXEC.
  if (session.mode !== QUEUEING && name !== 'CLIENT') tracking.caching = false;
  return true;
}
