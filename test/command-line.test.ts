import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type CommandLine, parseCommandLine } from '../src/command-line.ts';
import { commandByName } from '../src/commands/index.ts';
import { testConfig } from '../src/config/index.ts';
import { COMMAND_NAMES } from '../src/options.ts';

interface Golden {
  files: Record<string, string>;
  usage: string;
  stats: string;
  cases: [argv: string[], status: number, stderr: string][];
}

const golden: Golden = JSON.parse(readFileSync('test/golden/cli.json', 'utf8'));
const VERSION = '0.5.0';

/** Debian's defaults back to upstream's, then the program's name. */
function renamed(text: string): string {
  return text
    .replace('/var/log/nutcracker/nutcracker.log', 'stderr')
    .replace('/run/nutcracker/nutcracker.pid', 'off')
    .replace('/etc/nutcracker/nutcracker.yml', 'conf/NUTCRACKER.yml')
    .replaceAll('nutcracker', 'ringway')
    .replace('NUTCRACKER', 'nutcracker');
}

function parse(...argv: string[]): CommandLine {
  return parseCommandLine(argv, VERSION);
}

function optionsOf(...argv: string[]) {
  const parsed = parse(...argv);
  assert.notEqual(parsed.action, 'exit', JSON.stringify(parsed));
  return (parsed as Extract<CommandLine, { options: unknown }>).options;
}

function messageOf(...argv: string[]): string {
  const parsed = parse(...argv);
  assert.equal(parsed.action, 'exit');
  const { status, stderr } = parsed as Extract<CommandLine, { status: unknown }>;
  assert.equal(status, 1);
  return stderr.slice(0, stderr.indexOf('\n'));
}

const usage = (parse('-h') as { stdout: string }).stdout.replace(/^.*\n.*\n\n/, '');

/** The messages that differ on purpose; nutcracker prints a NUL in place of a name. */
const NAMED: Readonly<Record<string, string>> = {
  '--bogus': 'unknown option --bogus',
  '--ver': 'option --ver is ambiguous; expected one of --version, --verbose',
};
const EXTRA = "warning: 'extra' is ignored";

describe('the command line of a recorded nutcracker', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringway-cli-'));
    for (const [name, text] of Object.entries(golden.files)) {
      writeFileSync(join(folder, name), text);
    }
  });

  for (const [argv, status, stderr] of golden.cases) {
    test(`${JSON.stringify(argv)} exits with ${status}`, async () => {
      const parsed = parse(...argv);
      assert.notEqual(parsed.action, 'run');
      if (parsed.action !== 'exit') {
        assert.deepEqual(parsed.warnings, argv[0] === 'extra' ? [EXTRA] : []);
        const file = join(folder, parsed.options.confFile);
        const result = await testConfig(file);
        assert.equal(result.status, status);
        const verdict = renamed(stderr).replaceAll(parsed.options.confFile, file);
        assert.ok(result.output.endsWith(verdict), result.output);
        return;
      }
      assert.equal(parsed.status, status);
      const expected = renamed(stderr)
        .replace("invalid option -- '\0'", () => NAMED[argv[0]])
        .replace('<usage>', () => usage)
        .replace('<stats>', () => golden.stats);
      // Help goes to standard output; all else where nutcracker has it.
      const isHelp = status === 0 && stderr.includes('<usage>');
      assert.equal(isHelp ? parsed.stdout : parsed.stderr, expected);
      assert.equal(isHelp ? parsed.stderr : parsed.stdout, '');
    });
  }

  test('the help text has every line of nutcracker in its order', () => {
    const lines = usage.split('\n');
    let from = 0;
    for (const line of renamed(golden.usage).replaceAll('\r', '').replace(/\n+$/, '').split('\n')) {
      const found = lines.indexOf(line, from);
      assert.ok(found >= 0, `missing: ${JSON.stringify(line)}`);
      from = found + 1;
    }
    assert.doesNotMatch(usage, /\r/);
    assert.match(usage, /--codec=S .*auto, wasm, wasm-scalar, js/);
  });
});

