import { bulkReply } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { discard, exec, multi } from '../leases/transaction.ts';
import { unwatch, watch } from '../leases/watch.ts';
import { monitor } from '../monitor/monitor.ts';
import { PUBSUB_COMMANDS } from '../pubsub/counts.ts';
import { CHANNEL, PATTERN, SHARD } from '../pubsub/hub/kinds.ts';
import { publish } from '../pubsub/publish.ts';
import { subscribe, unsubscribe } from '../pubsub/subscribe.ts';
import type { Local } from '../words.ts';
import { ACL_LOCAL_COMMANDS } from './acl.ts';
import { CLIENT_COMMANDS } from './client.ts';
import { cluster, granted } from './cluster.ts';
import { configGet } from './config-get.ts';
import { info } from './info.ts';
import { scan } from './scan.ts';
import { select } from './select.ts';
import { authenticate, hello, ping, reset, role } from './session.ts';
import { slowLogCommand } from './slowlog.ts';
import { wait, waitAof } from './wait.ts';

/** The last that a client hears: what it sent behind QUIT is not looked at. */
function quit({ client }: SpecialRequest): boolean {
  client.answer(replies.OK);
  client.stopReading();
  return true;
}

/** The commands of the table that ringway answers itself; the request is split already. */
export const LOCAL_COMMANDS: Readonly<Record<string, Local>> = {
  ASKING: granted,
  AUTH: authenticate,
  CLUSTER: cluster,
  'CONFIG|GET': configGet,
  DISCARD: discard,
  ECHO: ({ client }, words) => answer(client, bulkReply(words.copy(1))),
  EXEC: exec,
  HELLO: hello,
  INFO: info,
  MONITOR: monitor,
  MULTI: multi,
  PING: ping,
  PSUBSCRIBE: subscribe(PATTERN),
  PUBLISH: publish(CHANNEL),
  PUNSUBSCRIBE: unsubscribe(PATTERN),
  QUIT: quit,
  READONLY: granted,
  READWRITE: granted,
  RESET: reset,
  ROLE: role,
  SCAN: scan,
  SELECT: select,
  SLOWLOG: slowLogCommand,
  SPUBLISH: publish(SHARD),
  SSUBSCRIBE: subscribe(SHARD),
  SUBSCRIBE: subscribe(CHANNEL),
  SUNSUBSCRIBE: unsubscribe(SHARD),
  UNSUBSCRIBE: unsubscribe(CHANNEL),
  TIME: ({ client }) => answer(client, replies.time()),
  UNWATCH: unwatch,
  WAIT: wait,
  WAITAOF: waitAof,
  WATCH: watch,
  ...ACL_LOCAL_COMMANDS,
  ...CLIENT_COMMANDS,
  ...PUBSUB_COMMANDS,
};
