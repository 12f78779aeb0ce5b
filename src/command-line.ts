/** nutcracker's command line: getopt_long, number rules, messages and usage text. */

export const CODEC_CHOICES = ['auto', 'wasm', 'wasm-scalar', 'js'] as const;
export type CodecChoice = (typeof CODEC_CHOICES)[number];

export interface Options {
  /** Log level, 0 to 11. */
  readonly verbose: number;
  /** Log file; null = stderr. */
  readonly output: string | null;
  readonly confFile: string;
  readonly statsPort: number;
  readonly statsAddr: string;
  readonly statsIntervalMs: number;
  readonly pidFile: string | null;
  /** Validated for old start scripts; ringway sizes its buffers itself. */
  readonly mbufSize: number;
  readonly daemonize: boolean;
  /** null = not given. */
  readonly codec: CodecChoice | null;
}

/** What to do: run, test the configuration file, or print `stderr` and exit. */
export type CommandLine =
  | { readonly action: 'run' | 'test-conf'; readonly options: Options }
  | { readonly action: 'exit'; readonly status: 0 | 1; readonly stderr: string };

const DEFAULTS: Options = {
  verbose: 5,
  output: null,
  confFile: 'conf/nutcracker.yml',
  statsPort: 22222,
  statsAddr: '0.0.0.0',
  statsIntervalMs: 30000,
  pidFile: null,
  mbufSize: 16384,
  daemonize: false,
  codec: null,
};

const VERBOSE_MAX = 11;
const PORT_MAX = 65535;
const MBUF_MIN = 512;
const MBUF_MAX = 16777216;

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

const RINGWAY_OPTIONS: readonly LongOption[] = [{ name: 'codec', id: 'codec', argument: true }];

const ARGUMENT_OF: ReadonlyMap<string, string> = new Map([
  ...['v', 's', 'i', 'm'].map((id) => [id, 'a number'] as const),
  ...['o', 'c', 'p'].map((id) => [id, 'a file name'] as const),
  ['a', 'a string'],
]);

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
  if (id === 'codec') return new Mistake(`option --codec requires ${codecList()}`);
  return new Mistake(`option -${id} requires ${ARGUMENT_OF.get(id)}`);
}

function codecList(): string {
  return `one of ${CODEC_CHOICES.join(', ')}`;
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
    if (matches.length > 1) break;
  }
  // getopt_long has no letter for it, and nutcracker prints the NUL it gets.
  throw invalidOption('\0');
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

/** Options in the order given. Operands may stand between them and mean nothing. */
function* scan(argv: readonly string[]): Generator<Found> {
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') return;
    if (word.startsWith('--')) yield scanLong(word, rest);
    else if (word.startsWith('-')) yield* scanShort(word, rest);
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

function codec(text: string): CodecChoice {
  const choice = CODEC_CHOICES.find((name) => name === text);
  if (choice === undefined) throw missingArgument('codec');
  return choice;
}

function apply(id: string, text: string): Partial<Options> {
  switch (id) {
    case 'd':
      return { daemonize: true };
    case 'v':
      return { verbose: Math.min(number(id, text), VERBOSE_MAX) };
    case 'o':
      return { output: text === '' ? null : text };
    case 'c':
      return { confFile: text };
    case 's':
      return { statsPort: port(text) };
    case 'a':
      return { statsAddr: text };
    case 'i':
      return { statsIntervalMs: number(id, text) };
    case 'p':
      return { pidFile: text };
    case 'm':
      return { mbufSize: mbufSize(text) };
    case 'codec':
      return { codec: codec(text) };
    default:
      return {};
  }
}

/** Reads the arguments behind the program name. Never throws, prints or exits. */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  let options = DEFAULTS;
  const seen = new Set<string>();
  try {
    for (const { id, argument } of scan(argv)) {
      seen.add(id);
      options = { ...options, ...apply(id, argument) };
    }
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    return { action: 'exit', status: 1, stderr: `ringway: ${mistake.message}\n${usageText()}` };
  }
  if (seen.has('h') || seen.has('V') || seen.has('D')) {
    const usage = seen.has('h') ? usageText() : '';
    const stats = seen.has('D') ? describeStatsText() : '';
    return { action: 'exit', status: 0, stderr: versionText(version) + usage + stats };
  }
  return { action: seen.has('t') ? 'test-conf' : 'run', options: Object.freeze(options) };
}