describe('options', () => {
  test('without arguments they are the defaults of upstream', () => {
    assert.deepEqual(parse(), {
      action: 'run',
      options: {
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
        http: { host: '127.0.0.1', port: 22223, optional: true },
        httpHosts: [],
        adminSocket: null,
        logFormat: 'text',
        drainMs: 1000,
        shutdownDelayMs: 0,
        memoryMib: 1024,
        maxConnections: 0,
        workers: 1,
        watch: false,
        hup: 'reload',
        latency: true,
        statsOwn: false,
        upgrade: true,
        otlpEndpoint: null,
        otlpServiceName: null,
        otlpSampleRate: null,
      },
      warnings: [],
    });
  });

  test('may be clustered, with the argument glued to the last one or behind it', () => {
    assert.equal(parse('-tc', 'file').action, 'test-conf');
    assert.equal(optionsOf('-tc', 'file').confFile, 'file');
    assert.equal(optionsOf('-tcfile').confFile, 'file');
    assert.equal(optionsOf('-dv3').verbose, 3);
    assert.equal(optionsOf('-dv3').daemonize, true);
    assert.equal(optionsOf('-c=file').confFile, '=file');
  });

  test('may be abbreviated where one long name begins so', () => {
    assert.equal(optionsOf('--stats-i', '7').statsIntervalMs, 7);
    assert.equal(optionsOf('--c=x').confFile, 'x', 'ringway options do not take this away');
    assert.equal(optionsOf('--cod=js').codec, 'js');
    assert.match(
      messageOf('--d'),
      /--d is ambiguous; expected one of --daemonize, --describe-stats$/,
    );
    assert.equal(messageOf('--=x'), 'ringway: unknown option --');
  });

  test('stop at --, and operands between them are ignored', () => {
    assert.equal(parse('a', '-', '-t', 'b').action, 'test-conf');
    assert.equal(parse('--', '-t').action, 'run');
    assert.equal(messageOf('-v', '--', '5'), 'ringway: option -v requires a number');
  });

  test('take the last value when given twice, and an empty -o as stderr', () => {
    assert.equal(optionsOf('-s', '1', '-s', '2').statsPort, 2);
    assert.equal(optionsOf('-o', 'log', '-o', '').output, null);
    assert.equal(optionsOf('-o', 'log', '-p', 'pid', '-a', '::1').statsAddr, '::1');
  });

  test('wrap numbers at 32 bits', () => {
    assert.equal(
      messageOf('-s', '99999999999'),
      'ringway: option -s value 1215752191 is not a valid port',
    );
    assert.equal(optionsOf('-s', '4294967297').statsPort, 1);
    assert.equal(messageOf('-i', '2147483648'), 'ringway: option -i requires a number');
    assert.equal(optionsOf('-i', '0').statsIntervalMs, 0);
    assert.equal(optionsOf('-v', '12').verbose, 11);
    assert.equal(messageOf('-v', '٣'), 'ringway: option -v requires a number');
  });

  test('report the first mistake only, before any -h', () => {
    assert.equal(messageOf('-h', '-Z', '-s', '0'), "ringway: invalid option -- 'Z'");
    assert.equal(messageOf('--help=x'), "ringway: invalid option -- 'h'");
    assert.equal(messageOf('-t=3'), "ringway: invalid option -- '='");
  });

  test('-h and -D together print version, usage and statistics', () => {
    const { stdout } = parse('-hD') as { stdout: string };
    assert.equal(stdout.indexOf('This is ringway-0.5.0\n'), 0);
    assert.ok(stdout.endsWith(usage + golden.stats));
  });

  test('that are mistyped are named, with the one that was meant', () => {
    const message = 'ringway: unknown option --htp-addr; did you mean --http-addr?';
    assert.equal(messageOf('--htp-addr=1'), message);
    assert.equal(messageOf('--htp-addr'), message);
    assert.equal(messageOf('--work=2', '--wrokers=2').includes('--workers'), true);
    const long = messageOf(`--${'x'.repeat(9000)}\x1b[31m`);
    assert.ok(long.length < 120 && !long.includes('\x1b'), long);
  });

  test('--hup says what a HUP does', () => {
    assert.equal(optionsOf('--hup=reopen').hup, 'reopen');
    assert.equal(optionsOf('--hup', 'reload').hup, 'reload');
    assert.equal(messageOf('--hup=no'), 'ringway: option --hup requires one of reload, reopen');
  });

  test('--http-hosts takes names or *, without ports', () => {
    assert.deepEqual(optionsOf('--http-hosts', 'A.example,b_1').httpHosts, ['a.example', 'b_1']);
    assert.deepEqual(optionsOf('--http-hosts=*').httpHosts, ['*']);
    const message = 'ringway: option --http-hosts requires host names, separated by commas, or *';
    for (const bad of ['', 'a,', 'a:1', 'a b', 'http://a', '*.a']) {
      assert.equal(messageOf(`--http-hosts=${bad}`), message, bad);
    }
  });

  test('--otlp-endpoint takes the base of a collector, or env; a rate is a part of one', () => {
    const own = optionsOf('--otlp-endpoint=https://c.example/otlp/', '--otlp-service-name', 'x');
    assert.deepEqual([own.otlpEndpoint, own.otlpServiceName], ['https://c.example/otlp/', 'x']);
    assert.equal(optionsOf('--otlp-endpoint=env').otlpEndpoint, 'env');
    const wants = 'ringway: option --otlp-endpoint requires an address that begins with http://';
    for (const bad of ['', 'c:4318', 'grpc://c:4317', 'http://', 'http://c/?a=1']) {
      assert.ok(messageOf(`--otlp-endpoint=${bad}`).startsWith(wants), bad);
    }
    for (const [text, rate] of [
      ['0', 0],
      ['1', 1],
      ['0.25', 0.25],
      ['.5', 0.5],
    ] as const) {
      assert.equal(optionsOf(`--otlp-sample-rate=${text}`).otlpSampleRate, rate);
    }
    const number = 'ringway: option --otlp-sample-rate requires a number from 0 to 1';
    for (const bad of ['', '-1', '2', '1.5', '1e-3', '10%']) {
      assert.equal(messageOf(`--otlp-sample-rate=${bad}`), number, bad);
    }
  });

  test('--shutdown-delay-ms, --stats-own and --no-upgrade', () => {
    const options = optionsOf('--shutdown-delay-ms=7', '--stats-own', '--no-upgrade');
    assert.deepEqual(
      [options.shutdownDelayMs, options.statsOwn, options.upgrade],
      [7, true, false],
    );
    const message = 'ringway: option --shutdown-delay-ms requires a number';
    assert.equal(messageOf('--shutdown-delay-ms', 'x'), message);
  });

  test('--codec takes one of its choices', () => {
    for (const name of ['auto', 'wasm', 'wasm-scalar', 'js']) {
      assert.equal(optionsOf('--codec', name).codec, name);
    }
    const message = 'ringway: option --codec requires one of auto, wasm, wasm-scalar, js';
    assert.equal(messageOf('--codec', 'simd'), message);
    assert.equal(messageOf('--codec'), message);
  });
});

