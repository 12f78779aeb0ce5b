/** nutcracker's command line: getopt_long, number rules and messages. */

import { nearest } from './config/index.ts';
import { visible } from './log.ts';
import {
  CODEC_CHOICES,
  COMMAND_NAMES,
  type CodecChoice,
  DEFAULTS,
  type HttpOption,
  HUP_ACTIONS,
  type HupAction,
  LOG_FORMATS,
  type LogFormat,
  MBUF_MAX,
  MBUF_MIN,
  type Options,
  OTHER_WORDS,
  OTLP_FROM_ENVIRONMENT,
  PORT_MAX,
  VERBOSE_MAX,
  WORKERS_MAX,
} from './options.ts';
import { describeStatsText, usageText, versionText } from './usage.ts';

export { CODEC_CHOICES, type CodecChoice, type Options } from './options.ts';

/** What to do: run, test the configuration file, or print and exit. */
export type CommandLine =
  | {
      readonly action: 'run' | 'test-conf';
      readonly options: Options;
      /** Lines about words that mean nothing. */
      readonly warnings: readonly string[];
    }
  | {
      readonly action: 'exit';
      readonly status: 0 | 1;
      readonly stdout: string;
      readonly stderr: string;
    };

interface LongOption {
  readonly name: string;
  /** The short option it stands for; ringway's own have none and use their name. */
  readonly id: string;
  readonly argument: boolean;
}

const NUTCRACKER_OPTIONS: readonly LongOption[] = [
  { name: 'help', id: 'h', argument: false },
  { name: 'version', id: 'V', argument: false },
  { name: 'test-conf', id: 't', argument: false },
  { name: 'daemonize', id: 'd', argument: false },
  { name: 'describe-stats', id: 'D', argument: false },
  { name: 'verbose', id: 'v', argument: true },
  { name: 'output', id: 'o', argument: true },
  { name: 'conf-file', id: 'c', argument: true },
  { name: 'stats-port', id: 's', argument: true },
  { name: 'stats-addr', id: 'a', argument: true },
  { name: 'stats-interval', id: 'i', argument: true },
  { name: 'pid-file', id: 'p', argument: true },
  { name: 'mbuf-size', id: 'm', argument: true },
];

const RINGWAY_OPTIONS: readonly LongOption[] = [
  { name: 'codec', id: 'codec', argument: true },
  { name: 'http-addr', id: 'http-addr', argument: true },
  { name: 'http-hosts', id: 'http-hosts', argument: true },
  { name: 'admin-socket', id: 'admin-socket', argument: true },
  { name: 'log-format', id: 'log-format', argument: true },
  { name: 'drain-ms', id: 'drain-ms', argument: true },
  { name: 'shutdown-delay-ms', id: 'shutdown-delay-ms', argument: true },
  { name: 'memory-mib', id: 'memory-mib', argument: true },
  { name: 'max-connections', id: 'max-connections', argument: true },
  { name: 'workers', id: 'workers', argument: true },
  { name: 'watch', id: 'watch', argument: false },
  { name: 'hup', id: 'hup', argument: true },
  { name: 'no-latency', id: 'no-latency', argument: false },
  { name: 'stats-own', id: 'stats-own', argument: false },
  { name: 'no-upgrade', id: 'no-upgrade', argument: false },
  { name: 'otlp-endpoint', id: 'otlp-endpoint', argument: true },
  { name: 'otlp-service-name', id: 'otlp-service-name', argument: true },
  { name: 'otlp-sample-rate', id: 'otlp-sample-rate', argument: true },
];

