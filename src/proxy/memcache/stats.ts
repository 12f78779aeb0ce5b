import { MC_REPLY_STATS } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/memcache/replies.ts';
import * as counter from '../../stats/counters.ts';
import { VERSION } from '../../version.ts';
import { wallMillis } from '../engine/clock.ts';
import type { Pool } from '../pool/pool.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { askAllServers, type ServerAnswer } from './all-servers.ts';
import { INVALID } from './failure-reply.ts';

/** The names are nutcracker's. */
const POOL_FIELDS: readonly (readonly [string, counter.PoolCounter])[] = [
  ['client_eof', counter.CLIENT_EOF],
  ['client_err', counter.CLIENT_ERR],
  ['client_connections', counter.CLIENT_CONNECTIONS],
  ['server_ejects', counter.SERVER_EJECTS],
  ['forward_error', counter.FORWARD_ERROR],
  ['fragments', counter.FRAGMENTS],
];
const SERVER_FIELDS: readonly (readonly [string, counter.ServerCounter])[] = [
  ['server_eof', counter.SERVER_EOF],
  ['server_err', counter.SERVER_ERR],
  ['server_timedout', counter.SERVER_TIMEDOUT],
  ['server_connections', counter.SERVER_CONNECTIONS],
  ['server_ejected_at', counter.SERVER_EJECTED_AT],
  ['requests', counter.REQUESTS],
  ['request_bytes', counter.REQUEST_BYTES],
  ['responses', counter.RESPONSES],
  ['response_bytes', counter.RESPONSE_BYTES],
  ['in_queue', counter.IN_QUEUE],
  ['in_queue_bytes', counter.IN_QUEUE_BYTES],
  ['out_queue', counter.OUT_QUEUE],
  ['out_queue_bytes', counter.OUT_QUEUE_BYTES],
];

/** What `stats servers` may ask of the servers: what only reads, and answers in STAT lines. */
const READABLE = ['items', 'slabs', 'settings', 'sizes', 'conns'];

/**
 * `stats` tells ringway's own counters; `stats servers`, with one of READABLE or without, the
 * servers'.
 */
export function answerStats(request: SpecialRequest, words: readonly string[]): boolean {
  const { client } = request;
  const [first, second] = words;
  if (first === undefined) {
    client.answer(ownStats(client.pool));
    return true;
  }
  const known = words.length === 1 || (words.length === 2 && READABLE.includes(second));
  if (first !== 'servers' || !known) {
    client.answer(replies.ERROR);
    return true;
  }
  const line = Buffer.from(second === undefined ? 'stats\r\n' : `stats ${second}\r\n`);
  return askAllServers(request, line, labelled);
}

function ownStats(pool: Pool): Buffer {
  const { process: counters } = pool.engine;
  // Names are one character per byte.
  const lines = [
    replies.statLine('pid', process.pid),
    replies.statLine('uptime', Math.floor(process.uptime())),
    replies.statLine('time', Math.floor(wallMillis() / 1000)),
    replies.statLine('version', VERSION),
    replies.statLine('threads', 1),
    replies.statLine('curr_connections', counters[counter.CURR_CONNECTIONS]),
    replies.statLine('total_connections', counters[counter.TOTAL_CONNECTIONS]),
    replies.statLine('pool', Buffer.from(pool.config.name).toString('latin1')),
    ...POOL_FIELDS.map(([name, at]) => replies.statLine(name, pool.counters[at])),
  ];
  for (const server of pool.servers) {
    server.gaugeQueues();
    for (const [name, at] of SERVER_FIELDS) {
      const title = `${server.config.ringName}:${name}`;
      lines.push(replies.statLine(title, server.counters[at]));
    }
  }
  return Buffer.concat([Buffer.from(lines.join(''), 'latin1'), replies.END]);
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
