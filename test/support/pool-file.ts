import assert from 'node:assert/strict';
import { type PoolConfig, parseConfig } from '../../src/config/index.ts';
import { ConfigError } from '../../src/errors.ts';

/**
 * The text of a file with one pool, p.
 * @param keys lines of the pool @param lists by name; one that is null is left out
 */
export function onePoolFile(
  keys: readonly string[],
  lists: Readonly<Record<string, readonly string[] | null>>,
): string {
  const lines = ['listen: 127.0.0.1:1', 'redis: true', ...keys];
  for (const [name, items] of Object.entries(lists)) {
    if (items !== null) lines.push(`${name}:`, ...items.map((item) => ` - ${item}`));
  }
  return `p:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** The pool of a file that has one. */
export function poolOf(text: string): PoolConfig {
  return parseConfig(Buffer.from(text), 'f.yml').pools[0];
}

/** What is wrong with the pool of such a file, without its places. */
export function mistakesIn(text: string): string[] {
  try {
    poolOf(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n').map((line) => line.replace(/^f\.yml:\d+:\d+: p\./, ''));
  }
  return [];
}
