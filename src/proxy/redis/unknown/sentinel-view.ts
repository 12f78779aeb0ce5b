import { createHash } from 'node:crypto';
import {
  arrayReply,
  bulkText,
  integerReply,
  mapReply,
} from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Door } from '../../pool/failover/doors.ts';
import { laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { masterNames, noteMasterName } from '../pubsub/sentinel-channels.ts';
import { Words } from '../words.ts';

/** IPv4 as it looks on a socket of both kinds. */
const MAPPED = /^::ffff:/;

/** What a sentinel says of one that it does not reach. */
const AWAY = 's_down,sentinel,disconnected';

const NO_DOOR: Buffer = replies.error(
  'this connection has no address that clients could be told; set `announce`',
);

/**
 * Where clients are to connect: what `announce` says first, else where this one has.
 * @returns null when that is a path
 */
function ownDoor({ pool, socket }: ClientConnection): Door | null {
  const [announced] = pool.config.announce;
  if (announced !== undefined) return announced;
  const { localAddress, localPort } = socket;
  if (localAddress === undefined || localPort === undefined) return null;
  return { host: localAddress.replace(MAPPED, ''), port: localPort };
}

/** Always the same for the same door, as the id of a sentinel or a server would be. */
function idOf({ host, port }: Door): string {
  return createHash('sha1').update(`${host}:${port}`).digest('hex');
}

/** What a sentinel says of a master or another sentinel, for all who look at it. */
function about(client: ClientConnection, name: string, door: Door, flags: string): Buffer {
  const { host, port } = door;
  const fields: readonly (readonly [key: string, value: string])[] = [
    ...([
      ['name', name],
      ['ip', host],
      ['port', `${port}`],
      ['runid', idOf(door)],
    ] as const),
    ...([
      ['flags', flags],
      ['link-pending-commands', '0'],
      ['link-refcount', '1'],
    ] as const),
    ...([
      ['last-ping-sent', '0'],
      ['last-ok-ping-reply', '0'],
      ['last-ping-reply', '0'],
    ] as const),
    ['down-after-milliseconds', '5000'],
    ...([
      ['role-reported', 'master'],
      ['config-epoch', '0'],
      ['num-slaves', '0'],
    ] as const),
    ['num-other-sentinels', `${client.pool.config.announce.slice(1).length}`],
    ...([
      ['quorum', '1'],
      ['failover-timeout', '180000'],
      ['parallel-syncs', '1'],
    ] as const),
  ];
  const pairs = fields.map(([key, value]): [Buffer, Buffer] => [bulkText(key), bulkText(value)]);
  return mapReply(pairs, laneOf(client).resp);
}

/**
 * SENTINEL: to clients that look for their master by sentinels, ringway is the only sentinel there
 * is, and the master of every name. The others that `announce` names are further sentinels; that
 * one of these is gone is published (`+switch-master`).
 */
export function sentinel(request: SpecialRequest): boolean {
  const { client } = request;
  const words = Words.of(request);
  if (!words.complete) return answer(client, replies.TOO_MANY_ARGUMENTS);
  const door = ownDoor(client);
  if (door === null) return answer(client, NO_DOOR);
  const [subcommand = '', name = '', ...more] = words.texts(1);
  const word = subcommand.toUpperCase();
  const needsName = !['MASTERS', 'MYID', 'PENDING-SCRIPTS'].includes(word);
  if (words.count < 2 || more.length > 0 || (name !== '') !== needsName) {
    return answer(client, replies.wrongArity(word === '' ? 'sentinel' : `sentinel|${word}`));
  }
  return answer(client, replyTo(client, word, name, door) ?? refusal(subcommand));
}

function replyTo(client: ClientConnection, word: string, name: string, door: Door): Buffer | null {
  switch (word) {
    case 'GET-MASTER-ADDR-BY-NAME':
      noteMasterName(client.pool, name, client.socket.remoteAddress ?? '');
      return arrayReply([bulkText(door.host), bulkText(`${door.port}`)]);
    case 'MASTER':
      noteMasterName(client.pool, name, client.socket.remoteAddress ?? '');
      return about(client, name, door, 'master');
    case 'MASTERS':
      return arrayReply(
        masterNames(client.pool).map((each) => about(client, each, door, 'master')),
      );
    case 'REPLICAS':
    case 'SLAVES':
    case 'PENDING-SCRIPTS':
      return arrayReply([]);
    case 'SENTINELS': {
      const { config, doors } = client.pool;
      return arrayReply(
        config.announce.slice(1).map((peer) => {
          return about(client, idOf(peer), peer, doors.isDown(peer) ? AWAY : 'sentinel');
        }),
      );
    }
    case 'MYID':
      return bulkText(idOf(door));
    case 'CKQUORUM':
      return Buffer.from(
        '+OK 1 usable Sentinels. Quorum and failover authorization is possible\r\n',
      );
    case 'IS-MASTER-DOWN-BY-ADDR':
      return arrayReply([integerReply(0), bulkText('*'), integerReply(0)]);
    default:
      return null;
  }
}

function refusal(subcommand: string): Buffer {
  return replies.unknownSubcommand('SENTINEL', subcommand);
}
