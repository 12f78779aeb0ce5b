import { commaList, parseOptions, UsageError, wholeNumber } from '../command-line.ts';
import { TIERS, type Tier } from './case.ts';

export interface LabOptions {
  readonly only: string;
  readonly processes: number;
  readonly tiers: readonly Tier[];
  /** Node binaries; this one first. */
  readonly nodes: readonly string[];
  /** Folder for a file per version of Node. */
  readonly out: string | null;
  readonly quick: boolean;
}

export const LAB_USAGE = `npm run bench:lab -- [options]
  --only TEXT       only cases whose name contains TEXT
  --tier LIST       of optimised, baseline and cold (all)
  --processes N     fresh processes per case (5; a sign test needs as many)
  --node LIST       the main cases with these Node binaries too, optimised
  --out DIR         write every figure, a JSON file per version of Node
  --quick           short rounds, to see whether all works`;

/** @throws {@link UsageError} */
export function parseLabOptions(argv: readonly string[]): LabOptions {
  const options = parseOptions(argv, {
    only: 'value',
    tier: 'value',
    processes: 'value',
    node: 'value',
    out: 'value',
    quick: 'flag',
  });
  const tiers = commaList(options.value('tier') ?? TIERS.join(','));
  for (const tier of tiers) {
    if (!TIERS.includes(tier as Tier)) {
      throw new UsageError(`--tier ${tier}: expected some of ${TIERS.join(', ')}`);
    }
  }
  return {
    only: options.value('only') ?? '',
    processes: wholeNumber('processes', options.value('processes') ?? '5', 1, 100),
    tiers: tiers as Tier[],
    nodes: [process.execPath, ...commaList(options.value('node') ?? '')],
    out: options.value('out') ?? null,
    quick: options.flag('quick'),
  };
}
