import { LIMIT_KEY_BYTES } from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { LEASES_REFUSED } from '../../../stats/counters.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { NORMAL, SUBSCRIBED } from '../../client/session/modes.ts';
import { laneOf } from '../../pool/lanes.ts';
import { answer } from '../../routing/request.ts';
import type { Local } from '../words.ts';
import { GivingUp } from './giving-up.ts';
import { hasRoomFor, hubFor } from './hub/hubs.ts';
import type { Kind } from './hub/kinds.ts';
import { Subscribing } from './subscribing.ts';
import { Subscriptions } from './subscriptions.ts';
import { Unsubscribing } from './unsubscribing.ts';

function subscriptionsOf(client: ClientConnection): Subscriptions {
  const known = client.subscriptions as Subscriptions | null;
  if (known !== null) return known;
  const subscriptions = new Subscriptions(client, hubFor(client.pool));
  client.subscriptions = subscriptions;
  return subscriptions;
}

/** A client of RESP2 that has subscriptions may do little else. */
export function reviewMode(client: ClientConnection): void {
  const subscriptions = client.subscriptions as Subscriptions | null;
  const restricted = subscriptions !== null && subscriptions.count > 0 && subscriptions.resp === 2;
  const { mode } = client.session;
  if (restricted && mode === NORMAL) client.enterMode(SUBSCRIBED);
  else if (!restricted && mode === SUBSCRIBED) client.enterMode(NORMAL);
}

/** The client has another protocol version from here on. */
export function changeVersion(client: ClientConnection): void {
  const subscriptions = client.subscriptions as Subscriptions | null;
  if (subscriptions === null) return;
  subscriptions.resp = laneOf(client).resp;
  reviewMode(client);
}

/** Whether there are more of them than the client may have. */
function areTooMany(
  client: ClientConnection,
  subscriptions: Subscriptions,
  kind: Kind,
  wanted: readonly string[],
): boolean {
  const most = client.pool.config.maxSubscriptions;
  if (subscriptions.count + wanted.length <= most) return false;
  let more = 0;
  for (const text of new Set(wanted)) {
    const topic = subscriptions.hub.topics.find(kind, text);
    if (topic === undefined || !subscriptions.has(topic)) more++;
  }
  return subscriptions.count + more > most;
}

/** There are too many connections of single clients for one more hub. */
function refuseOwn(client: ClientConnection): true {
  const { counters, servers } = client.pool;
  counters[LEASES_REFUSED]++;
  return answer(client, replies.noLease(servers[0]?.name ?? ''));
}

/** SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE. */
export function subscribe(kind: Kind): Local {
  return ({ client }, words) => {
    const wanted = words.copies(1);
    if (wanted.some(({ length }) => length > LIMIT_KEY_BYTES)) {
      return answer(client, replies.CHANNEL_TOO_LONG);
    }
    const subscriptions = subscriptionsOf(client);
    const texts = wanted.map((name) => name.toString('latin1'));
    if (areTooMany(client, subscriptions, kind, texts)) {
      return answer(client, replies.TOO_MANY_SUBSCRIPTIONS);
    }
    const { hub } = subscriptions;
    if (!hasRoomFor(hub, client.pool)) return refuseOwn(client);
    if (subscriptions.count === 0) subscriptions.resp = laneOf(client).resp;
    const topics = wanted.map((name, i) => hub.hold(kind, name, texts[i]));
    new Subscribing(client, subscriptions, topics, () => reviewMode(client)).begin();
    // What may be asked behind it is known when it is answered.
    if (client.pipeline.outstanding > 0) client.barrier();
    return true;
  };
}

/** UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE. */
export function unsubscribe(kind: Kind): Local {
  return ({ client }, words) => {
    const subscriptions = subscriptionsOf(client);
    if (subscriptions.count === 0) subscriptions.resp = laneOf(client).resp;
    const names = words.copies(1);
    new Unsubscribing(client, subscriptions, kind, names, () => reviewMode(client)).begin();
    if (client.pipeline.outstanding > 0) client.barrier();
    return true;
  };
}

/**
 * The client hears nothing any more when `done` is called. Where servers count it they are told
 * before, and what it asks behind that waits.
 */
export function unsubscribeFromAll(client: ClientConnection, done: () => void): void {
  const subscriptions = client.subscriptions as Subscriptions | null;
  if (subscriptions === null || subscriptions.count === 0 || subscriptions.hub.own === null) {
    subscriptions?.drop();
    done();
    return;
  }
  const { hub, all } = subscriptions;
  new GivingUp(client, hub.giveUp(all), () => {
    subscriptions.drop();
    done();
  }).begin();
  if (client.pipeline.outstanding > 0) client.barrier();
}
