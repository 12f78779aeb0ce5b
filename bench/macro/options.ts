import { CODEC_CHOICES, type CodecChoice } from '../../src/codec/choices.ts';
import { commaList, parseOptions, UsageError, wholeNumber } from '../command-line.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

/** Measurements beside the comparison under load; they start their own proxies. */
export const SCENARIOS = [
  'servers-1000',
  'idle-clients',
  'start-up',
  'workers',
  'unix-sockets',
  'memcached',
  'cluster',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Another proxy to drive beside ringway. */
export interface Rival {
  readonly name: string;
  /** Program and arguments; {conf}, {port} and {stats} stand for what it is given. */
  readonly command: readonly string[];
}

export interface MacroOptions {
  readonly codecs: readonly CodecChoice[];
  readonly rivals: readonly Rival[];
  readonly rounds: number;
  readonly workloads: readonly Workload[];
  readonly scenarios: readonly Scenario[];
  /** How long the probe measures a target in one round. */
  readonly probeSeconds: number;
  readonly json: string | null;
  /** Folder for charts. */
  readonly svg: string | null;
  readonly quick: boolean;
}

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const MAX_ROUNDS = 100;
const PROBE_SECONDS = 3;
const QUICK_PROBE_SECONDS = 1;
const MAX_PROBE_SECONDS = 600;
const WORKLOAD_NAMES = WORKLOADS.map(({ name }) => name);

export const MACRO_USAGE = `npm run bench:e2e -- [options]
  --codec LIST          ringway's codecs, of ${CODEC_CHOICES.join(', ')}; default auto
  --rival NAME=COMMAND  another proxy; {conf}, {port} and {stats} are replaced (may be repeated)
  --rounds N            default ${ROUNDS}
  --only LIST           what begins with one of these names:
${listed([...WORKLOAD_NAMES, ...SCENARIOS])}
  --probe-seconds N     length of each measurement at half load; default ${PROBE_SECONDS}
  --json FILE           write all rounds as JSON
  --svg FOLDER          write charts
  --quick               ${QUICK_ROUNDS} rounds with a quarter of the requests, the probe ${QUICK_PROBE_SECONDS} s`;

/** @throws {@link UsageError} */
export function parseMacroOptions(argv: readonly string[]): MacroOptions {
  const options = parseOptions(argv, {
    codec: 'value',
    rival: 'list',
    rounds: 'value',
    only: 'value',
    'probe-seconds': 'value',
    svg: 'value',
    json: 'value',
    quick: 'flag',
  });
  const quick = options.flag('quick');
  const rounds = options.value('rounds') ?? String(quick ? QUICK_ROUNDS : ROUNDS);
  const probe = String(quick ? QUICK_PROBE_SECONDS : PROBE_SECONDS);
  const only = options.value('only');
  return {
    codecs: codecs(options.value('codec') ?? 'auto'),
    rivals: options.list('rival').map(rival),
    rounds: wholeNumber('rounds', rounds, 1, MAX_ROUNDS),
    ...chosen(only === undefined ? null : commaList(only)),
    probeSeconds: wholeNumber(
      'probe-seconds',
      options.value('probe-seconds') ?? probe,
      1,
      MAX_PROBE_SECONDS,
    ),
    json: options.value('json') ?? null,
    svg: options.value('svg') ?? null,
    quick,
  };
}

function codecs(text: string): CodecChoice[] {
  const list = commaList(text).map((name) => {
    const codec = CODEC_CHOICES.find((choice) => choice === name);
    if (codec === undefined) throw new UsageError(`--codec: ${name} is no codec`);
    return codec;
  });
  if (list.length === 0) throw new UsageError('--codec names none');
  return [...new Set(list)];
}

/** @throws {@link UsageError} */
export function rival(text: string): Rival {
  const match = /^([\w.-]+)=(.+)$/s.exec(text);
  if (match === null) throw new UsageError(`--rival ${text}: expected NAME=COMMAND`);
  return { name: match[1], command: match[2].split(' ').filter((word) => word !== '') };
}

/** All that begins with one of `parts`; null: everything. */
function chosen(parts: readonly string[] | null): Pick<MacroOptions, 'workloads' | 'scenarios'> {
  if (parts === null) return { workloads: WORKLOADS, scenarios: SCENARIOS };
  for (const part of parts) {
    if (![...WORKLOAD_NAMES, ...SCENARIOS].some((name) => matches(name, part))) {
      throw new UsageError(`--only: nothing begins with ${part}`);
    }
  }
  return {
    workloads: WORKLOADS.filter(({ name }) => parts.some((part) => matches(name, part))),
    scenarios: SCENARIOS.filter((name) => parts.some((part) => matches(name, part))),
  };
}

/** By whole words: depth1 means depth1-get, not depth16-get. */
function matches(name: string, part: string): boolean {
  return name === part || name.startsWith(`${part}-`);
}

/** A few to a line, under the descriptions of the options. */
function listed(names: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < names.length; i += 4) lines.push(names.slice(i, i + 4).join(', '));
  return lines.map((line) => `${' '.repeat(24)}${line}`).join(',\n');
}
