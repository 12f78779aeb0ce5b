import { linesOfFile, readUsers, type UserLine } from '../../acl/read-users.ts';
import { DEFAULT_USER } from '../../acl/user.ts';
import { Users } from '../../acl/users.ts';
import type { Scalar } from '../file/document.ts';
import type { Secret } from '../secret.ts';
import type { KeySpec } from './key-spec.ts';
import type { PoolSource } from './logins.ts';
import { quote } from './values.ts';

const SINCE = 'ringway 0.1';

/** The keys of users with rules. */
export const USER_KEYS: readonly KeySpec[] = [
  {
    name: 'users',
    only: 'redis',
    type: 'users',
    default: null,
    since: SINCE,
    doc:
      'A list of users, each a name and rules as ACL SETUSER of Redis takes them ' +
      '([access-control.md](access-control.md)). Redis pools only.',
  },
  {
    name: 'users_file',
    only: 'redis',
    type: 'file',
    default: null,
    since: SINCE,
    doc:
      'As `users`: a file with lines as ACL SAVE of Redis writes them, `user NAME RULES`. ' +
      'Redis pools only.',
  },
  {
    name: 'logins',
    only: 'redis',
    type: 'name',
    default: 'ringway',
    choices: ['ringway', 'server'],
    since: SINCE,
    doc:
      'Who checks the logins of clients. `server`: each must log in as a user of the servers, ' +
      'and its requests go there over connections of that user. Redis pools only.',
  },
];

/** The users of a pool; null when the file names none. */
export function readPoolUsers(
  source: PoolSource,
  list: readonly Scalar[],
  clientAuth: Secret | null,
): Users | null {
  const { positions, values, pool, files, problems } = source;
  const problem = (key: string, message: string): void =>
    problems.add(positions.get(key)!, `${pool}.${key}`, message);
  const [key, second] = ['users', 'users_file'].filter((name) => positions.has(name));
  if (key === undefined) return null;
  if (values.get('redis') !== true) return null;
  if (second !== undefined) {
    problem(second, 'there is a list of `users` as well; expected one of the two');
    return null;
  }
  const lines = key === 'users' ? list.map((item) => lineOf(source, item)) : [];
  let exposed = false;
  if (key === 'users_file') {
    const name = String(values.get(key));
    const result = files.read(name);
    const file = `the file ${quote(name)}`;
    if ('problem' in result) problem(key, `${file} ${result.problem}; expected one with users`);
    else {
      exposed = result.exposed;
      lines.push(...linesOfFile(result.bytes, (text) => problem(key, `${file}, ${text}`)));
    }
  }
  const users = readUsers(lines, true);
  const hasDefault = users.some(({ name }) => name === DEFAULT_USER);
  if (hasDefault) {
    for (const own of ['client_auth', 'client_auth_file', 'client_auth_env']) {
      if (!positions.has(own)) continue;
      problem(own, 'the user `default` has its passwords among the users; expected none here');
    }
  }
  return new Users(users, clientAuth?.bytes ?? null, exposed);
}

/** Rules are bytes, as clients send them. */
function lineOf({ pool, problems }: PoolSource, { text, at, cut }: Scalar): UserLine {
  const onMistake = (message: string): void => problems.add(at, `${pool}.users`, message);
  if (cut) {
    onMistake('what stands behind " #" is a comment, and no rule; expected quotes around the line');
  }
  return { text: Buffer.from(text).toString('latin1'), onMistake };
}
