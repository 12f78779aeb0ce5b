import { type Arguments, runCommand, usageError } from '../arguments.ts';
import type { Command, Out } from '../command.ts';
import { SOURCE_HELP, SOURCE_OPTIONS, statusClient } from '../status-client.ts';
import { ALL, Looker } from './look.ts';
import { TopScreen } from './screen.ts';
import { renderTop, TOP_START } from './view.ts';

const HELP = `Usage: ringway top [--once] [--json] [--pool=NAME] [--interval=SECONDS]

Watches a running proxy: requests, errors, latencies, queues, and servers that are out of reach,
left alone by their breaker or out of the ring.

  --once             print one view and exit; so it does when the output is no terminal
  --json             print what there is to show as JSON, once
  --pool=NAME        only this pool
  --interval=N       seconds between two looks (default: 1)
${SOURCE_HELP}
Keys: arrows or j k choose a pool, Enter shows it alone, Esc goes back; n r e l i sort by name,
requests, errors, latency, in flight; p pauses; ? shows all keys; q quits. With --admin-socket,
in a pool that is shown alone: arrows choose a server, E ejects it, D drains it, U takes that
back, each after a question.
`;

const DEFAULT_COLUMNS = 120;
const MOST_SECONDS = 3600;

/** `ringway top`: a live view in the terminal. */
export const top: Command = (argv, out, err) => {
  const options = ['once', 'json', 'pool=', 'interval=', ...SOURCE_OPTIONS];
  return runCommand(argv, { out, err, help: HELP, options }, async (given) => {
    if (given.words.length > 0)
      throw usageError(`unexpected word ${JSON.stringify(given.words[0])}`);
    const looker = new Looker(statusClient(given), given.text('pool'));
    if (given.has('json')) {
      out.write(`${JSON.stringify(await looker.everything(), null, 2)}\n`);
      return 0;
    }
    const live = !given.has('once') && process.stdout.isTTY && process.stdin.isTTY;
    if (!live) return once(looker, out);
    const zoomed = given.text('pool') !== null;
    const screen = new TopScreen(looker, intervalOf(given), given.text('admin-socket'), zoomed);
    await screen.run();
    return 0;
  });
};

function intervalOf(given: Arguments): number {
  const text = given.text('interval') ?? '1';
  const seconds = /^[0-9]{1,4}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= MOST_SECONDS)) {
    throw usageError(
      `--interval is a number of seconds up to ${MOST_SECONDS}, not ${JSON.stringify(text)}`,
    );
  }
  return Math.max(0.1, seconds) * 1000;
}

async function once(looker: Looker, out: Out): Promise<number> {
  const status = await looker.look(ALL);
  const state = { ...TOP_START, colors: 'plain' as const };
  const { isTTY, columns } = process.stdout;
  const lines = renderTop(status, state, isTTY ? columns : DEFAULT_COLUMNS, 0, looker.cpu);
  out.write(`${lines.slice(0, -1).join('\n')}\n`);
  return 0;
}
