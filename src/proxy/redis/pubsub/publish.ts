import { FLAG_LAST, LIMIT_KEY_BYTES, WHOLE } from '../../../protocol/frame-table.ts';
import { integerReply } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  errorOf,
  integerOf,
  withoutAttributes,
} from '../../../protocol/redis/replies/reply-parts.ts';
import { FORWARD_ERROR } from '../../../stats/counters.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { WAIT } from '../../client/router.ts';
import { forward } from '../../routing/forward.ts';
import { answer, headOf, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import type { Words } from '../words.ts';
import { audienceOf } from './hub/audience.ts';
import type { Hub } from './hub/hub.ts';
import type { HubServer } from './hub/hub-server.ts';
import { sharedHubOf } from './hub/hubs.ts';
import type { Kind } from './hub/kinds.ts';

/**
 * The reply to a message: a server counts the hub for one of each that it has subscribed to, the
 * client hears how many clients of this process that is.
 */
class PublishReply implements ReplyTarget {
  readonly claim: Claim;
  readonly distrusts = false;
  readonly #client: ClientConnection;
  readonly #hub: Hub;
  readonly #kind: Kind;
  readonly #name: Buffer;
  readonly #server: HubServer;

  constructor(client: ClientConnection, hub: Hub, kind: Kind, name: Buffer, server: HubServer) {
    this.#client = client;
    this.#hub = hub;
    this.#kind = kind;
    this.#name = name;
    this.#server = server;
    this.claim = client.claims.claim();
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & FLAG_LAST) === 0) return;
    const whole = (info & WHOLE) === WHOLE;
    const { memory } = this.#client.pool.engine;
    const reply = whole ? Buffer.from(memory.subarray(start, start + length)) : Buffer.alloc(0);
    const body = withoutAttributes(reply);
    const count = integerOf(body);
    if (count !== null) this.claim.deliver(integerReply(this.#heardBy(count)));
    else this.claim.deliver(errorOf(body) ?? INVALID);
  }

  awaitsMore(): boolean {
    return false;
  }

  #heardBy(counted: bigint): bigint {
    if (counted <= 0n) return counted;
    const own = audienceOf(this.#hub.topics, this.#kind, this.#name, this.#server);
    const others = counted - BigInt(own.subscriptions);
    return (others > 0n ? others : 0n) + BigInt(own.listeners);
  }

  onFailure(error: Buffer): void {
    if (!this.claim.closed) this.#client.pool.counters[FORWARD_ERROR]++;
    this.claim.deliver(error);
  }
}

/** PUBLISH and SPUBLISH: to the server of the channel, as if that were a key. */
export function publish(kind: Kind): (request: SpecialRequest, words: Words) => boolean {
  return (request, words) => {
    const { client, start, length, intent } = request;
    const { pool, router } = client;
    if (words.length(1) > LIMIT_KEY_BYTES) return answer(client, replies.CHANNEL_TOO_LONG);
    const server = words.serverOf(1);
    const hub = sharedHubOf(pool);
    const heard = hub?.serverAt(server) ?? null;
    if (hub === null || heard === null || client.session.muted) return forward(request, server);
    const connection = router.choose(client, server, client.lane, intent);
    if (connection === null) return router.verdict !== WAIT && client.failForward(router.reason);
    const reply = new PublishReply(client, hub, kind, words.copy(1), heard);
    connection.out.copyFrom(start, length);
    connection.sentFor(reply, length, headOf(request));
    return true;
  };
}
