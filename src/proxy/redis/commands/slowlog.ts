import { arrayReply, bulkText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { SlowEntry } from '../../pool/notes/slow-log.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import type { Words } from '../words.ts';

/** Entries that GET gives without a number, as in Redis. */
const DEFAULT_COUNT = 10;

const HELP = [
  'SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET [<count>]',
  '    Slow requests of this pool, newest first (default: 10, -1 means all).',
  '    The last argument of an entry names the server and its share of the time.',
  'LEN',
  '    The number of entries.',
  'RESET',
  '    Forget all entries.',
  'HELP',
  '    Print this help.',
];

/** SLOWLOG: the requests of this pool that took `slowlog_ms` or longer. */
export function slowLogCommand({ client }: SpecialRequest, words: Words): boolean {
  const { count } = words;
  const { slowLog } = client.pool;
  const name = words.text(1);
  switch (count === 2 || name.toUpperCase() === 'GET' ? name.toUpperCase() : '') {
    case 'GET': {
      const wanted = count === 2 ? String(DEFAULT_COUNT) : words.text(2);
      if (count > 3) return answer(client, replies.wrongArity('SLOWLOG|GET'));
      if (!isIntegerWord(wanted, 9) || Number(wanted) < -1) {
        return answer(client, replies.error('count should be greater than or equal to -1'));
      }
      return answer(client, slowLogReply(slowLog?.latest(Number(wanted)) ?? []));
    }
    case 'LEN':
      return answer(client, integerReply(slowLog?.length ?? 0));
    case 'RESET':
      slowLog?.reset();
      return answer(client, replies.OK);
    case 'HELP':
      return answer(client, arrayReply(HELP.map((line) => bulkText(line))));
    default:
      return answer(client, replies.unknownSubcommand('SLOWLOG', name));
  }
}

/** A `SLOWLOG GET` reply, in Redis's layout; the server's share stands behind the arguments. */
export function slowLogReply(entries: readonly SlowEntry[]): Buffer {
  const out: string[] = [`*${entries.length}\r\n`];
  for (const entry of entries) {
    const args = [entry.command];
    if (entry.key !== null) args.push(entry.key);
    if (entry.moreWords > 0) args.push(`... (${entry.moreWords} more arguments)`);
    // The names of the file are no latin1: this makes them one character per byte as well.
    const server = Buffer.from(entry.server).toString('latin1');
    args.push(`[server ${server} took ${entry.serverMicros} us of it]`);
    out.push(`*6\r\n:${entry.id}\r\n:${entry.at}\r\n:${entry.totalMicros}\r\n`);
    out.push(`*${args.length}\r\n`, ...args.map(bulk), bulk(entry.client), bulk(entry.clientName));
  }
  return Buffer.from(out.join(''), 'latin1');
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
