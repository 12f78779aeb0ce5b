import type { Failure } from '../../backend/failure.ts';
import type { Rates } from '../access/rates.ts';
import type { Sampler } from '../access/sampler.ts';
import type { ClientWindow } from '../client-window.ts';
import type { Stranger } from './before-login.ts';

/** The client, as what it sends sees it. */
export interface InputOwner extends Stranger {
  readonly address: string;
  readonly window: ClientWindow;
  onException(error: unknown, inStep?: boolean): void;
  /** No more requests are taken. */
  readonly closing: boolean;
  /** It has logged in, and its requests mean what they usually do. */
  readonly usual: boolean;
  /** Its plain requests are simply forwarded. */
  readonly plain: boolean;
  /** The request at hand was simply forwarded, though not by the fast loop. */
  forwarded: boolean;
  /** By command: FORWARD where that is so all the same, though others are refused. */
  readonly forwards: Uint8Array;
  readonly rates: Rates | null;
  readonly audit: Sampler | null;
  failForward(failure: Failure): true;
  stopReading(): void;
  overOutputLimit(): boolean;
}
