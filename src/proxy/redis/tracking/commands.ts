import { TRACKING_PREFIXES } from '../../../limits.ts';
import {
  arrayReply,
  bulkText,
  integerReply,
  mapReply,
} from '../../../protocol/redis/replies/encode.ts';
import * as texts from '../../../protocol/redis/replies/listening-replies.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { SavedSession } from '../../client/session/session.ts';
import { laneKey, laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { askSiblings } from '../../siblings/question.ts';
import { Starting } from '../listening/starting.ts';
import type { Local, Words } from '../words.ts';
import { tellArrived } from './arrived.ts';
import { noteHearer, seekHearer } from './hearers.ts';
import { conflictOf, readOptions, type TrackingOptions } from './options.ts';
import type { TellAnswer, TellQuestion } from './redirect.ts';
import { trackerOf } from './trackers.ts';
import { Tracking } from './tracking.ts';

function trackingOf(client: ClientConnection): Tracking | null {
  return client.session.tracking as Tracking | null;
}

/** CLIENT TRACKING ON|OFF [options]. */
function tracking(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const options = readOptions(words.texts(3));
  if (Buffer.isBuffer(options)) return answer(client, options);
  if (options.redirect === 0) return decide(client, words.text(2), options, null);
  const target = seekHearer(client.pool, options.redirect);
  const way = words.text(2);
  if (target !== null) return decide(client, way, options, target);
  const claim = client.claims.claim();
  client.barrier();
  const question: TellQuestion = {
    pool: client.pool.config.name,
    tell: options.redirect,
    keys: [],
  };
  askSiblings<TellAnswer>(client, question, (answers) => {
    const there = answers?.some(({ told }) => told) ?? false;
    if (!there) claim.deliver(texts.NO_REDIRECT);
    else carryOut(client, way, options, null, claim);
  });
  return true;
}

function decide(
  client: ClientConnection,
  way: string,
  options: TrackingOptions,
  target: ClientConnection | null,
): true {
  const claim = client.claims.claim();
  client.barrier();
  carryOut(client, way, options, target, claim);
  return true;
}

/** @param way ON or OFF @param target of REDIRECT, when it is in this process */
function carryOut(
  client: ClientConnection,
  way: string,
  options: TrackingOptions,
  target: ClientConnection | null,
  claim: Claim,
): void {
  const before = trackingOf(client);
  const off = way.toUpperCase() === 'OFF';
  const error = off ? null : refusal(client, way, options);
  if (client.closed || error !== null) {
    claim.deliver(error ?? replies.OK);
  } else if (off) {
    before?.drop();
    claim.deliver(replies.OK);
  } else {
    start(client, options, target, (refused) => claim.deliver(refused ?? replies.OK));
  }
}

function refusal(client: ClientConnection, way: string, options: TrackingOptions): Buffer | null {
  if (way.toUpperCase() !== 'ON') return replies.SYNTAX_ERROR;
  const before = trackingOf(client);
  return conflictOf(options, before?.saved ?? null) ?? tooMany(client, options);
}

function tooMany(client: ClientConnection, { prefixes }: TrackingOptions): Buffer | null {
  const own = trackingOf(client)?.prefixes.size ?? 0;
  const fits = own + prefixes.length <= TRACKING_PREFIXES;
  const count = Math.max(1, prefixes.length);
  return fits && trackerOf(client.pool).hasRoom(count) ? null : texts.TOO_MANY_PREFIXES;
}

/**
 * A client begins to track, or does so in another way.
 * @param done told once servers tell of keys: null, or why none does
 */
function start(
  client: ClientConnection,
  options: TrackingOptions,
  target: ClientConnection | null,
  done: (error: Buffer | null) => void,
): void {
  const tracker = trackerOf(client.pool);
  const known = trackingOf(client);
  const { db, resp, login } = laneOf(client);
  const { lanes } = client.pool;
  const lane = lanes.find(db, resp, !options.broadcast, login);
  if (lane === null) {
    done(replies.TOO_MANY_LANES);
    return;
  }
  const wanted = laneKey(lane);
  const begun = known ?? new Tracking(client, tracker, options);
  client.session.tracking = begun;
  begun.change(options, target);
  tracker.join(begun);
  const settle = (error: Buffer | null): void => {
    const isGone = client.closed || client.session.tracking !== begun;
    const index = isGone || error !== null ? -1 : lanes.again(wanted);
    if (index >= 0) client.enterLane(lanes.at(index));
    else if (!isGone) begun.drop();
    client.updatePlain();
    done(error ?? (index < 0 ? replies.TOO_MANY_LANES : null));
  };
  new Starting(tracker, settle, (error) => client.onException(error)).begin();
}

/**
 * Goes on with what a client of another process is to hear. Who is to keep nothing of before is
 * told so, whichever of the two comes here last.
 */
export function resume(client: ClientConnection, { tracking, hears }: SavedSession): void {
  if (hears) noteHearer(client);
  // Who has subscribed is told when it has its subscriptions again.
  if (hears && client.subscriptions === null) tellArrived(client);
  if (tracking) goOn(client, tracking);
}

function goOn(client: ClientConnection, options: TrackingOptions): void {
  const hold = client.claims.hold();
  client.barrier();
  const { redirect } = options;
  const target = redirect === 0 ? null : seekHearer(client.pool, redirect);
  start(client, options, target, () => {
    hold.forget();
    trackingOf(client)?.onMoved();
  });
}

/** CLIENT CACHING YES|NO: about what comes next. */
function caching({ client }: SpecialRequest, words: Words): boolean {
  const known = trackingOf(client);
  if (known === null) return answer(client, texts.CACHING_WITHOUT_TRACKING);
  const word = words.text(2).toUpperCase();
  if (word !== 'YES' && word !== 'NO') return answer(client, replies.SYNTAX_ERROR);
  const { optIn, optOut } = known.options;
  if (word === 'YES' && !optIn) return answer(client, texts.CACHING_YES);
  if (word === 'NO' && !optOut) return answer(client, texts.CACHING_NO);
  known.caching = true;
  return answer(client, replies.OK);
}

function trackingInfo({ client }: SpecialRequest): boolean {
  const { resp } = laneOf(client);
  const known = trackingOf(client);
  const flags = known === null ? ['off'] : flagsOf(known);
  const set = [Buffer.from(`${resp === 3 ? '~' : '*'}${flags.length}\r\n`)];
  const prefixes = [...(known?.prefixes ?? [])].sort();
  return answer(
    client,
    mapReply(
      [
        [bulkText('flags'), Buffer.concat([...set, ...flags.map((flag) => bulkText(flag))])],
        [bulkText('redirect'), integerReply(known?.redirect ?? -1)],
        [bulkText('prefixes'), arrayReply(prefixes.map((prefix) => bulkText(prefix)))],
      ],
      resp,
    ),
  );
}

function flagsOf({ options, caching: said, broken }: Tracking): string[] {
  const flags: [string, boolean][] = [
    ['on', true],
    ['bcast', options.broadcast],
    ['optin', options.optIn],
    ['caching-yes', options.optIn && said],
    ['optout', options.optOut],
    ['caching-no', options.optOut && said],
    ['noloop', options.noLoop],
    ['broken_redirect', broken],
  ];
  return flags.filter(([, is]) => is).map(([flag]) => flag);
}

/** The subcommands of CLIENT about keys that change. */
export const TRACKING_COMMANDS: Readonly<Record<string, Local>> = {
  'CLIENT|CACHING': caching,
  'CLIENT|GETREDIR': ({ client }) =>
    answer(client, integerReply(trackingOf(client)?.redirect ?? -1)),
  'CLIENT|TRACKING': tracking,
  'CLIENT|TRACKINGINFO': trackingInfo,
};
