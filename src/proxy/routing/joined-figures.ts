// What stands for the figures of several servers that are one to their clients. Each is null where
// it has no meaning: where one of them is no such figure, or they differ.

const INTEGER = /^[0-9]{1,20}$/;
const DECIMAL = /^[0-9]{1,15}\.([0-9]{1,9})$/;

/** What integers come to. */
export type JoinedBy = 'sum' | 'largest' | 'smallest';

/** What all of them say. */
export function agreed(values: readonly string[]): string | null {
  return values.every((value) => value === values[0]) ? values[0] : null;
}

/** What they come to, without loss. */
export function joinedIntegers(values: readonly string[], by: JoinedBy): string | null {
  if (!values.every((value) => INTEGER.test(value))) return null;
  const [first, ...others] = values.map((value) => BigInt(value));
  return String(others.reduce(JOINS[by], first));
}

const JOINS: Readonly<Record<JoinedBy, (a: bigint, b: bigint) => bigint>> = {
  sum: (a, b) => a + b,
  largest,
  smallest: (a, b) => (a === largest(a, b) ? b : a),
};

function largest(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** @param digits that they have behind the point: all numbers of a kind have as many */
export function sumOfDecimals(values: readonly string[], digits: number): string | null {
  if (!values.every((value) => DECIMAL.exec(value)?.[1].length === digits)) return null;
  return values.reduce((sum, value) => sum + Number(value), 0).toFixed(digits);
}
