import type { ConfigProblem } from '../errors.ts';
import type { Config, PoolConfig } from './types.ts';

/** What a valid file may ask for and this release cannot do yet. Shrinks with every release. */
const NOT_YET: readonly { key: string; asks: (pool: PoolConfig) => boolean; message: string }[] =
  [];

/** Why this release cannot start with a valid configuration; empty when it can. */
export function unsupportedInThisRelease(config: Config): ConfigProblem[] {
  return config.pools.flatMap((pool) =>
    NOT_YET.filter(({ asks }) => asks(pool)).map(({ key, message }) => {
      const { line, column } = pool.keyPositions[key] ?? pool.position;
      return { file: config.file, line, column, path: `${pool.name}.${key}`, message };
    }),
  );
}
