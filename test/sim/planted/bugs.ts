/** A mistake that is put into the compiled product, for the simulator to find. */
export interface PlantedBug {
  readonly name: string;
  /** Below build/src/, without its ending. */
  readonly file: string;
  /** Stands in it once, and becomes `to`. */
  readonly from: string;
  readonly to: string;
  /** Cases within which it is found, from seed 1; null: it is not found. */
  readonly seeds: number | null;
  /** Only of cases of this kind. */
  readonly among?: 'sentinels' | 'clusters';
}

/** Chosen by what once went wrong in proxies, before the simulator had looked for any of them. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'no barrier behind a streamed request',
    file: 'proxy/client/input/client-input',
    from: 'if (streaming || alone)\n            this.#barrier = true;',
    to: 'if (streaming || alone)\n            this.#barrier = alone;',
    seeds: 10,
  },
  {
    name: 'a claim is settled twice',
    file: 'proxy/client/claims',
    from: 'deliver(reply) {\n        this.#settle();',
    to: 'deliver(reply) {\n        this.#settle();\n        this.#settle();',
    seeds: 5,
  },
  {
    name: 'a lease is given back in the middle of a request',
    file: 'proxy/client/input/large-request',
    from: 'connection.abandon();',
    to: 'connection.bodyComplete();',
    seeds: 60,
  },
  {
    name: 'a read is sent again on the lane that its client is on by then',
    file: 'proxy/routing/retried-read',
    from: 'client.pool.lanes.again(this.#lane)',
    to: 'client.lane',
    seeds: null,
  },
  {
    name: 'records behind a stop are copied all the same',
    file: 'proxy/client/input/request-walk',
    // Scanners write 0 here: what is planted is where the first of the chunk goes.
    from: 'words[at + RECORD_DEST] = 0;',
    to: 'words[at + RECORD_DEST] = words[FRAME_WORD + RECORD_DEST];',
    seeds: 5,
  },
  {
    name: 'a slab is free before the kernel has taken its bytes',
    file: 'net/send-queue',
    from: 'this.blocked = !idle ||',
    to: 'this.#releaseParked();\n        this.blocked = !idle ||',
    seeds: 5,
  },
  {
    name: 'a breaker never closes',
    file: 'proxy/pool/breaker',
    from: 'this.tripped = false;\n    }\n    /** Milliseconds',
    to: '}\n    /** Milliseconds',
    seeds: 5,
  },
  {
    name: 'requests of a client alternate between two connections',
    file: 'proxy/pool/connections/places',
    from: '(client % perLane)',
    to: '((this.turns = (this.turns ?? 0) + 1) % perLane)',
    seeds: 5,
  },
  {
    name: 'a deadline that comes earlier is not seen',
    file: 'proxy/engine/deadlines',
    from: 'if (this.#wakeAt === 0 || at < this.#wakeAt)',
    to: 'if (this.#wakeAt === 0)',
    seeds: 45,
  },
  {
    name: 'one of the clients that wait for a server is not woken',
    file: 'proxy/backend/waiting-clients',
    from: 'for (const client of clients) {',
    to: 'for (const client of [...clients].slice(0, Math.max(1, clients.size - 1))) {',
    seeds: 10,
  },
  {
    name: 'a connection of another database sends before it is granted',
    file: 'proxy/backend/backend-connection',
    from: 'this.#phase = GREETING;',
    to: 'this.#phase = OPEN;\n            this.out.open(this.#socket);',
    seeds: 5,
  },
  {
    name: 'the id of a client is free as soon as it is closed',
    file: 'proxy/client/client-connection',
    from: 'if (this.claims.open === 0)',
    to: 'if (true)',
    seeds: 15,
  },
  {
    name: 'parts of an MGET stand in the order in which they came',
    file: 'proxy/redis/fragments/coalesced-reply',
    from: 'if (last)\n            this.complete();',
    to: `if (last) {
            this.parts.push(...this.parts.splice(this.parts.indexOf(part), 1));
            this.complete();
        }`,
    seeds: 5,
  },
  {
    name: 'a client that half-closes is forgotten when all is answered',
    file: 'proxy/client/client-connection',
    from: 'if ((this.closing || this.#ended) && this.#idle())',
    to: 'if (this.closing && this.#idle())',
    seeds: 5,
  },
  {
    name: 'what a closed client held stays in the memory budget',
    file: 'proxy/client/client-connection',
    from: 'this.engine.budget.add(-heldBytes)',
    to: 'heldBytes',
    seeds: 5,
  },
  {
    name: 'writes are sent again, too',
    file: 'proxy/client/input/forward',
    from: 'retryReads > 0 && protocol.isRead(command)',
    to: 'retryReads > 0',
    seeds: 5,
  },
  {
    name: 'half a reply is completed by an error',
    file: 'proxy/client/streamed-reply',
    from: "client.destroy('its server failed in the middle of a large reply', LOG_NOTICE);\n            return;",
    to: 'client.pipeline.out.copy(error);\n            client.pipeline.completeHead();\n            return;',
    seeds: null,
  },
  {
    name: 'a server stands still for ever for a client that was slow once',
    file: 'proxy/backend/backend-connection',
    from: 'resumeReading(this.#socket);',
    to: '',
    seeds: 5,
  },
  {
    name: 'a request begun before a reload goes where the ring of before it said',
    file: 'proxy/client/input/large-request',
    from: 'setServer(saved, server);',
    to: '',
    seeds: 20,
  },
  {
    name: 'what was looked at of a request that comes back in parts is not looked at again',
    file: 'proxy/client/input/waiting-input',
    from: 'if (saved !== null && !isDetached(saved))',
    to: 'if (false)',
    seeds: null,
  },
  {
    name: 'what is asked next overtakes a connection that stands still',
    file: 'proxy/pool/connections/places',
    from: 'connection.holdBack();',
    to: '',
    seeds: null,
  },
  {
    name: 'a WATCH that is answered behind a reload counts as asked in the new ring',
    file: 'proxy/redis/leases/watch',
    from: 'this.#first, this.#placedIn)',
    to: 'this.#first, client.pool.ringNumber)',
    seeds: 40,
  },
  {
    name: 'a ring of requests that grows begins at its first place',
    file: 'proxy/backend/in-flight',
    from: 'const from = (this.#head + i) & this.#mask;',
    to: 'const from = i & this.#mask;',
    seeds: 5,
  },
  {
    name: 'replies that wait for company are not written by the clock',
    file: 'proxy/engine/timers/held-writes',
    from: 'this.#due = now + HELD_WRITE_MS;\n        this.#deadlines.arm(this, this.#due);',
    to: 'this.#due = now + HELD_WRITE_MS;',
    seeds: 10,
  },
  {
    name: 'after a timeout the connection goes on with the replies that follow',
    file: 'proxy/backend/backend-connection',
    from: 'this.fail(this.#shakesHands ? TLS_TIMEOUT : failureOf(FAILURE_TIMEOUT));',
    to: 'this.inFlight.shift();',
    seeds: 5,
  },
  {
    name: 'a closed client keeps its place on its lane',
    file: 'proxy/client/client-connection',
    from: 'this.pool.lanes.at(lane).leave()',
    to: 'lane',
    seeds: 5,
  },
  {
    name: 'a server that leaves is closed with requests in flight',
    file: 'proxy/pool/connections/places',
    from: 'connection.inFlight.count === 0 && connection.out.pendingBytes === 0',
    to: 'connection.out.pendingBytes === 0',
    seeds: 20,
  },
  {
    name: 'a subscription before the nodes of a cluster are known is refused',
    file: 'proxy/redis/pubsub/hub/hub',
    from: 'if (this.#pool.slots?.known === false)\n            return;',
    to: '',
    seeds: 10,
  },
  {
    name: 'WATCH stays where its slot was',
    file: 'proxy/redis/leases/watch',
    from: 'reply.again = (redirection) => this.onRedirection(redirection);',
    to: '',
    seeds: 5,
    among: 'clusters',
  },
  {
    name: 'a redirected request is sent on without ASKING',
    file: 'proxy/pool/slots/request-moves',
    from: 'isAsk ? protocol.slots.asking : undefined',
    to: 'undefined',
    seeds: 10,
    among: 'clusters',
  },
  {
    name: 'a request that waits for its slot is overtaken by the next of its client',
    file: 'proxy/pool/slots/request-moves',
    from: 'this.#pool.engine.clients[clientOf(request.entry)]?.barrier();',
    to: '',
    seeds: 15,
    among: 'clusters',
  },
  {
    name: 'what is asked behind a transaction that waits for its slot goes before it',
    file: 'proxy/pool/slots/waiting-requests',
    from: 'return this.#waiting.has(client) || this.#held.has(client);',
    to: 'return this.#waiting.has(client);',
    seeds: 5,
    among: 'clusters',
  },
  {
    name: 'an older claim to a slot is believed',
    file: 'topology/cluster/cluster-map',
    from: 'return epoch > than.epoch;',
    to: 'return epoch < than.epoch;',
    seeds: 10,
    among: 'clusters',
  },
  {
    name: 'subscribers of a server that is lost are not closed',
    file: 'proxy/redis/pubsub/hub/losers',
    from: 'for (const listener of losers)\n            listener.lose();',
    to: '',
    seeds: 60,
  },
  {
    name: 'a client goes on hearing what it has unsubscribed from',
    file: 'proxy/redis/pubsub/subscriptions',
    from: 'topic.listeners.delete(this);',
    to: '',
    seeds: 5,
  },
  {
    name: 'a master that is about to be replaced is sent requests all the same',
    file: 'proxy/pool/failover/failover',
    from: 'if (!connection.parked)\n                connection.stopSending();',
    to: '',
    seeds: null,
    among: 'sentinels',
  },
  {
    name: 'a client does not see on a replica what it has just written',
    file: 'proxy/routing/router',
    from: 'return lastWrite.isRecent(pipeline.head, pool.engine.now, pool.config.readAfterWriteMs);',
    to: 'return false;',
    seeds: 20,
    among: 'sentinels',
  },
  {
    name: 'a replica is read that has lost its master',
    file: 'topology/roles/readers',
    from: 'return facts.linkUp && lag !== null && lag <= (wasFit ? maxLag : maxLag / 2);',
    to: 'return wasFit || facts.linkUp;',
    seeds: 30,
    among: 'sentinels',
  },
];
