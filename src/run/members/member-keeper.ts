import { alternatives } from '../../admin/alternatives.ts';
import {
  type Config,
  type ConfigText,
  type Members,
  memberNames,
  srvName,
  withMembers,
} from '../../config/index.ts';
import { ConfigError, type ConfigProblem, RingwayError } from '../../errors.ts';
import { LOG_NOTICE, LOG_WARN, type Log } from '../../log.ts';
import { SYSTEM_CLOCK } from '../../topology/clock.ts';
import {
  type MembersView,
  RingMembers,
  type RingMembersOptions,
} from '../../topology/names/ring-members.ts';
import { listedNow, whyUnlisted } from '../../topology/names/srv-members.ts';

const SAME = 'it lists nobody else, as far as is known: there is nothing to accept';

/** Keeps the rings of pools with `discover_members` made of what SRV records list. */
export class MemberKeeper {
  readonly #log: Log;
  readonly #members: RingMembers;
  #change: RingMembersOptions['change'] = () => Promise.resolve();

  /** @param heard what is listed @param taken what another process has made rings of */
  constructor(log: Log, heard: RingMembersOptions['heard'], taken: Members) {
    this.#log = log;
    const change = (members: Members): Promise<void> => this.#change(members);
    const say = (text: string): void => log.write(LOG_NOTICE, text, { event: 'name' });
    this.#members = new RingMembers({ clock: SYSTEM_CLOCK, heard, change, say }, taken);
  }

  /** @param change has rings made of other members */
  start(change: RingMembersOptions['change']): void {
    this.#change = change;
  }

  /**
   * The same with those as servers that rings are made of by now. What is new is looked up.
   * @param before what is in use; null = whoever starts does so without those that are not listed
   * @throws ConfigError when a name lists nobody
   */
  async fill(text: ConfigText, before: Config | null): Promise<ConfigText> {
    const names = memberNames(text.config);
    const { taken } = this.#members;
    const used = before === null ? [] : memberNames(before);
    const members: Record<string, readonly string[]> = {};
    const failures = new Map<string, string>();
    await Promise.all(
      names.map(async (name) => {
        if (Object.hasOwn(taken, name)) members[name] = taken[name];
        else if (!used.includes(name)) {
          try {
            members[name] = await listedNow(name);
          } catch (error) {
            failures.set(name, whyUnlisted(error as Error));
          }
        }
      }),
    );
    if (before !== null && failures.size > 0) throw new ConfigError(problemsOf(text, failures));
    for (const [name, why] of failures) {
      const what = `SRV records of ${name} are not to be had: ${why}`;
      this.#log.write(LOG_WARN, `${what}; a ring has no servers of them yet`, { event: 'name' });
    }
    return names.length === 0 ? text : withListed(text, members);
  }

  /** The program goes on with another configuration, or with other members of its rings. */
  follow(config: Config, taken: Members): void {
    this.#members.follow(memberNames(config), taken);
  }

  /**
   * An operator knows that a name lists who there is, however many are missing.
   * @throws RingwayError RINGWAY_USAGE when nothing comes of that
   */
  accept(name: string): void {
    const accepted = this.#members.accept(name);
    if (accepted === true) return;
    const { views } = this.#members;
    const others = views.length === 0 ? 'they are made of none' : alternatives(views);
    const why = accepted === null ? `no ring is made of '${name}'; ${others}` : SAME;
    throw new RingwayError('RINGWAY_USAGE', why);
  }

  /** What rings are made of, for a process that takes over. */
  get taken(): Members {
    return this.#members.taken;
  }

  get views(): readonly MembersView[] {
    return this.#members.views;
  }

  /** Times that rings were made anew, and that they could not be. */
  get counts(): { readonly changes: number; readonly errors: number } {
    const { changes, errors } = this.#members;
    return { changes, errors };
  }

  /** While it is frozen rings stay as they are. */
  set frozen(frozen: boolean) {
    this.#members.frozen = frozen;
  }

  stop(): void {
    this.#members.stop();
  }
}

/** The same configuration with other servers. */
export function withListed(text: ConfigText, members: Members): ConfigText {
  return { ...text, members, config: withMembers(text.config, members) };
}

/** Where the names stand in the file. */
function problemsOf(
  { config }: ConfigText,
  failures: ReadonlyMap<string, string>,
): readonly ConfigProblem[] {
  return config.pools.flatMap(({ name: pool, discovery }) =>
    (discovery?.services ?? []).flatMap(({ host, line, column }) => {
      const name = srvName(host);
      const why = failures.get(name);
      if (why === undefined) return [];
      const message = `${name} has no SRV records (${why}); expected a name that lists servers`;
      return [{ file: config.file, line, column, path: `${pool}.servers`, message }];
    }),
  );
}