/** What the options of ringway only require. */
const OWN_ARGUMENT_OF: ReadonlyMap<string, string> = new Map([
  ['codec', `one of ${CODEC_CHOICES.join(', ')}`],
  ['http-addr', 'host:port, a port or off'],
  ['http-hosts', 'host names, separated by commas, or *'],
  ['admin-socket', 'a file name'],
  ['log-format', `one of ${LOG_FORMATS.join(', ')}`],
  ['drain-ms', 'a number'],
  ['shutdown-delay-ms', 'a number'],
  ['workers', `a number from 1 to ${WORKERS_MAX}, or auto`],
  ['hup', `one of ${HUP_ACTIONS.join(', ')}`],
  ['memory-mib', 'a number'],
  ['max-connections', 'a number'],
  ['otlp-endpoint', 'an address that begins with http:// or https://, or env'],
  ['otlp-service-name', 'a name'],
  ['otlp-sample-rate', 'a number from 0 to 1'],
]);

const ARGUMENT_OF: ReadonlyMap<string, string> = new Map([
  ...['v', 's', 'i', 'm'].map((id) => [id, 'a number'] as const),
  ...['o', 'c', 'p'].map((id) => [id, 'a file name'] as const),
  ['a', 'a string'],
]);

/** Shorter words are too near to every command. */
const COMMAND_LETTERS = 3;
/** Characters of a word that a message repeats. */
const SHOWN_MAX = 64;

/** A mistake on the command line; the message goes before the usage text. */
class Mistake extends Error {}

interface Found {
  readonly id: string;
  readonly argument: string;
}

function invalidOption(option: string): Mistake {
  return new Mistake(`invalid option -- '${option}'`);
}

function missingArgument(id: string): Mistake {
  const own = OWN_ARGUMENT_OF.get(id);
  if (own !== undefined) return new Mistake(`option --${id} requires ${own}`);
  return new Mistake(`option -${id} requires ${ARGUMENT_OF.get(id)}`);
}

/** The option a long name or an unambiguous beginning of one means. */
function findLong(name: string): LongOption {
  // ringway's own options never make an abbreviation of nutcracker's ambiguous.
  for (const options of [NUTCRACKER_OPTIONS, RINGWAY_OPTIONS]) {
    const exact = options.find((option) => option.name === name);
    if (exact !== undefined) return exact;
  }
  for (const options of [NUTCRACKER_OPTIONS, RINGWAY_OPTIONS]) {
    const matches = options.filter((option) => option.name.startsWith(name));
    if (matches.length === 1) return matches[0]!;
    if (matches.length > 1 && name !== '') throw ambiguousOption(name, matches);
  }
  throw unknownOption(name);
}

/** getopt_long has no letter for these, and nutcracker prints the NUL it gets. */
function ambiguousOption(name: string, matches: readonly LongOption[]): Mistake {
  const names = matches.map((option) => `--${option.name}`).join(', ');
  return new Mistake(`option --${shown(name)} is ambiguous; expected one of ${names}`);
}

function unknownOption(name: string): Mistake {
  const known = [...NUTCRACKER_OPTIONS, ...RINGWAY_OPTIONS].map((option) => option.name);
  const near = nearestOf(name, known);
  const hint = near === null ? '' : `; did you mean --${near}?`;
  return new Mistake(`unknown option --${shown(name)}${hint}`);
}

/** The known word, which may hold hyphens, closest to a mistyped one. */
function nearestOf(word: string, known: readonly string[]): string | null {
  const folded = known.map((each) => each.replaceAll('-', '_'));
  const near = nearest(word, folded);
  return near === null ? null : known[folded.indexOf(near)]!;
}

/** What was typed, fit for a terminal and one line. */
function shown(word: string): string {
  return visible(word.length > SHOWN_MAX ? `${word.slice(0, SHOWN_MAX)}...` : word);
}

function scanLong(word: string, rest: string[]): Found {
  const equals = word.indexOf('=');
  const option = findLong(word.slice(2, equals < 0 ? undefined : equals));
  const { id } = option;
  if (!option.argument) {
    if (equals >= 0) throw invalidOption(id);
    return { id, argument: '' };
  }
  const argument = equals < 0 ? rest.shift() : word.slice(equals + 1);
  if (argument === undefined) throw missingArgument(id);
  return { id, argument };
}

