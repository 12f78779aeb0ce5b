// The keys of a pool as a type, made of the table of keys.

import { type KeySpec, POOL_KEYS } from '../../src/config/index.ts';

const COLUMNS = 96;

function typeOf({ type, choices = [], name }: KeySpec): string {
  switch (type) {
    case 'number':
      return 'number';
    case 'bool':
      return 'boolean';
    case 'name':
      if (name === 'hash') return 'HashName';
      if (name === 'distribution') return 'DistributionName';
      return choices.map((choice) => `'${choice}'`).join(' | ');
    case 'servers':
    case 'sentinels':
    case 'replicas':
    case 'witnesses':
    case 'users':
    case 'renames':
      return 'readonly string[]';
    default:
      return 'string';
  }
}

function docOf({ doc, default: value, unit }: KeySpec): string[] {
  const text = doc.replaceAll(/ ?\(\[[^\]]*\]\([^)]*\)\)/g, '').replaceAll('*/', '* /');
  const more = [
    ...(unit === undefined ? [] : [`In ${unit}.`]),
    ...(value === null || value === '' ? [] : [`Default ${value}.`]),
  ];
  const lines = wrap([text, ...more].join(' '));
  if (lines.length === 1) return [`  /** ${lines[0]} */`];
  return ['  /**', ...lines.map((line) => `   * ${line}`), '   */'];
}

function wrap(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + word.length + 1 > COLUMNS - 8) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** The text of src/embed/pool-keys.ts. */
export function poolKeysSource(): string {
  const fields = POOL_KEYS.flatMap((spec) => [
    ...docOf(spec),
    `  readonly ${spec.name}${spec.required ? '' : '?'}: ${typeOf(spec)};`,
  ]);
  return `// Made by packaging/generate/write.ts of the table of keys; do not change it here.

import type { DistributionName, HashName } from '../config/index.ts';

/** The keys of a pool as a configuration file has them; docs/configuration.md explains each. */
export interface PoolKeys {
${fields.join('\n')}
}
`;
}
