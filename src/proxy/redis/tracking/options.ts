import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as texts from '../../../protocol/redis/replies/listening-replies.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { SavedTracking } from '../../client/session/tracking.ts';

/** What a client asks for by CLIENT TRACKING ON. */
export type TrackingOptions = SavedTracking;

const NUMBER_DIGITS = 19;

const NO_OPTIONS: TrackingOptions = {
  broadcast: false,
  optIn: false,
  optOut: false,
  noLoop: false,
  redirect: 0,
  prefixes: [],
};

type Writable = { -readonly [K in keyof TrackingOptions]: TrackingOptions[K] };

/**
 * Reads the words behind ON or OFF, in Redis's order and words.
 * @param redirects told the number of each client that is named @returns the error they deserve
 */
export function readOptions(words: readonly string[]): TrackingOptions | Buffer {
  const options: Writable = { ...NO_OPTIONS };
  const prefixes: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const more = i + 1 < words.length;
    const option = words[i].toUpperCase();
    if (option === 'REDIRECT' && more) {
      const number = words[++i];
      if (options.redirect !== 0) return texts.ONE_REDIRECT;
      if (!isIntegerWord(number, NUMBER_DIGITS)) return replies.NOT_AN_INTEGER;
      const redirect = Number(number);
      if (!Number.isSafeInteger(redirect) || redirect <= 0) return texts.NO_REDIRECT;
      options.redirect = redirect;
    } else if (option === 'BCAST') options.broadcast = true;
    else if (option === 'OPTIN') options.optIn = true;
    else if (option === 'OPTOUT') options.optOut = true;
    else if (option === 'NOLOOP') options.noLoop = true;
    else if (option === 'PREFIX' && more) prefixes.push(words[++i]);
    else return replies.SYNTAX_ERROR;
  }
  options.prefixes = prefixes;
  return options;
}

/**
 * Whether options go with each other and with those before, in Redis's order and words.
 * @param before null = the client does not track yet @returns the error, or null
 */
export function conflictOf(
  options: TrackingOptions,
  before: TrackingOptions | null,
): Buffer | null {
  const { broadcast, optIn, optOut, prefixes } = options;
  if (!broadcast && prefixes.length > 0) return texts.PREFIX_WITHOUT_BCAST;
  if (before !== null && before.broadcast !== broadcast) return texts.BCAST_SWITCHED;
  if (broadcast && (optIn || optOut)) return texts.OPT_WITH_BCAST;
  if (optIn && optOut) return texts.OPTIN_AND_OPTOUT;
  if (before !== null && ((optIn && before.optOut) || (optOut && before.optIn))) {
    return texts.OPT_SWITCHED;
  }
  return broadcast ? overlap(prefixes, before?.prefixes ?? []) : null;
}

function begins(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function overlap(prefixes: readonly string[], before: readonly string[]): Buffer | null {
  for (const [i, prefix] of prefixes.entries()) {
    const known = before.find((each) => begins(each, prefix));
    if (known !== undefined) return texts.prefixOverlaps(prefix, 'an existing', known);
    const twin = prefixes.slice(i + 1).find((each) => begins(each, prefix));
    if (twin !== undefined) return texts.prefixOverlaps(prefix, 'another provided', twin);
  }
  return null;
}
