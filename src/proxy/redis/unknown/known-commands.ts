import type { CustomCommand, PoolConfig } from '../../../config/index.ts';
import { LEARNED_COMMANDS } from '../../../limits.ts';
import { type LearnedCommand, specOf } from '../../../protocol/redis/table/learn-command.ts';
import type { Pool } from '../../pool/pool.ts';

// Commands that the table does not have: those that the configuration of a pool describes, and
// those that a server of it was asked for. All by name in upper case.

const configured: WeakMap<PoolConfig, ReadonlyMap<string, LearnedCommand>> = new WeakMap();
const learned: WeakMap<object, Map<string, LearnedCommand>> = new WeakMap();

/** The row of a command that the configuration describes: the servers check its arity. */
function custom(command: CustomCommand): LearnedCommand {
  const least = Math.max(1, command.firstKey + 1, command.numkeys + 1);
  const spec = specOf({ ...command, arity: -least, access: 'w' });
  return { spec, movable: false, blocking: false, administers: false, hides: null };
}

function configuredIn(config: PoolConfig): ReadonlyMap<string, LearnedCommand> {
  let commands = configured.get(config);
  if (commands === undefined) {
    commands = new Map(config.customCommands.map((each) => [each.name, custom(each)]));
    configured.set(config, commands);
  }
  return commands;
}

/** What is known of a command; undefined when a server has to be asked. */
export function knownCommand(
  pool: { readonly config: PoolConfig },
  name: string,
): LearnedCommand | undefined {
  return configuredIn(pool.config).get(name) ?? learned.get(pool)?.get(name);
}

/** Keeps what a server has told of a command, as long as there is room for more. */
export function keepLearned(pool: Pool, name: string, command: LearnedCommand): void {
  let commands = learned.get(pool);
  if (commands === undefined) {
    commands = new Map();
    learned.set(pool, commands);
  }
  if (commands.size < LEARNED_COMMANDS) commands.set(name, command);
}