function* scanShort(word: string, rest: string[]): Generator<Found> {
  for (let i = 1; i < word.length; i++) {
    const id = word[i]!;
    const option = NUTCRACKER_OPTIONS.find((candidate) => candidate.id === id);
    if (option === undefined) throw invalidOption(id);
    if (!option.argument) {
      yield { id, argument: '' };
      continue;
    }
    const argument = i + 1 < word.length ? word.slice(i + 1) : rest.shift();
    if (argument === undefined) throw missingArgument(id);
    yield { id, argument };
    return;
  }
}

/** Options in the order given. @param operands gets the words between them */
function* scan(argv: readonly string[], operands: string[]): Generator<Found> {
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      operands.push(...rest);
      return;
    }
    if (word.startsWith('--')) yield scanLong(word, rest);
    else if (word.startsWith('-') && word.length > 1) yield* scanShort(word, rest);
    else operands.push(word);
  }
}

/** Digits only, 32-bit signed arithmetic that wraps; -1 = not a number. */
function parseNumber(text: string): number {
  if (!/^[0-9]+$/.test(text)) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    value = (Math.imul(value, 10) + (text.charCodeAt(i) - 48)) | 0;
  }
  return value < 0 ? -1 : value;
}

function number(id: string, text: string): number {
  const value = parseNumber(text);
  if (value < 0) throw missingArgument(id);
  return value;
}

function port(text: string): number {
  const value = number('s', text);
  if (value >= 1 && value <= PORT_MAX) return value;
  throw new Mistake(`option -s value ${value} is not a valid port`);
}

function mbufSize(text: string): number {
  const value = parseNumber(text);
  if (value <= 0) throw new Mistake('option -m requires a non-zero number');
  if (value >= MBUF_MIN && value <= MBUF_MAX) return value;
  throw new Mistake(`mbuf chunk size must be between ${MBUF_MIN} and ${MBUF_MAX} bytes`);
}

function oneOf<T extends string>(id: string, choices: readonly T[], text: string): T {
  const choice = choices.find((name) => name === text);
  if (choice === undefined) throw missingArgument(id);
  return choice;
}

function workers(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const value = parseNumber(text);
  if (value < 1 || value > WORKERS_MAX) throw missingArgument('workers');
  return value;
}

/** `host:port`, `[v6]:port`, a port on the loopback address, or `off`. */
function httpAddress(text: string): HttpOption | null {
  if (text === 'off') return null;
  const found = /^(?:\[([^\]]+)\]:|([^:]*):)?([0-9]+)$/.exec(text);
  const at = found === null ? -1 : parseNumber(found[3]);
  if (found === null || at < 0 || at > PORT_MAX) throw missingArgument('http-addr');
  const host = found[1] ?? found[2] ?? '';
  return { host: host === '' ? '127.0.0.1' : host, port: at, optional: false };
}

/** Names as a Host header has them, without a port. */
function hostNames(text: string): string[] {
  const names = text.toLowerCase().split(',');
  const isName = (name: string): boolean => name === '*' || /^[a-z0-9_]([a-z0-9._-]*)$/.test(name);
  if (!names.every(isName)) throw missingArgument('http-hosts');
  return names;
}

