import type { CommandEntry } from './command-table-layout.ts';
import { COMMANDS, type CommandSpec } from './commands.ts';

/** With this many words the command has one key, and is forwarded as it is. */
function plainCount(spec: CommandSpec): number {
  if (spec.handling === 'fragment') return spec.firstKey + spec.step;
  if (spec.handling === 'same-server' && spec.keys === 'range' && spec.lastKey === -1) {
    return spec.firstKey + 1;
  }
  return 0;
}

/** The command table as the scanners need it: what is plain, and which word to route by. */
export function scannerEntries(): CommandEntry[] {
  return COMMANDS.map((spec, index) => {
    const plain = plainCount(spec);
    return {
      name: spec.name,
      index,
      special: spec.handling !== 'forward',
      arity: spec.arity,
      keyWord: spec.handling === 'forward' || plain > 0 ? spec.firstKey : 0,
      plainCount: plain,
    };
  });
}
