import { createHmac, randomBytes } from 'node:crypto';
import { isAmong } from './passwords.ts';
import { DEFAULT_USER, User } from './user.ts';

/** Of this process alone: a digest tells whether two sets of users are the same, and no more. */
const DIGEST_KEY = randomBytes(32);

/** The users of a pool. */
export class Users {
  readonly #byName: ReadonlyMap<string, User>;
  /** By name, as bytes are ordered. */
  readonly list: readonly User[];
  /** Of clients that name none. */
  readonly default: User;
  /** Everybody on this machine may read the file that they come from. */
  readonly exposed: boolean;

  /** @param users with different names; without a `default` there is one that may do everything */
  constructor(
    users: readonly User[],
    password: Uint8Array | null = null,
    exposed: boolean = false,
  ) {
    this.exposed = exposed;
    const own = users.find(({ name }) => name === DEFAULT_USER);
    this.default = own ?? openDefault(password);
    const all = own === undefined ? [...users, this.default] : [...users];
    this.list = all.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#byName = new Map(this.list.map((user) => [user.name, user]));
  }

  find(name: string): User | undefined {
    return this.#byName.get(name);
  }

  /** @returns the user of a password; undefined after as much work when there is none */
  enter(name: string, password: Uint8Array): User | undefined {
    const user = this.find(name);
    if (user !== undefined) return user.accepts(password) ? user : undefined;
    isAmong(password, []);
    return undefined;
  }

  /** The same for the same users, in this process; nothing of them can be found out from it. */
  toJSON(): string {
    const all = this.list.map((user) => ({
      ...user,
      root: fieldsOf(user.root),
      others: user.others.map(fieldsOf),
    }));
    return createHmac('sha256', DIGEST_KEY).update(JSON.stringify(all)).digest('base64');
  }
}

function fieldsOf(selector: User['root']): unknown {
  const { allowed, firstArguments, keys, channels, ...flags } = selector;
  return {
    ...flags,
    allowed: Buffer.from(allowed).toString('latin1'),
    firstArguments: [...firstArguments],
    keys: keys.map(({ text, access }) => [text, access]),
    channels: channels.map(({ text }) => text),
  };
}

/** As Redis has it where no rule says otherwise; with a password it is asked for. */
function openDefault(password: Uint8Array | null): User {
  const user = new User(DEFAULT_USER);
  for (const rule of ['on', 'nopass', '~*', '&*', '+@all']) user.apply(rule);
  if (password !== null) user.apply(`>${Buffer.from(password).toString('latin1')}`);
  return user;
}
