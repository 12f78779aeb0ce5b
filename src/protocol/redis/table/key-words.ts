import type { CommandSpec } from './commands.ts';

/**
 * Positions of the keys in a request of `count` words. Empty when it has none, or when it is so
 * malformed that only the server can say what is wrong. 'blocking' for a form that would block a
 * shared connection.
 */
export function keyWords(
  spec: CommandSpec,
  count: number,
  word: (index: number) => string,
): number[] | 'blocking' {
  switch (spec.keys) {
    case 'none':
      return [];
    case 'range':
      return rangeKeys(spec, count);
    case 'numkeys':
      return countedKeys(spec, count, word);
    case 'numkeys-store': {
      const counted = countedKeys(spec, count, word);
      return counted.length === 0 ? [] : [1, ...counted];
    }
    case 'sort':
      return optionKeys(count, word, ['STORE']);
    case 'georadius':
      return optionKeys(count, word, ['STORE', 'STOREDIST']);
    case 'streams':
      return streamKeys(count, word);
  }
}

function rangeKeys(spec: CommandSpec, count: number): number[] {
  const last = spec.lastKey < 0 ? count + spec.lastKey : spec.lastKey;
  const keys: number[] = [];
  for (let i = spec.firstKey; i <= last && i < count; i += spec.step) keys.push(i);
  return keys;
}

function countedKeys(spec: CommandSpec, count: number, word: (index: number) => string): number[] {
  if (spec.numkeys >= count) return [];
  const text = word(spec.numkeys);
  if (!/^[1-9][0-9]{0,8}$/.test(text)) return [];
  const step = Math.max(1, spec.step);
  const keys: number[] = [];
  for (let i = 0; i < Number(text); i++) {
    const at = spec.numkeys + 1 + i * step;
    if (at >= count) return [];
    keys.push(at);
  }
  return keys;
}

function optionKeys(
  count: number,
  word: (index: number) => string,
  options: readonly string[],
): number[] {
  const keys = [1];
  for (let i = 2; i + 1 < count; i++) {
    if (options.includes(word(i).toUpperCase())) keys.push(i + 1);
  }
  return keys;
}

function streamKeys(count: number, word: (index: number) => string): number[] | 'blocking' {
  for (let i = 1; i < count; i++) {
    const option = word(i).toUpperCase();
    if (option === 'BLOCK') return 'blocking';
    if (option !== 'STREAMS') continue;
    const half = Math.floor((count - i - 1) / 2);
    return Array.from({ length: half }, (_, k) => i + 1 + k);
  }
  return [];
}
