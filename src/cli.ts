#!/usr/bin/env node
import { rmSync, writeFileSync } from 'node:fs';
import { CODEC_CHOICES, type CodecChoice, type Options, parseCommandLine } from './command-line.ts';
import { testConfig } from './config/index.ts';
import { RingwayError } from './errors.ts';
import { type Ringway, start, VERSION } from './index.ts';
import { FileLog, LOG_ERROR, LOG_NOTICE, LOG_WARN } from './log.ts';
import type { ReaderKind } from './net/reader.ts';

const command = parseCommandLine(process.argv.slice(2), VERSION);
if (command.action === 'exit') {
  process.stderr.write(command.stderr);
  process.exitCode = command.status;
} else if (command.action === 'test-conf') {
  const { status, output } = await testConfig(command.options.confFile);
  process.stderr.write(output);
  process.exitCode = status;
} else {
  await run(command.options);
}

async function run(options: Options): Promise<void> {
  const log = openLog(options);
  if (log === null) {
    process.exitCode = 1;
    return;
  }
  log.write(LOG_NOTICE, `ringway ${VERSION} on Node ${process.version}, pid ${process.pid}`);
  if (options.daemonize) {
    log.write(LOG_WARN, 'this release cannot daemonize yet: it stays in the foreground');
  }
  let wrotePid = false;
  try {
    if (options.pidFile !== null) {
      writeFileSync(options.pidFile, String(process.pid), { mode: 0o644 });
      wrotePid = true;
    }
    const reader = readerFromEnvironment();
    const ringway = await start({
      config: options.confFile,
      codec: options.codec ?? codecFromEnvironment(),
      log,
      stats: { port: options.statsPort, host: options.statsAddr },
      ...(reader === null ? {} : { reader }),
    });
    log.write(LOG_NOTICE, `ready: codec ${ringway.codec}, reader ${ringway.reader}`);
    handleSignals(ringway, log);
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    for (const line of error.message.split('\n')) log.write(LOG_ERROR, line);
    if (wrotePid && options.pidFile !== null) rmSync(options.pidFile, { force: true });
    process.exitCode = 1;
  }
}

function openLog(options: Options): FileLog | null {
  try {
    return new FileLog(options.verbose, options.output);
  } catch (error) {
    process.stderr.write(
      `ringway: opening log file '${options.output}' failed: ${(error as Error).message}\n`,
    );
    return null;
  }
}

function codecFromEnvironment(): CodecChoice {
  const name = process.env['RINGWAY_CODEC'];
  if (name === undefined || name === '') return 'auto';
  const choice = CODEC_CHOICES.find((candidate) => candidate === name);
  if (choice !== undefined) return choice;
  throw new RingwayError(
    'RINGWAY_USAGE',
    `RINGWAY_CODEC is '${name}'; expected one of ${CODEC_CHOICES.join(', ')}`,
  );
}

function readerFromEnvironment(): ReaderKind | null {
  const name = process.env['RINGWAY_READER'];
  if (name === undefined || name === '') return null;
  if (name === 'onread' || name === 'data') return name;
  throw new RingwayError('RINGWAY_USAGE', `RINGWAY_READER is '${name}'; expected onread or data`);
}

function handleSignals(ringway: Ringway, log: FileLog): void {
  const stop = (name: string, status: number): void => {
    log.write(LOG_NOTICE, `${name} received: answering what is in flight, then exiting`);
    void ringway.stop().then(() => process.exit(status));
  };
  process.once('SIGTERM', () => stop('SIGTERM', 0));
  process.once('SIGINT', () => stop('SIGINT', 1));
  process.on('SIGHUP', () => {
    log.reopen();
    log.write(LOG_NOTICE, 'SIGHUP received: log file opened anew');
  });
}
