#!/usr/bin/env node
import { parseCommandLine } from './command-line.ts';
import { commandByName } from './commands/index.ts';
import { testConfig } from './config/index.ts';
import { run } from './run/run.ts';
import { VERSION } from './version.ts';

// Whoever reads what is printed may have enough of it (`| head -1`): what runs is ended well.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`ringway: cannot print: ${error.message}\n`);
  process.exitCode = 1;
});

const argv = process.argv.slice(2);
const subcommand = commandByName(argv[0]);
if (subcommand !== null) {
  const status = await subcommand(argv.slice(1), process.stdout, process.stderr);
  process.exitCode ??= status;
} else {
  await runProxy();
}

/** nutcracker's command line. */
async function runProxy(): Promise<void> {
  const command = parseCommandLine(argv, VERSION);
  if (command.action !== 'exit') {
    for (const line of command.warnings) process.stderr.write(`ringway: ${line}\n`);
  }
  if (command.action === 'exit') {
    process.stdout.write(command.stdout);
    process.stderr.write(command.stderr);
    process.exitCode = command.status;
  } else if (command.action === 'test-conf') {
    const { status, output } = await testConfig(command.options.confFile);
    process.stderr.write(output);
    // A resolver may go on for a minute after nobody waits for it.
    process.exit(status);
  } else {
    const status = await run(command.options, argv);
    if (status !== null) process.exit(status);
  }
}
