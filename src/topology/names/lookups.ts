import {
  NAME_CHANGES_TOLD,
  NAME_LOG_MS,
  NAME_LOOKUPS,
  NAME_TICK_MS,
  REASON_TEXT,
} from '../../limits.ts';
import type { Clock } from '../clock.ts';

/** A name that is looked up again and again. */
export interface Lookup {
  readonly name: string;
  readonly intervalMs: number;
}

/** What a name has come to. */
export interface Found<V> {
  /** Null = nothing of use. */
  readonly value: V | null;
  /** It is asked for again after this. */
  readonly waitMs: number;
}

/** What look-ups of one kind need of whoever wants them. */
export interface LookupsOptions<S extends Lookup, V> {
  readonly clock: Clock;
  /** Rejects when there is no answer. @param before what it has come to last */
  look(spec: S, before: V | null): Promise<Found<V>>;
  /** As the log has it; another text is another value. */
  textOf(value: V): string;
  onChange(name: string, value: V): void;
  /** One line for the log. */
  say(text: string): void;
  readonly words: LookupWords;
}

/** Lines of the log; empty = none. */
export interface LookupWords {
  /** Why an answer is of no use. */
  readonly empty: string;
  changed(name: string, from: string | null, to: string): string;
  /** @param stays what it has come to last */
  failed(name: string, why: string, stays: string | null): string;
}

/** What a name has come to, and when that was heard last. */
export interface Heard<V> {
  readonly value: V;
  readonly heardAt: number;
}

interface Entry<S extends Lookup, V> {
  readonly spec: S;
  value: V | null;
  /** When that was heard last. */
  heardAt: number;
  /** Of the value that the log has. */
  told: string | null;
  /** Lines about changes since then. */
  tellsSince: number;
  tells: number;
  failureToldAt: number;
  dueAt: number;
  asking: boolean;
}

/**
 * Looks names up, a few at a time: a name server that is dead holds up nothing else. What a name
 * has come to last stays when there is no answer, or one of no use.
 */
export class Lookups<S extends Lookup, V> {
  readonly #options: LookupsOptions<S, V>;
  #entries: Map<string, Entry<S, V>> = new Map();
  /** What another process had found out, until it is followed here. */
  #inherited: ReadonlyMap<string, V>;
  #asking = 0;
  #cancel: () => void = () => {};

  /** @param inherited what names have come to in another process */
  constructor(options: LookupsOptions<S, V>, inherited: readonly (readonly [string, V])[] = []) {
    this.#options = options;
    this.#inherited = new Map(inherited);
  }

  /** These are looked up from now on, and no others; where two ask for one, the more often. */
  follow(specs: readonly S[]): void {
    const before = this.#entries;
    this.#entries = new Map();
    const dueAt = this.#options.clock.now();
    const never = Number.NEGATIVE_INFINITY;
    const fresh = { heardAt: never, tellsSince: never, tells: 0, failureToldAt: never };
    for (const spec of specs) {
      const { name, intervalMs } = spec;
      const twin = this.#entries.get(name);
      if (twin !== undefined && twin.spec.intervalMs <= intervalMs) continue;
      const value = this.#inherited.get(name) ?? null;
      const told = value === null ? null : this.#options.textOf(value);
      const old = before.get(name) ?? { ...fresh, value, told };
      this.#entries.set(name, { ...old, spec, dueAt, asking: false });
    }
    this.#inherited = new Map();
    this.#tick();
  }

  /** What a name has come to; null = that is not known yet. */
  valueOf(name: string): V | null {
    return this.#entries.get(name)?.value ?? null;
  }

  /** The same, and when it was said last. */
  heard(name: string): Heard<V> | null {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.value === null) return null;
    const { value, heardAt } = entry;
    return { value, heardAt };
  }

  /** What is known of all names. */
  get known(): readonly (readonly [name: string, value: V])[] {
    const found = [...this.#entries].flatMap(([name, { value }]) => {
      return value === null ? [] : [[name, value] as const];
    });
    return [...this.#inherited, ...found];
  }

  #tick(): void {
    this.#cancel();
    if (this.#entries.size === 0) return;
    const { clock } = this.#options;
    this.#cancel = clock.after(NAME_TICK_MS, () => this.#tick());
    for (const entry of this.#entries.values()) {
      if (this.#asking >= NAME_LOOKUPS) return;
      if (!entry.asking && entry.dueAt <= clock.now()) this.#ask(entry);
    }
  }

  #ask(entry: Entry<S, V>): void {
    const { clock, look, words } = this.#options;
    entry.asking = true;
    this.#asking++;
    const done = (waitMs: number): void => {
      this.#asking--;
      entry.asking = false;
      entry.dueAt = clock.now() + waitMs;
      if (this.#isCurrent(entry)) this.#tick();
    };
    look(entry.spec, entry.value).then(
      ({ value, waitMs }) => {
        if (value === null) this.#tellFailure(entry, words.empty);
        else this.#take(entry, value);
        done(waitMs);
      },
      (error: NodeJS.ErrnoException) => {
        this.#tellFailure(entry, error.code ?? error.message);
        done(entry.spec.intervalMs);
      },
    );
  }

  /** It is looked up still, and by this one. */
  #isCurrent(entry: Entry<S, V>): boolean {
    return this.#entries.get(entry.spec.name) === entry;
  }

  #take(entry: Entry<S, V>, value: V): void {
    if (!this.#isCurrent(entry)) return;
    const { textOf, onChange } = this.#options;
    const { value: before } = entry;
    const isNew = before === null || textOf(before) !== textOf(value);
    entry.value = value;
    entry.heardAt = this.#options.clock.now();
    this.#tellChange(entry, textOf(value));
    if (isNew) onChange(entry.spec.name, value);
  }

  /** One that changes all the time is told a few times, then what it is when the time is over. */
  #tellChange(entry: Entry<S, V>, text: string): void {
    if (entry.told === text) return;
    const { clock, words, say } = this.#options;
    const now = clock.now();
    if (now - entry.tellsSince >= NAME_LOG_MS) {
      entry.tellsSince = now;
      entry.tells = 0;
    }
    if (entry.tells >= NAME_CHANGES_TOLD) return;
    const line = words.changed(entry.spec.name, entry.told, text);
    entry.told = text;
    if (line === '') return;
    entry.tells++;
    say(line);
  }

  #tellFailure(entry: Entry<S, V>, why: string): void {
    const { clock, words, say, textOf } = this.#options;
    const now = clock.now();
    if (!this.#isCurrent(entry) || now - entry.failureToldAt < NAME_LOG_MS) return;
    entry.failureToldAt = now;
    const { value, spec } = entry;
    const text = why.slice(0, REASON_TEXT).replace(/\p{Cc}/gu, ' ');
    say(words.failed(spec.name, text, value === null ? null : textOf(value)));
  }

  stop(): void {
    this.#cancel();
    this.#entries = new Map();
  }
}
