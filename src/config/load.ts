import { type FileHandle, open } from 'node:fs/promises';
import { RingwayError } from '../errors.ts';
import { AttachedFiles } from './attached-files.ts';
import { Problems } from './file/problems.ts';
import { FILE_RULES, type Rules } from './file/rules.ts';
import { finishConfig, listenSites, readDrafts } from './file.ts';
import type { PoolDraft } from './keys/pool.ts';
import { checkHosts } from './resolve.ts';
import type { Config } from './types.ts';

/**
 * Checks everything but whether listen hosts resolve, and reads the files that the text names.
 * @param files how these are read, if they are not simply to be read now
 * @throws ConfigError with all mistakes
 */
export function parseConfig(
  text: Uint8Array,
  file: string,
  files: AttachedFiles = new AttachedFiles(file),
  rules: Rules = FILE_RULES,
): Config {
  const problems = new Problems(file);
  const drafts = readDrafts(text, { files, problems, rules });
  problems.throwIfAny();
  return finishConfig(file, drafts);
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new RingwayError('RINGWAY_CONFIG_FILE', `${file}: cannot be opened: ${reason}`, {
      cause,
    });
  }
}

async function readFileDrafts(file: string, problems: Problems): Promise<PoolDraft[]> {
  const handle = await openFile(file);
  let bytes: Uint8Array;
  try {
    bytes = await handle.readFile();
  } catch (error) {
    // Such as a directory, which opens but cannot be read.
    problems.add({ line: 1, column: 1 }, '', `cannot be read: ${(error as Error).message}`);
    return [];
  } finally {
    await handle.close();
  }
  return readDrafts(bytes, { files: new AttachedFiles(file), problems, rules: FILE_RULES });
}

/**
 * Reads and checks a file, names included. Throws a ConfigError with all mistakes, or a
 * RingwayError RINGWAY_CONFIG_FILE when the file cannot be opened.
 */
export async function loadConfig(file: string): Promise<Config> {
  const problems = new Problems(file);
  const drafts = await readFileDrafts(file, problems);
  await checkHosts(listenSites(drafts), problems);
  problems.throwIfAny();
  return finishConfig(file, drafts);
}
