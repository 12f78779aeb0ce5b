import { parseOptions, UsageError, wholeNumber } from '../command-line.ts';
import { FEWEST_VALUES } from '../statistics.ts';

export interface CheckOptions {
  /** A git ref; null: what fits the state of the working tree. */
  readonly ref: string | null;
  readonly rounds: number;
  /** Only figures whose name contains this. */
  readonly only: string;
  readonly micro: boolean;
  readonly endToEnd: boolean;
  readonly json: string | null;
}

const ROUNDS = 9;
const MAX_ROUNDS = 99;

export const CHECK_USAGE = `npm run bench:check -- [options]
  --ref REF     compare with this; default: HEAD when there are uncommitted changes, else where the
                branch left origin/main, else the commit before
  --rounds N    default ${ROUNDS}; from ${FEWEST_VALUES} on a slowdown can be told from chance
  --only TEXT   only figures whose name contains TEXT, such as chunk/ or depth16
  --micro       only the codecs
  --e2e         only the proxy under load
  --json FILE   write all rounds and the verdicts as JSON`;

/** @throws {@link UsageError} */
export function parseCheckOptions(argv: readonly string[]): CheckOptions {
  const options = parseOptions(argv, {
    ref: 'value',
    rounds: 'value',
    only: 'value',
    micro: 'flag',
    e2e: 'flag',
    json: 'value',
  });
  const [micro, endToEnd] = [options.flag('micro'), options.flag('e2e')];
  if (micro && endToEnd) throw new UsageError('--micro and --e2e: without either both are run');
  const rounds = options.value('rounds') ?? String(ROUNDS);
  return {
    ref: options.value('ref') ?? null,
    rounds: wholeNumber('rounds', rounds, FEWEST_VALUES, MAX_ROUNDS),
    only: options.value('only') ?? '',
    micro: !endToEnd,
    endToEnd: !micro,
    json: options.value('json') ?? null,
  };
}
