import { Arena } from '../protocol/arena.ts';
import type { Codec, CodecName } from '../protocol/codec.ts';
import type { RingwayExports } from '../wasm/exports.ts';
import type { WasmInstance } from '../wasm/instance.ts';

/** The WebAssembly codec: each method is one call into the module. */
export class WasmCodec implements Codec {
  readonly name: CodecName;
  readonly arena: Arena;
  readonly scanRequests: Codec['scanRequests'];
  readonly scanReplies: Codec['scanReplies'];
  readonly splitRequest: Codec['splitRequest'];
  readonly splitReply: Codec['splitReply'];
  readonly scanMemcacheRequests: Codec['scanMemcacheRequests'];
  readonly scanMemcacheReplies: Codec['scanMemcacheReplies'];
  readonly splitMemcacheKeys: Codec['splitMemcacheKeys'];
  readonly splitMemcacheValues: Codec['splitMemcacheValues'];
  readonly matchItems: Codec['matchItems'];
  readonly fragment: Codec['fragment'];
  readonly copyFragments: Codec['copyFragments'];
  readonly spliceElements: Codec['spliceElements'];
  readonly gather: Codec['gather'];
  readonly place: Codec['place'];
  readonly spliceItems: Codec['spliceItems'];
  readonly #route: RingwayExports['route'];

  constructor(name: CodecName, instance: WasmInstance) {
    this.name = name;
    this.arena = new Arena(instance.buffer);
    // Counts stay far below 2^31, so these need no wrapper that makes them unsigned.
    this.scanRequests = instance.exports.scanRequests;
    this.scanReplies = instance.exports.scanReplies;
    this.splitRequest = instance.exports.splitRequest;
    this.splitReply = instance.exports.splitReply;
    this.scanMemcacheRequests = instance.exports.scanMemcacheRequests;
    this.scanMemcacheReplies = instance.exports.scanMemcacheReplies;
    this.splitMemcacheKeys = instance.exports.splitMemcacheKeys;
    this.splitMemcacheValues = instance.exports.splitMemcacheValues;
    this.matchItems = instance.exports.matchItems;
    this.fragment = instance.exports.fragment;
    this.copyFragments = instance.exports.copyFragments;
    this.spliceElements = instance.exports.spliceElements;
    this.gather = instance.exports.gather;
    this.place = instance.exports.place;
    this.spliceItems = instance.exports.spliceItems;
    this.#route = instance.exports.route;
  }

  route(start: number, length: number, pool: number): number {
    return this.#route(start, length, pool) >>> 0;
  }
}
