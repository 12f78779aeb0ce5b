import { CODEC_CHOICES, type CodecChoice } from '../../src/codec/select.ts';
import { commaList, parseOptions, UsageError, wholeNumber } from '../command-line.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

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
  readonly json: string | null;
  readonly quick: boolean;
}

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const MAX_ROUNDS = 100;
const WORKLOAD_LIST = WORKLOADS.map(({ name }) => name).join(', ');

export const MACRO_USAGE = `npm run bench:e2e -- [options]
  --codec LIST          ringway's codecs, of ${CODEC_CHOICES.join(', ')}; default auto
  --rival NAME=COMMAND  another proxy; {conf}, {port} and {stats} are replaced (may be repeated)
  --rounds N            default ${ROUNDS}
  --only LIST           workloads whose name begins with one of these:
                        ${WORKLOAD_LIST}
  --json FILE           write all rounds as JSON
  --quick               ${QUICK_ROUNDS} rounds with a quarter of the requests`;

/** @throws {@link UsageError} */
export function parseMacroOptions(argv: readonly string[]): MacroOptions {
  const options = parseOptions(argv, {
    codec: 'value',
    rival: 'list',
    rounds: 'value',
    only: 'value',
    json: 'value',
    quick: 'flag',
  });
  const quick = options.flag('quick');
  const rounds = options.value('rounds') ?? String(quick ? QUICK_ROUNDS : ROUNDS);
  return {
    codecs: codecs(options.value('codec') ?? 'auto'),
    rivals: options.list('rival').map(rival),
    rounds: wholeNumber('rounds', rounds, 1, MAX_ROUNDS),
    workloads: workloads(options.value('only')),
    json: options.value('json') ?? null,
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

function rival(text: string): Rival {
  const match = /^([\w.-]+)=(.+)$/s.exec(text);
  if (match === null) throw new UsageError(`--rival ${text}: expected NAME=COMMAND`);
  return { name: match[1], command: match[2].split(' ').filter((word) => word !== '') };
}

function workloads(only: string | undefined): Workload[] {
  if (only === undefined) return [...WORKLOADS];
  const parts = commaList(only);
  for (const part of parts) {
    if (!WORKLOADS.some(({ name }) => matches(name, part))) {
      throw new UsageError(`--only: no workload begins with ${part}`);
    }
  }
  return WORKLOADS.filter(({ name }) => parts.some((part) => matches(name, part)));
}

/** By whole words: depth1 means depth1-get, not depth16-get. */
function matches(name: string, part: string): boolean {
  return name === part || name.startsWith(`${part}-`);
}
