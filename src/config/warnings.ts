import { formatProblem } from '../errors.ts';
import type { Config } from './types.ts';

/** Keys that are still taken and change nothing, with what to say about them. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  max_reply_depth: 'replies of any depth are passed on; expected a pool without it',
};

/** What a file says in vain, one line each, in the order of the file. */
export function configWarnings({ file, pools }: Config): string[] {
  const found = pools.flatMap(({ name, keyPositions }) =>
    Object.entries(WITHOUT_EFFECT).flatMap(([key, why]) => {
      const at = keyPositions[key];
      if (at === undefined) return [];
      const message = `the key has no effect: ${why}`;
      return [{ file, line: at.line, column: at.column, path: `${name}.${key}`, message }];
    }),
  );
  return found.sort((a, b) => a.line - b.line).map((each) => `warning: ${formatProblem(each)}`);
}