const BACKENDS: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'epoll',
  sunos: 'event_ports',
  win32: 'iocp',
};

/** The version block of `-V`, with nutcracker's layout for scripts that read it. */
export function versionText(version: string): string {
  const backend = BACKENDS[process.platform] ?? 'kqueue';
  return `This is ringway-${version}\nasync event backend: ${backend}\n\n`;
}

/** The help text. nutcracker ends every line but one with CRLF, and so does this. */
export function usageText(): string {
  const { verbose, confFile, statsPort, statsAddr, statsIntervalMs, mbufSize } = DEFAULTS;
  const levels = `default: ${verbose}, min: 0, max: ${VERBOSE_MAX}`;
  const interval = `default: ${statsIntervalMs} msec`;
  const lines = [
    'Usage: ringway [-?hVdDt] [-v verbosity level] [-o output file]\r',
    '                  [-c conf file] [-s stats port] [-a stats addr]\r',
    '                  [-i stats interval] [-p pid file] [-m mbuf size]\r',
    '',
    'Options:\r',
    '  -h, --help             : this help\r',
    '  -V, --version          : show version and exit\r',
    '  -t, --test-conf        : test configuration for syntax errors and exit\r',
    '  -d, --daemonize        : run as a daemon\r',
    '  -D, --describe-stats   : print stats description and exit',
    `  -v, --verbose=N        : set logging level (${levels})\r`,
    '  -o, --output=S         : set logging file (default: stderr)\r',
    `  -c, --conf-file=S      : set configuration file (default: ${confFile})\r`,
    `  -s, --stats-port=N     : set stats monitoring port (default: ${statsPort})\r`,
    `  -a, --stats-addr=S     : set stats monitoring ip (default: ${statsAddr})\r`,
    `  -i, --stats-interval=N : set stats aggregation interval in msec (${interval})\r`,
    '  -p, --pid-file=S       : set pid file (default: off)\r',
    `  -m, --mbuf-size=N      : set size of mbuf chunk in bytes (default: ${mbufSize} bytes)\r`,
    '',
    'Options of ringway only:\r',
    `      --codec=S          : set the codec: ${CODEC_CHOICES.join(', ')} (default: auto)\r`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

const POOL_STATS: readonly (readonly [string, string])[] = [
  ['client_eof', '# eof on client connections'],
  ['client_err', '# errors on client connections'],
  ['client_connections', '# active client connections'],
  ['server_ejects', '# times backend server was ejected'],
  ['forward_error', '# times we encountered a forwarding error'],
  ['fragments', '# fragments created from a multi-vector request'],
];

const SERVER_STATS: readonly (readonly [string, string])[] = [
  ['server_eof', '# eof on server connections'],
  ['server_err', '# errors on server connections'],
  ['server_timedout', '# timeouts on server connections'],
  ['server_connections', '# active server connections'],
  ['server_ejected_at', 'timestamp when server was ejected in usec since epoch'],
  ['requests', '# requests'],
  ['request_bytes', 'total request bytes'],
  ['responses', '# responses'],
  ['response_bytes', 'total response bytes'],
  ['in_queue', '# requests in incoming queue'],
  ['in_queue_bytes', 'current request bytes in incoming queue'],
  ['out_queue', '# requests in outgoing queue'],
  ['out_queue_bytes', 'current request bytes in outgoing queue'],
];

/** What `-D` prints behind the version block. */
export function describeStatsText(): string {
  const list = (stats: typeof POOL_STATS) =>
    stats.map(([name, text]) => `  ${name.padEnd(20)}"${text}"\n`).join('');
  return `pool stats:\n${list(POOL_STATS)}\nserver stats:\n${list(SERVER_STATS)}`;
}
