import { askAdmin } from '../admin/admin-client.ts';
import { runCommand, usageError } from './arguments.ts';
import type { Command } from './index.ts';

const HELP = `Usage: ringway ctl --admin-socket=PATH COMMAND

Sends a command to the admin socket of a running proxy and prints the answer, which is JSON.

  status             how things are: pools, servers, latencies
  stats              what the stats port sends
  drain              answer what is in flight, then end
  reload             read the configuration file again
`;

/** `ringway ctl`: one command for the admin socket. */
export const ctl: Command = (argv, out, err) =>
  runCommand(argv, { out, err, help: HELP, options: ['admin-socket='] }, async (given) => {
    const path = given.text('admin-socket');
    if (path === null) throw usageError('expected --admin-socket=PATH of a running proxy');
    if (given.words.length === 0) throw usageError('expected a command: ringway ctl --help');
    const answer = await askAdmin(path, given.words.join(' '));
    out.write(`${JSON.stringify(answer, null, 2)}\n`);
    return 0;
  });
