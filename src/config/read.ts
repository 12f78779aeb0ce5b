import { readFile } from 'node:fs/promises';
import { RingwayError } from '../errors.ts';
import { type Attached, AttachedFiles } from './attached-files.ts';
import type { Members } from './keys/masters/members.ts';
import { parseConfig } from './load.ts';
import { resolveListens } from './resolve.ts';
import type { Config } from './types.ts';

/** A configuration with all that it was made of, so that every process makes the same of it. */
export interface ConfigText {
  readonly config: Config;
  readonly text: Uint8Array;
  /** The files that it names, as they were read. */
  readonly attached: Attached;
  /** What SRV records list: the servers of `config` are these. Absent: nobody. */
  readonly members?: Members;
}

/**
 * Reads and checks a file, names included, and keeps its bytes.
 * @throws ConfigError, or RingwayError RINGWAY_CONFIG_FILE when the file cannot be read
 */
export async function readConfig(file: string): Promise<ConfigText> {
  let text: Uint8Array;
  try {
    text = await readFile(file);
  } catch (cause) {
    const message = `${file}: cannot be read: ${(cause as Error).message}`;
    throw new RingwayError('RINGWAY_CONFIG_FILE', message, { cause });
  }
  const files = new AttachedFiles(file);
  const config = parseConfig(text, file, files);
  await resolveListens(config);
  return { config, text, attached: files.contents };
}
