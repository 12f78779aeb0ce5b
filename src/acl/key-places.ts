import { ANY_ACCESS, READS, READS_AND_WRITES, WRITES } from './access.ts';

/** Where keys of a command are and what is done to them: a place of facts.ts, taken apart. */
export interface KeyPlace {
  /** Bits of access.ts. */
  readonly access: number;
  /** The first key's word, or the word that holds their number. */
  readonly first: number;
  /** Where the search for it begins; negative from the end. Null = `first` counts from the name. */
  readonly keyword: { readonly text: string; readonly from: number } | null;
  /** Of the last key: relative to the first; negative from the end of the request. */
  readonly last: number;
  readonly step: number;
  /** 2 = keys are the first half of what is there. */
  readonly parts: number;
  readonly counted: boolean;
  /** The numbers do not say it. */
  readonly unknown: boolean;
  /** There may be more of them. */
  readonly incomplete: boolean;
  /** The access is the most that it may be. */
  readonly varies: boolean;
}

const ACCESS: Readonly<Record<string, number>> = {
  any: ANY_ACCESS,
  r: READS,
  w: WRITES,
  rw: READS_AND_WRITES,
};
const FORM =
  /^(any|r|w|rw):(?:\?|(?:([A-Z]+)@)?(-?\d+)(#)?(?:\.\.(-?\d+))?(?:\/(\d+))?(?:%(\d+))?)(~?)(!?)$/;

/** @param text a place of facts.ts @throws when it is none */
export function parseKeyPlace(text: string): KeyPlace {
  const found = FORM.exec(text);
  if (found === null) throw new Error(`place of keys: ${text}`);
  const [, access, keyword, number, counted, last, step, parts, incomplete, varies] = found;
  const from = Number(number ?? 0);
  return Object.freeze({
    access: ACCESS[access],
    first: keyword === undefined ? from : 0,
    keyword: keyword === undefined ? null : { text: keyword, from },
    last: Number(last ?? 0),
    step: Number(step ?? 1),
    parts: Number(parts ?? 1),
    counted: counted !== undefined,
    unknown: number === undefined,
    incomplete: incomplete !== '',
    varies: varies !== '',
  });
}
