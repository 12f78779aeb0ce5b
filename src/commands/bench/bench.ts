import { readFileSync } from 'node:fs';
import type { DialTarget } from '../../net/dial.ts';
import { type Arguments, runCommand, usageError } from '../arguments.ts';
import type { Command, Out } from '../command.ts';
import { count } from '../figures.ts';
import { Load, type LoadResult } from './load.ts';
import {
  deleteRequest,
  keyOf,
  loginRequest,
  mixedRequests,
  setRequest,
  type Work,
} from './requests.ts';
import { figuresOf, resultText } from './result-text.ts';
import { type Progress, sendAll, speaksRedis } from './session.ts';

const HELP = `Usage: ringway bench ADDRESS [options]

Asks a Redis or memcached, or a proxy in front of them, for so many requests a second, and shows how
long replies take. ADDRESS is host:port, a port of this machine, or the path of a unix socket.

The rate does not depend on the replies: a request is sent when it is due, whether earlier ones are
answered or not, and its time counts from when it was due. So a pause of the server shows as what it
is for many clients. Try a rate that you expect, not the highest: at the highest only the queue is
measured. Where the target does not keep up the run ends and says so.

  --rate=N           requests per second (default: 1000)
  --seconds=N        for so long (default: 10)
  --connections=N    over so many connections (default: 50)
  --reads=N          GETs among a hundred requests, the rest SETs (default: 90)
  --size=N           bytes of a value (default: 100)
  --keys=N           different keys, chosen at random (default: 10000)
  --prefix=S         their names begin with it (default: ringway-bench:)
  --keep             leave the keys behind; else they are deleted at the end
  --protocol=S       redis or memcached (default: what answers to PING)
  --password-file=F  log in with the password in this file
  --user=S           as this user; without a password file as one that needs no password
  --tls              encrypt
  --tls-insecure     encrypt without a look at the certificate
  --json             print the figures as JSON, times in microseconds

Example: ringway bench 22121 --rate=5000 --seconds=30
`;

const OPTIONS: readonly string[] = [
  ...['rate=', 'seconds=', 'connections=', 'reads=', 'size=', 'keys=', 'prefix=', 'keep'],
  ...['protocol=', 'user=', 'password-file=', 'tls', 'tls-insecure', 'json'],
];

/** As a shell tells of a program that SIGINT has ended. */
const INTERRUPTED = 130;
const DEFAULT_COLUMNS = 80;

/** `ringway bench`: load on an address, and how long it takes to answer. */
export const bench: Command = (argv, out, err) =>
  runCommand(argv, { out, err, help: HELP, options: OPTIONS }, async (given) => {
    const [address, ...others] = given.words;
    if (address === undefined || others.length > 0)
      throw usageError('expected one ADDRESS: ringway bench --help');
    const target = targetOf(address, given);
    const named = given.text('protocol');
    if (named !== null && named !== 'redis' && named !== 'memcached') {
      throw usageError(`--protocol is redis or memcached, not ${JSON.stringify(named)}`);
    }
    const { rate, seconds, connections, ...keysAndValues } = planOf(given);
    const { keys, bytes, reads } = keysAndValues;
    const login = loginRequest(given.text('user'), passwordOf(given));
    const isRedis = named === null ? await at(address, speaksRedis(target)) : named === 'redis';
    const work: Work = { isRedis, ...keysAndValues };
    const show = given.has('json') ? err : out;
    show.write(
      `${address} (${isRedis ? 'redis' : 'memcached'}): ${count(rate)} requests/s ` +
        `for ${seconds} s over ${connections} connections, ${reads} % GET, ` +
        `values of ${bytes} bytes, ` +
        `${count(keys)} keys\n`,
    );
    const order = {
      ...{ target, isRedis, connections, perSecond: rate, seconds, login },
      request: mixedRequests(work),
    };
    const load = new Load(order, progress(err, seconds));
    const keep = given.has('keep');
    const result = await at(address, withKeys({ target, isRedis, login, work, keep, err }, load));
    if (result === null) return INTERRUPTED;
    if (given.has('json')) out.write(`${JSON.stringify(figuresOf(result), null, 2)}\n`);
    else out.write(`\n${resultText(result, process.stdout.columns ?? DEFAULT_COLUMNS)}`);
    if (result.seconds < seconds && result.trouble === '') return INTERRUPTED;
    return result.trouble === '' && result.errors === 0 ? 0 : 1;
  });

