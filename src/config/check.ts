import { ConfigError, RingwayError } from '../errors.ts';
import { loadConfig } from './load.ts';
import { unresolvedServers } from './server-hosts.ts';
import { configWarnings } from './warnings.ts';

/**
 * What `-t` answers. Reasons and warnings come first; the last lines are nutcracker's, which says
 * *invalid* twice about a file that opens and once about one that does not.
 */
export async function testConfig(file: string): Promise<{ status: 0 | 1; output: string }> {
  const verdict = (word: string) => `ringway: configuration file '${file}' syntax is ${word}\n`;
  try {
    const config = await loadConfig(file);
    const lines = [...configWarnings(config), ...(await unresolvedServers(config))];
    const warnings = lines.map((line) => `${line}\n`);
    return { status: 0, output: warnings.join('') + verdict('ok') };
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    const times = error instanceof ConfigError ? 2 : 1;
    return { status: 1, output: `${error.message}\n${verdict('invalid').repeat(times)}` };
  }
}
