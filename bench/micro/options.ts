import { commaList, parseOptions, type UsageError } from '../command-line.ts';

export interface MicroOptions {
  /** Only cases whose name contains this. */
  readonly only: string;
  /** Where to write the results. */
  readonly json: string | null;
  /** Earlier results to compare with. */
  readonly compare: string | null;
  /** Folder to draw charts into. */
  readonly svg: string | null;
  /** Other Node binaries to run the same cases with. */
  readonly nodes: readonly string[];
  readonly quick: boolean;
}

export const MICRO_USAGE = `npm run bench -- [options]
  --only TEXT     only cases whose name contains TEXT, such as scan-hash-route or hash/md5
  --json FILE     write the results as JSON
  --compare FILE  print the difference to the results in FILE
  --svg DIR       draw the results as charts into DIR
  --node LIST     run the same cases with these Node binaries too, and print them side by side
  --quick         a third of the time, for a first look`;

/** @throws {@link UsageError} */
export function parseMicroOptions(argv: readonly string[]): MicroOptions {
  const options = parseOptions(argv, {
    only: 'value',
    json: 'value',
    compare: 'value',
    svg: 'value',
    node: 'value',
    quick: 'flag',
  });
  return {
    only: options.value('only') ?? '',
    json: options.value('json') ?? null,
    compare: options.value('compare') ?? null,
    svg: options.value('svg') ?? null,
    nodes: commaList(options.value('node') ?? ''),
    quick: options.flag('quick'),
  };
}
