import { formatProblem } from '../errors.ts';
import { securityWarnings } from './security-warnings.ts';
import { serverWarnings } from './server-hosts.ts';
import type { Config } from './types.ts';

/** Keys that are still taken and change nothing, with what to say about them. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  max_reply_depth: 'replies of any depth are passed on; expected a pool without it',
};

/** What a file says in vain or cannot mean, one line each, in the order of the file. */
export function configWarnings(config: Config): string[] {
  const { file, pools } = config;
  const found = pools.flatMap(({ name, keyPositions }) =>
    Object.entries(WITHOUT_EFFECT).flatMap(([key, why]) => {
      const at = keyPositions[key];
      if (at === undefined) return [];
      const message = `the key has no effect: ${why}`;
      const place = { file, line: at.line, column: at.column, path: `${name}.${key}` };
      return [{ line: at.line, text: `warning: ${formatProblem({ ...place, message })}` }];
    }),
  );
  for (const { name, keyPositions, followsMaster } of pools) {
    const at = keyPositions['retry_reads'];
    if (at === undefined || !followsMaster) continue;
    const message = 'the key has no effect where masters are followed: reads are sent again there';
    const place = { file, line: at.line, column: at.column, path: `${name}.retry_reads` };
    found.push({ line: at.line, text: `warning: ${formatProblem({ ...place, message })}` });
  }
  found.push(...serverWarnings(config), ...securityWarnings(config));
  return found.sort((a, b) => a.line - b.line).map(({ text }) => text);
}
