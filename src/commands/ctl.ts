import { askAdmin } from '../admin/admin-client.ts';
import { adminLine } from '../admin/admin-line.ts';
import { CTL_VERDICT_MS } from '../limits.ts';
import { visibleJson } from '../log.ts';
import { runCommand, usageError } from './arguments.ts';
import type { Command } from './command.ts';

const HELP = `Usage: ringway ctl --admin-socket=PATH COMMAND

Sends a command to the admin socket of a running proxy and prints the answer, which is JSON.

  status             how things are: pools, servers, latencies
  stats              what the stats port sends, and ringway's own figures
  unready            let /readyz say 503, until ready; clients that come are served
  ready              take that back
  config             each pool as it is in use: what is given, and the defaults
  clients POOL [N]   the N clients that hold most, 10 unless given
  loglevel [N]       how much is logged, 0 to 11
  drain              answer what is in flight, then end
  server POOL NAME eject   take a server out of the ring, until: enable
  server POOL NAME drain   the same, and close its connections when all is answered
  server POOL NAME enable  take that back, and an automatic ejection
  topology           where the masters of pools with sentinels are, and who says so
  topology freeze    leave servers where they are, until: topology resume
  topology accept NAME  make rings of what SRV records of NAME list now, however few
  failover POOL SERVER  have a sentinel replace the master by one of its replicas
  reload             read the configuration file again
  reload --dry-run   show what that would change, and the share of keys that move
  help               this text
  restart            replace the worker processes one by one; their clients stay connected
  upgrade [NODE [CLI]]  start the program anew, with another Node.js or ringway if given, and
                     hand the listeners and all clients over to it
`;

/** `ringway ctl`: one command for the admin socket. */
export const ctl: Command = (argv, out, err) =>
  runCommand(
    argv,
    { out, err, help: HELP, options: ['admin-socket=', 'dry-run'] },
    async (given) => {
      if (given.words.length === 1 && given.words[0] === 'help') {
        out.write(HELP);
        return 0;
      }
      const path = given.text('admin-socket');
      if (path === null) throw usageError('expected --admin-socket=PATH of a running proxy');
      if (given.words.length === 0) throw usageError('expected a command: ringway ctl --help');
      const words = given.has('dry-run') ? [...given.words, '--dry-run'] : given.words;
      const answer = await askAdmin(path, adminLine(words), CTL_VERDICT_MS);
      out.write(`${visibleJson(JSON.stringify(answer, null, 2))}\n`);
      return 0;
    },
  );
