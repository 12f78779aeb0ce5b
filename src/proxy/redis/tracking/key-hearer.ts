import type { Keys } from './lines/push.ts';
import type { KeyReader } from './noted-keys.ts';
import type { PrefixReader } from './prefixes.ts';

/** A client that tracks, as the tracker of its pool sees it. */
export interface KeyHearer extends KeyReader, PrefixReader {
  /** It hears of what it reads; else of prefixes. */
  readonly notes: boolean;
  /** It has read keys that nobody can tell from its requests: it is told of all. */
  readonly blind: boolean;
  /** It has read something since it was told to forget all. */
  readonly hasRead: boolean;
  /** What it has read last is not answered yet. */
  readonly reads: boolean;
  tell(keys: Keys): void;
  /** Asks servers whether all that they have said is there. @returns for settle(), when it is */
  mark(): number;
  settle(mark: number): void;
  /** It goes on over other connections: what is under way is answered first. */
  waitForReplies(): void;
  onException(error: unknown): void;
}
