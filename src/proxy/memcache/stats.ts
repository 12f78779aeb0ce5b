import { MC_REPLY_RESET, MC_REPLY_STATS } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/memcache/replies.ts';
import * as counter from '../../stats/counters.ts';
import { VERSION } from '../../version.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { clientsOf, peerAddress } from '../client/client-list.ts';
import { exactMillis, wallMillis } from '../engine/clock.ts';
import type { Pool } from '../pool/pool.ts';
import { agreed } from '../routing/joined-figures.ts';
import { answer, type SpecialRequest } from '../routing/request.ts';
import { type PoolCounts, withPoolCounts } from '../siblings/pool-counts.ts';
import { askAllServers, firstError, gatherAnswers, type ServerAnswer } from './all-servers.ts';
import { INVALID, REPLY_TOO_LARGE } from './failure-reply.ts';
import { joined, type Statistics, statisticsOf } from './stats-sums.ts';

/** What only reads, and answers in STAT lines. */
const READABLE = ['items', 'slabs', 'settings', 'sizes', 'conns'];
/** Of the servers' own connections, processes and clocks: here ringway's stand for them. */
const NOT_OF_SERVERS: ReadonlySet<string> = new Set([
  ...['pid', 'uptime', 'time', 'version', 'max_connections', 'curr_connections'],
  ...['total_connections', 'rejected_connections', 'connection_structures'],
]);

/**
 * `stats` and `stats items`, `slabs`, `settings`, `sizes` tell what those of the servers come to,
 * `stats conns` ringway's clients; `stats servers`, with one of READABLE or without, what each
 * server says.
 */
export function answerStats(request: SpecialRequest, words: readonly string[]): boolean {
  const { client } = request;
  const [first, second] = words;
  if (first === undefined) return answerTotals(request);
  if (first === 'conns') return answer(client, connectionsOf(client));
  if (first === 'reset') return askAllServers(request, Buffer.from('stats reset\r\n'), resetBy);
  if (READABLE.includes(first)) {
    return askAllServers(request, Buffer.from(`stats ${first}\r\n`), (answers) => {
      return list(statLines(answers, first === 'settings'));
    });
  }
  const known = words.length === 1 || (words.length === 2 && READABLE.includes(second));
  if (first !== 'servers' || !known) return answer(client, replies.ERROR);
  const line = Buffer.from(second === undefined ? 'stats\r\n' : `stats ${second}\r\n`);
  return askAllServers(request, line, labelled);
}

/** The servers' counters and, over all processes, ringway's. */
function answerTotals(request: SpecialRequest): boolean {
  const { client } = request;
  return gatherAnswers(request, Buffer.from('stats\r\n'), (answers, claim) => {
    withPoolCounts(client, (counts) => {
      const ofServers = statisticsFrom(answers);
      const lines = [...ownLines(client.pool, counts, ofServers)];
      for (const [name, values] of ofServers) {
        const value = NOT_OF_SERVERS.has(name) ? null : joined(name, values);
        if (value !== null) lines.push(replies.statLine(name, value));
      }
      claim.deliver(list([...lines, ...poolLines(client.pool, counts)]));
    });
  });
}

/** What memcached says of itself and its connections. */
function ownLines(pool: Pool, counts: PoolCounts, ofServers: Statistics): string[] {
  const { clientConnections } = pool.config;
  return [
    replies.statLine('pid', process.pid),
    replies.statLine('uptime', Math.floor(process.uptime())),
    replies.statLine('time', Math.floor(wallMillis() / 1000)),
    // As `version` has it, which one server answers.
    replies.statLine('version', ofServers.get('version')?.[0] ?? VERSION),
    replies.statLine('ringway_version', VERSION),
    ...(clientConnections > 0 ? [replies.statLine('max_connections', clientConnections)] : []),
    replies.statLine('curr_connections', counts.ofPool(counter.CLIENT_CONNECTIONS)),
    replies.statLine('total_connections', counts.ofProcess(counter.TOTAL_CONNECTIONS)),
    replies.statLine('rejected_connections', counts.ofPool(counter.CLIENTS_REFUSED)),
  ];
}

function poolLines({ config, servers }: Pool, counts: PoolCounts): string[] {
  // Names are one character per byte.
  const lines = [
    replies.statLine('pool', Buffer.from(config.name).toString('latin1')),
    ...counter.POOL_FIELDS.map(([name, at]) => replies.statLine(name, counts.ofPool(at))),
  ];
  for (const { name: server, config: line } of servers) {
    for (const [name, at] of counter.SERVER_FIELDS) {
      lines.push(replies.statLine(`${line.ringName}:${name}`, counts.ofServer(server, at)));
    }
  }
  return lines;
}

/** `stats conns`, of the clients of this process. */
function connectionsOf(client: ClientConnection): Buffer {
  const kind = client.pool.config.listen.kind;
  const lines: string[] = [];
  let bytes = 0;
  for (const each of clientsOf(client.pool)) {
    const silent = Math.floor(Math.max(0, exactMillis() - each.lastRead) / 1000);
    const state = each.pipeline.outstanding > 0 ? 'conn_waiting' : 'conn_read';
    const about = [
      replies.statLine(`${each.id}:addr`, `${kind}:${peerAddress(each)}`),
      replies.statLine(`${each.id}:state`, each === client ? 'conn_parse_cmd' : state),
      replies.statLine(`${each.id}:secs_since_last_cmd`, silent),
    ].join('');
    bytes += about.length;
    if (bytes > client.pool.config.clientOutputLimit) return REPLY_TOO_LARGE;
    lines.push(about);
  }
  return list(lines);
}

function resetBy(answers: readonly ServerAnswer[]): Buffer {
  const isDone = answers.every(({ kind }) => kind === MC_REPLY_RESET);
  return firstError(answers) ?? (isDone ? replies.RESET : INVALID);
}

function list(lines: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from(lines.join(''), 'latin1'), replies.END]);
}

/** @param answers those that are no statistics are left out */
function statisticsFrom(answers: readonly ServerAnswer[]): Statistics {
  const good = answers.filter((each) => !each.isError && isList(each));
  return statisticsOf(good.map(({ reply }) => reply.toString('latin1')));
}

/** @param mustAgree settings are no counters: there is no sum of them */
function statLines(answers: readonly ServerAnswer[], mustAgree: boolean): string[] {
  return [...statisticsFrom(answers)].flatMap(([name, values]) => {
    const value = mustAgree ? agreed(values) : joined(name, values);
    return value === null ? [] : replies.statLine(name, value);
  });
}

function labelledLine(server: string, said: string): string {
  const [name, ...value] = said.split(' ');
  return replies.statLine(`${server}:${name}`, value.join(' '));
}

/** Whether a server said what `stats` is answered with: STAT lines, only END, or an error. */
function isList({ kind, isError, reply }: ServerAnswer): boolean {
  return isError || kind === MC_REPLY_STATS || reply.equals(replies.END);
}

/** Each server's STAT lines with its name in front; a server that failed has an `error` line. */
function labelled(answers: readonly ServerAnswer[]): Buffer {
  const lines: string[] = [];
  for (const answer of answers) {
    // As the reply: one character per byte.
    const name = answer.server.config.ringName;
    const reply = isList(answer) ? answer.reply : INVALID;
    for (const line of reply.toString('latin1').split('\r\n')) {
      if (line.startsWith('STAT ')) lines.push(labelledLine(name, line.slice(5)));
      else if (line !== '' && line !== 'END') lines.push(labelledLine(name, `error ${line}`));
    }
  }
  return Buffer.concat([Buffer.from(lines.join(''), 'latin1'), replies.END]);
}
