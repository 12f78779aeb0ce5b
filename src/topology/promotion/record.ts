import { type Address, addressOf } from '../facts.ts';
import { ErrorReply, type Reply } from '../reply-reader.ts';

/** Who is the master of a shard, as witnesses have it written down. */
export interface PromotionRecord {
  /** The masters of the shard, counted. */
  readonly epoch: number;
  readonly address: Address;
  /** Of whoever has written it last: a later one is higher. */
  readonly term: number;
  /** It is a master, and the one before can acknowledge nothing more; else it is only decided. */
  readonly done: boolean;
}

/** What one witness says of a shard. */
export interface WitnessFacts {
  /** It has done what it was asked to. */
  readonly granted: boolean;
  readonly record: PromotionRecord | null;
  /** The highest term that it has granted. */
  readonly term: number;
  /** Proxies that it has heard of a moment ago. */
  readonly live: number;
  /** Those of them that say the master is down, or that nothing is to be changed. */
  readonly down: number;
  readonly frozen: number;
}

const NUMBER = /^\d{1,15}$/;

/** An address as it is written down: the last colon is before the port. */
export function addressFrom(text: string): Address | null {
  const colon = text.lastIndexOf(':');
  return colon < 0 ? null : addressOf(text.slice(0, colon), text.slice(colon + 1));
}

/** What the reply of a witness says; null when that is nothing that can be used. */
export function witnessFacts(reply: Reply): WitnessFacts | null {
  if (reply instanceof ErrorReply || !Array.isArray(reply) || reply.length !== 9) return null;
  const words = reply as readonly Reply[];
  if (!words.every((word): word is string => typeof word === 'string')) return null;
  const [granted, epoch, place, done, written, term, live, down, frozen] = words;
  const numbers = [granted, epoch, done, written, term, live, down, frozen];
  if (!numbers.every((text) => NUMBER.test(text))) return null;
  const address = addressFrom(place);
  const isRecord = Number(epoch) > 0 && address !== null;
  const record = isRecord
    ? { epoch: Number(epoch), address, term: Number(written), done: done === '1' }
    : null;
  return {
    granted: granted === '1',
    record,
    term: Number(term),
    live: Number(live),
    down: Number(down),
    frozen: Number(frozen),
  };
}

/** Whether `a` says more than `b`: of the same epoch what is done, then what was written later. */
export function isNewer(a: PromotionRecord, b: PromotionRecord): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  return a.done !== b.done ? a.done : a.term > b.term;
}

/** The newest of them; null when there is none. */
export function newestOf(records: readonly (PromotionRecord | null)[]): PromotionRecord | null {
  return records.reduce<PromotionRecord | null>((best, each) => {
    if (each === null) return best;
    return best === null || isNewer(each, best) ? each : best;
  }, null);
}