describe('words that are no options', () => {
  test('that look like a command are refused, with the one that was meant', () => {
    const refused: readonly (readonly [argv: string[], meant: string])[] = [
      [['explian', 'k'], 'explain'],
      [['Explain', 'k'], 'explain'],
      [['chekc', 'a', 'b'], 'check'],
      [['cttl'], 'ctl'],
      [['help'], '--help'],
      [['version'], '--version'],
      [['reload'], 'ctl --admin-socket=PATH reload'],
      [['stop'], 'ctl --admin-socket=PATH drain'],
    ];
    for (const [argv, meant] of refused) {
      const text = `ringway: unknown command '${argv[0]}'; did you mean: ringway ${meant}`;
      assert.equal(messageOf(...argv), text);
    }
    const late = 'ringway: the command must come first: ringway explain ...';
    assert.equal(messageOf('-c', 'file', 'explain', 'k'), late);
  });

  test('are otherwise ignored as by nutcracker, with a warning each', () => {
    const warningsOf = (...argv: string[]) => (parse(...argv) as { warnings: unknown }).warnings;
    assert.deepEqual(warningsOf('-t', 'file.yml'), [
      "warning: 'file.yml' is ignored; expected -c before the name of a file",
    ]);
    assert.deepEqual(warningsOf('a', '-t', '--', 'b\n'), [
      "warning: 'a' is ignored",
      "warning: 'b\\x0a' is ignored",
    ]);
    assert.deepEqual(warningsOf('-t', '-c', 'file.yml'), []);
  });

  test('every command is known by its name', () => {
    for (const name of COMMAND_NAMES) assert.notEqual(commandByName(name), null);
  });
});
