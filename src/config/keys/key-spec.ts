export const INT32_MAX = 2147483647;
export const MIB: number = 1024 * 1024;

export type KeyType =
  | 'address'
  | 'servers'
  | 'sentinels'
  | 'replicas'
  | 'witnesses'
  | 'doors'
  | 'users'
  | 'renames'
  | 'name'
  | 'two-bytes'
  | 'number'
  | 'bool'
  | 'text'
  | 'file'
  | 'commands'
  | 'addresses'
  | 'command-names'
  | 'parameters';

/** One pool key: the only place that says what it accepts and what it defaults to. */
export interface KeySpec {
  readonly name: string;
  readonly type: KeyType;
  /** null = none; `required` keys have no default either. */
  readonly default: number | boolean | string | null;
  readonly required?: true;
  /** Pools of the other protocol may not have it. */
  readonly only?: 'redis' | 'memcached';
  /** For `number`: both ends included. */
  readonly range?: readonly [number, number];
  readonly unit?: 'ms' | 'bytes';
  /** For `name`: the accepted values. */
  readonly choices?: readonly string[];
  /** `nutcracker` keys have nutcracker's meaning to the letter, wrapping numbers included. */
  readonly since: 'nutcracker' | 'ringway 0.1';
  readonly doc: string;
}

/** A number that nutcracker does not know. */
export function own(
  name: string,
  value: number,
  range: readonly [number, number],
  doc: string,
): KeySpec {
  return { name, type: 'number', default: value, range, since: 'ringway 0.1', doc };
}
