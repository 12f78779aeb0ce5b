import { encodeRequest } from '../../protocol/redis/replies/encode.ts';

/** What the load asks for. */
export interface Work {
  readonly isRedis: boolean;
  readonly prefix: string;
  readonly keys: number;
  readonly bytes: number;
  /** Reads among a hundred requests. */
  readonly reads: number;
}

const LINE_END = '\r\n';

function redis(...words: (string | Buffer)[]): Buffer {
  return encodeRequest(words.map((word) => Buffer.from(word as string)));
}

/** A value whose bytes are all printable. */
export function printable(bytes: number): string {
  return 'x'.repeat(bytes);
}

/** Writes a key. */
export function setRequest({ isRedis, bytes }: Work, key: string): Buffer {
  const value = printable(bytes);
  if (isRedis) return redis('SET', key, value);
  return Buffer.from(`set ${key} 0 0 ${bytes}${LINE_END}${value}${LINE_END}`);
}

/** Reads a key. */
export function getRequest({ isRedis }: Work, key: string): Buffer {
  return isRedis ? redis('GET', key) : Buffer.from(`get ${key}${LINE_END}`);
}

/** Takes a key away. */
export function deleteRequest({ isRedis }: Work, key: string): Buffer {
  return isRedis ? redis('DEL', key) : Buffer.from(`delete ${key}${LINE_END}`);
}

/** The name of key number `n`. */
export function keyOf({ prefix }: Work, n: number): string {
  return `${prefix}${n}`;
}

/** Requests in an order that no run repeats: keys at random, reads and writes mixed. */
export function mixedRequests(work: Work): (n: number) => Buffer {
  return () => {
    const key = keyOf(work, Math.floor(Math.random() * work.keys));
    return Math.random() * 100 < work.reads ? getRequest(work, key) : setRequest(work, key);
  };
}

/**
 * @param user null = AUTH without one
 * @param password null = the user needs none (`nopass`); without a user there is no login then
 */
export function loginRequest(user: string | null, password: string | null): Buffer {
  if (user === null && password === null) return Buffer.alloc(0);
  return user === null ? redis('AUTH', password ?? '') : redis('AUTH', user, password ?? '');
}
