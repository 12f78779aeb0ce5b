import { CUSTOM_COMMANDS } from '../../limits.ts';
import { type Parsed, quote } from './values.ts';

/** A command that ringway's table does not have, and where its keys are. */
export interface CustomCommand {
  /** Upper case. */
  readonly name: string;
  readonly keys: 'none' | 'range' | 'numkeys';
  /** For `range`, as COMMAND INFO prints them. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly step: number;
  /** For `numkeys`: the word with the number of keys, which follow it. */
  readonly numkeys: number;
}

const NAME = /^[!-+\--:<-~]{1,32}$/; // visible ASCII, neither comma nor semicolon
const EXPECTED =
  'expected "NAME FIRST [LAST [STEP]]", "NAME numkeys WORD" or "NAME none", separated by commas';

function parseOne(text: string): CustomCommand | null {
  const [name, ...rest] = text.trim().split(/\s+/);
  if (!NAME.test(name)) return null;
  const base = { name: name.toUpperCase(), firstKey: 0, lastKey: 0, step: 0, numkeys: 0 };
  if (rest[0] === 'none' && rest.length === 1) return { ...base, keys: 'none' };
  if (rest[0] === 'numkeys') {
    const good = rest.length === 2 && /^[1-9][0-9]?$/.test(rest[1]);
    return good ? { ...base, keys: 'numkeys', numkeys: Number(rest[1]) } : null;
  }
  if (rest.length < 1 || rest.length > 3) return null;
  if (!rest.every((each) => /^-?[1-9][0-9]{0,2}$/.test(each))) return null;
  const [firstKey, lastKey = firstKey, step = 1] = rest.map(Number);
  if (firstKey < 1 || step < 1 || (lastKey > 0 && lastKey < firstKey)) return null;
  return { ...base, keys: 'range', firstKey, lastKey, step };
}

/** Reads the value of `custom_commands`. */
export function parseCustomCommands(text: string): Parsed<readonly CustomCommand[]> {
  const parts = text.split(',');
  if (parts.length > CUSTOM_COMMANDS) {
    return { problem: `there are ${parts.length} commands; expected at most ${CUSTOM_COMMANDS}` };
  }
  const commands: CustomCommand[] = [];
  for (const part of parts) {
    const command = parseOne(part);
    if (command === null) return { problem: `${quote(part.trim())} is not a command; ${EXPECTED}` };
    if (commands.some(({ name }) => name === command.name)) {
      return { problem: `${quote(command.name)} is given twice; ${EXPECTED}` };
    }
    commands.push(Object.freeze(command));
  }
  return { value: Object.freeze(commands) };
}