/** Says where it happened when something fails. */
function at<T>(address: string, work: Promise<T>): Promise<T> {
  return work.catch((error: Error) => {
    throw new Error(`${address}: ${error.message}`, { cause: error });
  });
}

/** Whose keys they are, and where. */
interface Keys {
  readonly target: DialTarget;
  readonly isRedis: boolean;
  readonly login: Buffer;
  readonly work: Work;
  /** They are left behind. */
  readonly keep: boolean;
  readonly err: Out;
}

/**
 * Writes the keys, runs the load, and deletes them, whatever happens: the first SIGINT ends the
 * load, a second one everything.
 * @returns null = it was interrupted before the load began
 */
async function withKeys(
  { target, isRedis, login, work, keep, err }: Keys,
  load: Load,
): Promise<LoadResult | null> {
  const written: Progress = { hasBegun: false, isOver: false, goesOn: false };
  const onInterrupt = (): void => {
    if (written.isOver) process.exit(INTERRUPTED);
    written.isOver = true;
    load.stop();
  };
  process.on('SIGINT', onInterrupt);
  try {
    await sendAll(target, isRedis, login, each(work, setRequest), written);
    return written.isOver ? null : await load.run();
  } finally {
    if (!keep && written.hasBegun) {
      const deleted: Progress = { hasBegun: false, isOver: false, goesOn: true };
      const requests = each(work, deleteRequest);
      await sendAll(target, isRedis, login, requests, deleted).catch((error: Error) => {
        err.write(`ringway: keys ${work.prefix}* may be left behind: ${error.message}\n`);
      });
    }
    process.off('SIGINT', onInterrupt);
  }
}

/** What is wanted, as far as it does not depend on the target. */
function planOf(given: Arguments) {
  const prefix = given.text('prefix') ?? 'ringway-bench:';
  if (!/^[\x21-\x7e]{1,200}$/.test(prefix)) {
    throw usageError('--prefix has 1 to 200 printable characters without blanks');
  }
  return {
    rate: numberOf(given, 'rate', 1000, 1, 1_000_000),
    seconds: numberOf(given, 'seconds', 10, 1, 3600),
    connections: numberOf(given, 'connections', 50, 1, 10_000),
    keys: numberOf(given, 'keys', 10_000, 1, 1_000_000),
    bytes: numberOf(given, 'size', 100, 0, 1024 * 1024),
    reads: numberOf(given, 'reads', 90, 0, 100),
    prefix,
  };
}

function* each(work: Work, request: (work: Work, key: string) => Buffer): Iterable<Buffer> {
  for (let i = 0; i < work.keys; i++) yield request(work, keyOf(work, i));
}

/** A line a second on a terminal. */
function progress(err: Out, seconds: number): (answered: number, errors: number) => void {
  if (!process.stderr.isTTY) return () => {};
  let passed = 0;
  return (answered, errors) => {
    passed++;
    const text = `${passed} of ${seconds} s: ${count(answered)} answered, ${errors} errors`;
    err.write(`\r${text.slice(0, process.stderr.columns - 1)}\x1b[K`);
    if (passed >= seconds - 1) err.write('\r\x1b[K');
  };
}

function numberOf(
  given: Arguments,
  name: string,
  usual: number,
  least: number,
  most: number,
): number {
  const text = given.text(name);
  if (text === null) return usual;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`--${name} is a number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

function passwordOf(given: Arguments): string | null {
  const file = given.text('password-file');
  if (file === null) return null;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw usageError(`--password-file: ${(error as Error).message}`);
  }
}

function targetOf(address: string, given: Arguments): DialTarget {
  const insecure = given.has('tls-insecure');
  const verify = insecure ? ('none' as const) : ('full' as const);
  const tls = insecure || given.has('tls') ? { name: null, verify, ca: null, pair: null } : null;
  if (address.startsWith('/')) return { kind: 'unix', host: '', port: 0, path: address, tls };
  const found = /^(?:\[([0-9a-fA-F:.]+)\]:|([^:\s]*):)?([0-9]{1,5})$/.exec(address);
  const port = Number(found?.[3]);
  if (found === null || port < 1 || port > 65535) {
    throw usageError(
      `${JSON.stringify(address)} is no address; expected host:port, a port or a path`,
    );
  }
  const host = found[1] ?? found[2] ?? '';
  return { kind: 'tcp', host: host === '' ? '127.0.0.1' : host, port, path: '', tls };
}
