import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doctor } from '../../../src/commands/doctor/doctor.ts';
import type { Finding } from '../../../src/commands/doctor/finding.ts';
import { freePort } from '../../support/free-port.ts';

/**
 * Has a look at a pool of a configuration file.
 * @param keys further lines of it; those of a list are indented @param args options of the command
 * @returns one text per finding
 */
export async function look(
  servers: readonly string[],
  keys: readonly string[],
  args: readonly string[] = [],
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-doctor-'));
  const file = join(folder, 'ringway.yml');
  const listen = keys.some((key) => key.startsWith('listen:'));
  const lines = [
    'pool:',
    ...(listen ? [] : [`  listen: 127.0.0.1:${await freePort()}`]),
    ...keys.map((key) => `  ${key}`),
    '  servers:',
    ...servers.map((server) => `    - ${server}`),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  let out = '';
  try {
    const write = (text: string) => (out += text);
    const status = await doctor([file, '--json', ...args], { write }, process.stderr);
    const found = JSON.parse(out) as Finding[];
    assert.equal(status, found.some(({ level }) => level === 'error') ? 1 : 0);
    return found.map(({ level, server, text }) => `${level} ${server ?? '-'} ${text}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Fails with all that was found when nothing of it is as expected. */
export function has(found: readonly string[], pattern: RegExp): void {
  assert.ok(
    found.some((text) => pattern.test(text)),
    `${pattern}\n${found.join('\n')}`,
  );
}
