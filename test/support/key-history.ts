/** Writes that were acknowledged, and are not there any more. */
export interface Loss {
  readonly key: string;
  /** How many writes. */
  readonly count: number;
  /** When the last of them was acknowledged, by performance.now(). */
  readonly ackedAt: number;
}

/** A read gave less than what was acknowledged; what comes next tells why. */
interface Doubt {
  readonly found: number;
  readonly expected: number;
}

/** What a value names besides its key. */
const NUMBER = /^(\w+) (\d+)$/;

/** The value of a write: a reply to another request is never taken for it. */
export function numbered(key: string, writer: string, number: number): string {
  return `${key} ${writer} ${number}`;
}

/**
 * The history of a key that has one writer, whose writes carry growing numbers. Every write is told
 * the value before it (SET ... GET), so that replies form a chain: it shows for certain whether a
 * server has lost what it had acknowledged, or a reply is not the one to its request.
 */
export class KeyHistory {
  readonly #key: string;
  readonly #writer: string;
  /** When each write was acknowledged, by its number. */
  readonly #ackedAt: Map<number, number> = new Map();
  /** The number of the write that the key should have. */
  #last = 0;
  #doubt: Doubt | null = null;
  /** What no server may answer, whatever it has lost. */
  readonly wrong: string[] = [];
  readonly losses: Loss[] = [];

  /** @param writer one word, of this writer alone */
  constructor(key: string, writer: string) {
    this.#key = key;
    this.#writer = writer;
  }

  /** A write was acknowledged. @param before the value that it has replaced @param at now */
  wrote(number: number, before: string | null, at: number): void {
    const found = this.#numberOf(before);
    if (found === number) this.#fault(`write ${number} was carried out twice`);
    else if (found > number) this.#fault(`write ${number} was carried out behind ${found}`);
    else if (found >= 0) this.#look(found, true);
    this.#ackedAt.set(number, at);
    this.#last = number;
    this.#doubt = null;
  }

  /** @param value what a read gave @param sent the last write that was sent before it */
  read(value: string | null, sent: number): void {
    const found = this.#numberOf(value);
    if (found > sent) this.#fault(`read ${found}, and ${sent} was sent last`);
    else if (found >= 0) this.#look(found, false);
  }

  /** No write comes any more. @param value what the key has in the end */
  end(value: string | null): void {
    const found = this.#numberOf(value);
    if (found >= 0) this.#look(found, true);
  }

  /** @returns 0 = nothing of this writer, -1 = not a value of this key at all */
  #numberOf(value: string | null): number {
    if (value === null) return 0;
    const [, writer, number] = NUMBER.exec(value.slice(this.#key.length + 1)) ?? [];
    if (number !== undefined && value.startsWith(`${this.#key} `)) {
      return writer === this.#writer ? Number(number) : 0;
    }
    this.#fault(`got ${JSON.stringify(value)}`);
    return -1;
  }

  /** @param certain it is what the server has, as the next write will be made upon it */
  #look(found: number, certain: boolean): void {
    const doubt = this.#doubt;
    if (doubt !== null && found > doubt.found) {
      this.#doubt = null;
      const isBack = this.#ackedAt.has(found) && found <= doubt.expected;
      const then = isBack ? 'was there' : `was written, and ${doubt.expected} acknowledged`;
      this.#fault(`read ${doubt.found}, and ${found} ${then}`);
    } else if (found < this.#last || doubt !== null) {
      this.#doubt = { found, expected: doubt?.expected ?? this.#last };
    }
    this.#last = found;
    if (certain) this.#settle();
  }

  #settle(): void {
    if (this.#doubt === null) return;
    const { found, expected } = this.#doubt;
    this.#doubt = null;
    let count = 0;
    let ackedAt = 0;
    for (let number = found + 1; number <= expected; number++) {
      const at = this.#ackedAt.get(number);
      if (at === undefined) continue;
      count++;
      ackedAt = Math.max(ackedAt, at);
    }
    if (count > 0) this.losses.push({ key: this.#key, count, ackedAt });
  }

  #fault(text: string): void {
    this.wrong.push(`${this.#key}: ${text}`);
  }
}