/** The base of a collector's addresses, or `env`. */
function otlpEndpoint(text: string): string {
  const isBase = /^https?:\/\/[^\s?#]+$/.test(text) && URL.canParse(text);
  if (!isBase && text !== OTLP_FROM_ENVIRONMENT) throw missingArgument('otlp-endpoint');
  return text;
}

function sampleRate(text: string): number {
  if (!/^(?:0|1|0?\.\d+|[01]\.0+)$/.test(text)) throw missingArgument('otlp-sample-rate');
  return Number(text);
}

/** What each option says, by its letter or name; those that only show something say nothing. */
const MEANINGS: Readonly<Record<string, (text: string) => Partial<Options>>> = {
  d: () => ({ daemonize: true }),
  v: (text) => ({ verbose: Math.min(number('v', text), VERBOSE_MAX) }),
  o: (text) => ({ output: text === '' ? null : text }),
  c: (text) => ({ confFile: text }),
  s: (text) => ({ statsPort: port(text) }),
  a: (text) => ({ statsAddr: text }),
  i: (text) => ({ statsIntervalMs: number('i', text) }),
  p: (text) => ({ pidFile: text }),
  m: (text) => ({ mbufSize: mbufSize(text) }),
  codec: (text) => ({ codec: oneOf<CodecChoice>('codec', CODEC_CHOICES, text) }),
  'http-addr': (text) => ({ http: httpAddress(text) }),
  'http-hosts': (text) => ({ httpHosts: hostNames(text) }),
  'admin-socket': (text) => ({ adminSocket: text === '' ? null : text }),
  'log-format': (text) => ({ logFormat: oneOf<LogFormat>('log-format', LOG_FORMATS, text) }),
  'drain-ms': (text) => ({ drainMs: number('drain-ms', text) }),
  'shutdown-delay-ms': (text) => ({ shutdownDelayMs: number('shutdown-delay-ms', text) }),
  'memory-mib': (text) => ({ memoryMib: number('memory-mib', text) }),
  workers: (text) => ({ workers: workers(text) }),
  hup: (text) => ({ hup: oneOf<HupAction>('hup', HUP_ACTIONS, text) }),
  watch: () => ({ watch: true }),
  'max-connections': (text) => ({ maxConnections: number('max-connections', text) }),
  'no-latency': () => ({ latency: false }),
  'stats-own': () => ({ statsOwn: true }),
  'no-upgrade': () => ({ upgrade: false }),
  'otlp-endpoint': (text) => ({ otlpEndpoint: otlpEndpoint(text) }),
  'otlp-service-name': (text) => ({ otlpServiceName: text === '' ? null : text }),
  'otlp-sample-rate': (text) => ({ otlpSampleRate: sampleRate(text) }),
};

/**
 * nutcracker takes operands and does nothing with them. So does this, unless one looks like a
 * command: nobody who types `ringway explian key` wants a proxy.
 */
function checkOperands(argv: readonly string[], operands: readonly string[]): void {
  const names: readonly string[] = COMMAND_NAMES;
  const misplaced = operands.find((word) => names.includes(word));
  if (misplaced !== undefined) {
    throw new Mistake(`the command must come first: ringway ${misplaced} ...`);
  }
  const [word] = operands;
  if (word === undefined || word !== argv[0]) return;
  const other = OTHER_WORDS.get(word.toLowerCase());
  const near = other ?? (word.length < COMMAND_LETTERS ? null : nearestOf(word, names));
  if (near === null) return;
  throw new Mistake(`unknown command '${shown(word)}'; did you mean: ringway ${near}`);
}

function ignored(word: string): string {
  const hint = /\.(ya?ml|conf)$/.test(word) ? '; expected -c before the name of a file' : '';
  return `warning: '${shown(word)}' is ignored${hint}`;
}

/** Reads the arguments behind the program name. Never throws, prints or exits. */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  let options = DEFAULTS;
  const seen = new Set<string>();
  const operands: string[] = [];
  try {
    for (const { id, argument } of scan(argv, operands)) {
      seen.add(id);
      options = { ...options, ...MEANINGS[id]?.(argument) };
    }
    checkOperands(argv, operands);
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    const stderr = `ringway: ${mistake.message}\n${usageText()}`;
    return { action: 'exit', status: 1, stdout: '', stderr };
  }
  if (seen.has('h') || seen.has('V') || seen.has('D')) {
    const usage = seen.has('h') ? usageText() : '';
    const stats = seen.has('D') ? describeStatsText() : '';
    const text = versionText(version) + usage + stats;
    // Help is for people and pagers; the others stay where scripts for nutcracker look for them.
    const [stdout, stderr] = seen.has('h') ? [text, ''] : ['', text];
    return { action: 'exit', status: 0, stdout, stderr };
  }
  const action = seen.has('t') ? 'test-conf' : 'run';
  return { action, options: Object.freeze(options), warnings: operands.map(ignored) };
}
