// What keys are called and values look like: whoever sees a value knows whose it is.

export type KeyKind = 'register' | 'counter' | 'queue' | 'swapped' | 'channel' | 'shard';

const PREFIX: Readonly<Record<KeyKind, string>> = {
  register: 'r',
  counter: 'c',
  queue: 'q',
  swapped: 'w',
  channel: 'm',
  shard: 's',
};

export function keyName(kind: KeyKind, key: number): string {
  return `${PREFIX[kind]}${key}`;
}

/** The two keys of a pair have one hash tag, and so one server. */
export function halfName(key: number, half: 'a' | 'b'): string {
  return `p{${key}}${half}`;
}

/** Fills a value so that bytes of another one, or out of place, are seen. */
function filler(id: number, length: number): string {
  const unit = `<${id}.`;
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

/** The value that write `id` gives to a key: it names key, database and writer. */
export function valueText(
  key: string,
  db: number,
  client: number,
  id: number,
  size: number,
): string {
  const head = `${key}@${db}#${client}.${id};`;
  return head + filler(id, Math.max(0, size - head.length));
}

/** What a value says of itself. */
export interface Label {
  readonly key: string;
  readonly db: number;
  readonly client: number;
  readonly id: number;
}

const LABEL = /^([a-z][\d{}]+[ab]?)@(\d+)#(\d+)\.(\d+);/;
const LONGEST_LABEL = 64;

/** @returns null when it is no value that a client has written */
export function labelOf(value: Buffer): Label | null {
  const found = LABEL.exec(value.toString('latin1', 0, LONGEST_LABEL));
  if (found === null) return null;
  const [, key, db, client, id] = found;
  return { key, db: Number(db), client: Number(client), id: Number(id) };
}

/** Whether a value is byte for byte what its label says. */
export function isWhole(value: Buffer): boolean {
  const label = labelOf(value);
  if (label === null) return false;
  const { key, db, client, id } = label;
  return value.equals(Buffer.from(valueText(key, db, client, id, value.length), 'latin1'));
}
