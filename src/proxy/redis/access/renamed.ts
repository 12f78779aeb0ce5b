import type { PoolConfig } from '../../../config/index.ts';
import { COMMAND_NAME_BYTES } from '../../../limits.ts';
import { SCRATCH, SCRATCH_BYTES } from '../../../protocol/frame-table.ts';
import { MUST_SEND } from '../../client/router.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { Words, wordCount } from '../words.ts';

// Commands that clients of a pool call by other names: their requests are written again with the
// name that the servers know.

/** The commands by their new names, both in upper case. */
const byName: WeakMap<PoolConfig, ReadonlyMap<string, string>> = new WeakMap();

function namesOf(config: PoolConfig): ReadonlyMap<string, string> {
  let names = byName.get(config);
  if (names === undefined) {
    names = new Map(config.renameCommands.map(({ name, command }) => [name, command]));
    byName.set(config, names);
  }
  return names;
}

/**
 * The request with the name that the servers know, in the arena; good until SCRATCH or the
 * assembled request is written again.
 * @returns null when its name is none that a command was given
 */
export function underItsOwnName(request: SpecialRequest): SpecialRequest | null {
  const { client, start, length } = request;
  const { config, engine } = client.pool;
  if (config.renameCommands.length === 0) return null;
  const words = Words.of(request, 1);
  if (words.readable === 0 || words.length(0) > COMMAND_NAME_BYTES) return null;
  const command = namesOf(config).get(words.text(0).toUpperCase());
  if (command === undefined) return null;
  const rest = words.endOf(0);
  const count = wordCount(request);
  const head = Buffer.from(`*${count}\r\n$${command.length}\r\n${command}\r\n`, 'latin1');
  const more = start + length - rest;
  const size = head.length + more;
  if (size <= SCRATCH_BYTES) {
    // It may stand in SCRATCH itself.
    engine.bytes.copyWithin(SCRATCH + head.length, rest, rest + more);
    head.copy(engine.memory, SCRATCH);
    return { client, start: SCRATCH, length: size, intent: request.intent, renamed: true };
  }
  const whole = Buffer.concat([head, engine.memory.subarray(rest, rest + more)]);
  const at = engine.placeAssembled(whole);
  return { client, start: at, length: size, intent: MUST_SEND, renamed: true };
}
