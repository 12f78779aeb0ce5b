// Which slot a key has. It shares nothing with src/, so that it can judge it.

export const SLOTS = 16384;

/** CRC16 as XMODEM has it. */
function crc16(text: string): number {
  let crc = 0;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}

/** @param key latin1 */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const tag = close > open + 1 ? key.slice(open + 1, close) : key;
  return crc16(tag) % SLOTS;
}

/** `0-5460 7000`, of what `has` says yes to. */
export function rangesOf(has: (slot: number) => boolean): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    if (!has(slot)) continue;
    const first = slot;
    while (slot + 1 < SLOTS && has(slot + 1)) slot++;
    ranges.push([first, slot]);
  }
  return ranges;
}

export function rangesText(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(' ');
}

export function* slotsIn(text: string): Iterable<number> {
  for (const range of text.split(' ')) {
    if (range === '') continue;
    const [first, last = first] = range.split('-').map(Number);
    for (let slot = first; slot <= last; slot++) yield slot;
  }
}

/** The keys of a request of a command that the model knows; shard channels count as keys. */
export function keysOf(name: string, words: readonly Buffer[]): string[] {
  const text = (word: Buffer): string => word.toString('latin1');
  const rest = words.slice(1);
  if (KEYLESS.test(name)) return [];
  if (/^(MGET|DEL|UNLINK|EXISTS|TOUCH|WATCH|SSUBSCRIBE)$/.test(name)) return rest.map(text);
  if (/^MSET(NX)?$/.test(name)) return rest.filter((_, i) => i % 2 === 0).map(text);
  if (name === 'BLPOP') return rest.slice(0, -1).map(text);
  if (/^EVAL(SHA)?$/.test(name))
    return rest.slice(2, 2 + Number(text(rest[1] ?? rest[0]))).map(text);
  return rest.length === 0 ? [] : [text(rest[0])];
}

const KEYLESS =
  /^(PING|ECHO|AUTH|HELLO|SELECT|INFO|QUIT|RESET|MULTI|EXEC|DISCARD|UNWATCH|DBSIZE|FLUSH(DB|ALL)|P?(UN)?SUBSCRIBE|PUNSUBSCRIBE|SUNSUBSCRIBE|PUBLISH|SCRIPT|CLUSTER|ASKING|READONLY|READWRITE|CLIENT|ROLE|WAIT|PSYNC|REPLCONF|REPLICAOF|MIGRATE|BUS.*)$/;
