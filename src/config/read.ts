import { readFile } from 'node:fs/promises';
import { RingwayError } from '../errors.ts';
import { parseConfig } from './load.ts';
import { resolveListens } from './resolve.ts';
import type { Config } from './types.ts';

/**
 * Reads and checks a file, names included, and keeps its bytes.
 * @throws ConfigError, or RingwayError RINGWAY_CONFIG_FILE when the file cannot be read
 */
export async function readConfig(file: string): Promise<{ config: Config; text: Uint8Array }> {
  let text: Uint8Array;
  try {
    text = await readFile(file);
  } catch (cause) {
    const message = `${file}: cannot be read: ${(cause as Error).message}`;
    throw new RingwayError('RINGWAY_CONFIG_FILE', message, { cause });
  }
  const config = parseConfig(text, file);
  await resolveListens(config);
  return { config, text };
}
