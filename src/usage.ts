/** What the program prints about itself: nutcracker's texts, and ringway's own. */

import {
  CODEC_CHOICES,
  DEFAULT_TRACE_RATE,
  DEFAULTS,
  LOG_FORMATS,
  VERBOSE_MAX,
} from './options.ts';

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

const OWN_USAGE: readonly string[] = [
  'Options of ringway only:',
  `      --codec=S          : set the codec: ${CODEC_CHOICES.join(', ')} (default: auto)`,
  '      --http-addr=S      : set address of status page, /metrics, /healthz and /readyz:',
  '                           host:port, port or off (default: 127.0.0.1:22223, if it is free)',
  '      --http-hosts=S     : set host names it is asked by, besides addresses and localhost:',
  '                           NAME[,NAME...], or * for any (default: none)',
  '      --admin-socket=S   : set unix socket for commands, made with mode 0600 (default: off)',
  `      --log-format=S     : set form of log lines: ${LOG_FORMATS.join(', ')} (default: text)`,
  `      --drain-ms=N       : set how long a TERM or INT waits (default: ${DEFAULTS.drainMs} msec)`,
  '      --shutdown-delay-ms=N: set how long it serves on after a TERM or INT, unready' +
    ` (default: ${DEFAULTS.shutdownDelayMs} msec)`,
  '      --memory-mib=N     : set MiB that may wait for clients and servers' +
    ` (default: ${DEFAULTS.memoryMib})`,
  '      --workers=N|auto   : set processes that serve clients, auto: one per core (default: 1)',
  '      --watch            : reload the configuration when its file changes',
  `      --hup=S            : set what HUP does besides opening the log file anew: reload, or` +
    ` reopen for nothing (default: ${DEFAULTS.hup})`,
  '      --max-connections=N: set most connections of one process (default: by open files)',
  '      --no-latency       : measure no latencies',
  "      --stats-own        : send ringway's own figures on the stats port, too",
  '      --no-upgrade       : let no other process take over: USR2 and upgrade are refused',
  '      --otlp-endpoint=S  : set where OpenTelemetry metrics and traces are sent: an address as',
  '                           http://HOST:4318, or env for OTEL_EXPORTER_OTLP_* (default: off)',
  '      --otlp-service-name=S: set name it has there (default: OTEL_SERVICE_NAME, or ringway)',
  '      --otlp-sample-rate=N: set part of all requests that is traced, 0 to 1' +
    ` (default: ${DEFAULT_TRACE_RATE})`,
  '',
  'Commands, each with --help of its own:',
  '  ringway top            : watch a running proxy in the terminal',
  '  ringway explain KEY    : show which server a key goes to, and why',
  '  ringway check FILE     : show how keys are spread over the servers',
  '  ringway check OLD NEW  : show which keys move between two configuration files',
  '  ringway doctor FILE    : look at servers, ports and limits, say what will hurt',
  '  ringway bench ADDRESS  : ask a server or proxy for so many requests a second',
  '  ringway ctl COMMAND    : send a command to the admin socket of a running proxy',
  '',
  'Examples:',
  '  ringway -t -c nutcracker.yml                 test a configuration',
  '  ringway -c nutcracker.yml -v 6               run in the foreground, tell a little more',
  '  ringway -d -c FILE -o LOG -p PID             run as nutcracker does as a daemon',
  '  curl http://127.0.0.1:22223/metrics          what Prometheus reads',
  '',
  'Signals:',
  '  TERM, INT: answer what is in flight, then exit    HUP: open the log file anew, reload',
  '  USR1: open the log file anew, nothing else',
  '  USR2: start the program anew and hand everything over to it',
  '  TTIN, TTOU: log more, log less',
];

/** The help text: nutcracker's lines, without the CR that it ends most of them with. */
export function usageText(): string {
  const { verbose, confFile, statsPort, statsAddr, statsIntervalMs, mbufSize } = DEFAULTS;
  const levels = `default: ${verbose}, min: 0, max: ${VERBOSE_MAX}`;
  const interval = `default: ${statsIntervalMs} msec`;
  const lines = [
    'Usage: ringway [-?hVdDt] [-v verbosity level] [-o output file]',
    '                  [-c conf file] [-s stats port] [-a stats addr]',
    '                  [-i stats interval] [-p pid file] [-m mbuf size]',
    '',
    'Options:',
    '  -h, --help             : this help',
    '  -V, --version          : show version and exit',
    '  -t, --test-conf        : test configuration for syntax errors and exit',
    '  -d, --daemonize        : run as a daemon',
    '  -D, --describe-stats   : print stats description and exit',
    `  -v, --verbose=N        : set logging level (${levels})`,
    '  -o, --output=S         : set logging file (default: stderr)',
    `  -c, --conf-file=S      : set configuration file (default: ${confFile})`,
    `  -s, --stats-port=N     : set stats monitoring port (default: ${statsPort})`,
    `  -a, --stats-addr=S     : set stats monitoring ip (default: ${statsAddr})`,
    `  -i, --stats-interval=N : set stats aggregation interval in msec (${interval})`,
    '  -p, --pid-file=S       : set pid file (default: off)',
    `  -m, --mbuf-size=N      : set size of mbuf chunk in bytes (default: ${mbufSize} bytes)`,
    '',
    ...OWN_USAGE,
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
