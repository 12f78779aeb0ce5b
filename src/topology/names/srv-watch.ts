import {
  NAME_LOG_MS,
  NAME_LOOKUPS,
  NAME_TICK_MS,
  REASON_TEXT,
  SRV_INTERVAL_MS,
} from '../../limits.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import { membersIn, type ResolveSrv } from './srv-members.ts';

/** A name of SRV records that is looked up again and again. */
export interface SrvSpec {
  readonly name: string;
  /** 0 = as usual. */
  readonly intervalMs: number;
}

/** What a watch needs of whoever runs it. */
export interface SrvOptions {
  readonly clock: Clock;
  readonly resolve: ResolveSrv;
  /** Some name lists others than before. */
  onMembers(): void;
  /** One line for the log. */
  say(text: string): void;
}

interface Name extends SrvSpec {
  /** In an order of their own; null = nothing was heard yet. */
  members: readonly Address[] | null;
  dueAt: number;
  asking: boolean;
  toldAt: number;
}

/**
 * Looks up what SRV records list, a few names at a time. What was listed last stays when there is
 * no answer, or an empty one.
 */
export class SrvWatch {
  readonly #options: SrvOptions;
  #names: Map<string, Name> = new Map();
  #asking = 0;
  #cancel: () => void = () => {};

  constructor(options: SrvOptions) {
    this.#options = options;
  }

  /** These are looked up from now on, and no others; where two ask for one, the more often. */
  follow(specs: readonly SrvSpec[]): void {
    const before = this.#names;
    this.#names = new Map();
    const dueAt = this.#options.clock.now();
    for (const { name, intervalMs: given } of specs) {
      const intervalMs = given === 0 ? SRV_INTERVAL_MS : given;
      const known = this.#names.get(name);
      if (known !== undefined && known.intervalMs <= intervalMs) continue;
      const old = known ?? before.get(name);
      const { members = null, toldAt = Number.NEGATIVE_INFINITY } = old ?? {};
      this.#names.set(name, { name, intervalMs, members, dueAt, asking: false, toldAt });
    }
    this.#tick();
  }

  /** What a name lists; null = that is not known yet. */
  membersOf(name: string): readonly Address[] | null {
    return this.#names.get(name)?.members ?? null;
  }

  #tick(): void {
    this.#cancel();
    if (this.#names.size === 0) return;
    const { clock } = this.#options;
    this.#cancel = clock.after(NAME_TICK_MS, () => this.#tick());
    for (const name of this.#names.values()) {
      if (this.#asking >= NAME_LOOKUPS) return;
      if (!name.asking && name.dueAt <= clock.now()) this.#ask(name);
    }
  }

  #ask(name: Name): void {
    const { clock, resolve } = this.#options;
    name.asking = true;
    this.#asking++;
    const done = (): void => {
      this.#asking--;
      name.asking = false;
      name.dueAt = clock.now() + name.intervalMs;
    };
    resolve(name.name).then(
      (records) => {
        done();
        this.#take(name, records);
      },
      (error: Error) => {
        done();
        this.#tell(name, (error as NodeJS.ErrnoException).code ?? error.message);
      },
    );
  }

  #take(name: Name, records: readonly { name: string; port: number }[]): void {
    if (this.#names.get(name.name) !== name) return;
    const members = membersIn(records);
    if (members.length === 0) {
      this.#tell(name, 'it lists nobody');
      return;
    }
    const [before, now] = [name.members, members].map((list) => list?.map(addressText).join(', '));
    if (before === now) return;
    name.members = members;
    this.#options.say(`${name.name} lists ${now}`);
    this.#options.onMembers();
  }

  #tell(name: Name, why: string): void {
    const now = this.#options.clock.now();
    if (this.#names.get(name.name) !== name || now - name.toldAt < NAME_LOG_MS) return;
    name.toldAt = now;
    const stays = name.members === null ? '' : '; what it listed stays';
    const text = why.slice(0, REASON_TEXT).replace(/\p{Cc}/gu, ' ');
    this.#options.say(`SRV records of ${name.name} are not to be had: ${text}${stays}`);
  }

  stop(): void {
    this.#cancel();
    this.#names = new Map();
  }
}
