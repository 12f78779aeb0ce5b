import type { ClientConnection } from '../../client/client-connection.ts';
import { agesOf, flagsOf, localAddress, peerAddress } from '../../client/client-list.ts';
import { laneOf } from '../../pool/lanes.ts';

/** A line of CLIENT LIST: Redis's fields in their order, 0 for what ringway does not count. */
export function clientLine(client: ClientConnection): string {
  const { session, pipeline } = client;
  const lane = laneOf(client);
  const ages = agesOf(client);
  const fields: [string, string | number][] = [
    ['id', session.number],
    ['addr', peerAddress(client)],
    ['laddr', localAddress(client)],
    ['fd', client.id],
    ['name', session.name],
    ['age', ages.ageSeconds],
    ['idle', ages.idleSeconds],
    ['flags', flagsOf(client)],
    ['db', lane.db],
    ['sub', client.subscriptions?.channels ?? 0],
    ['psub', client.subscriptions?.patterns ?? 0],
    ['ssub', client.subscriptions?.shardChannels ?? 0],
    ['multi', session.transaction?.count ?? -1],
    ['qbuf', 0],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', pipeline.undeliveredBytes],
    ['oll', pipeline.outstanding],
    ['omem', 0],
    ['tot-mem', 0],
    ['events', 'r'],
    ['cmd', 'NULL'],
    ['user', client.login.user],
    ['redir', session.tracking?.redirect ?? -1],
    ['resp', lane.resp],
    ['lib-name', session.libName],
    ['lib-ver', session.libVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** A list is written in pieces of about this size. */
const PIECE = 64 * 1024;

/**
 * The lines of CLIENT LIST, in pieces. @returns null when they have more than `limit` bytes
 */
export function listBody(clients: readonly ClientConnection[], limit: number): Buffer[] | null {
  const pieces: Buffer[] = [];
  let bytes = 0;
  let text = '';
  for (const client of clients) {
    text += `${clientLine(client)}\n`;
    if (text.length < PIECE) continue;
    pieces.push(Buffer.from(text, 'latin1'));
    bytes += text.length;
    text = '';
    if (bytes > limit) return null;
  }
  pieces.push(Buffer.from(text, 'latin1'));
  return bytes + text.length > limit ? null : pieces;
}
