import { createHash } from 'node:crypto';
import { type Command, type Context, integerOf, keyOf, NOT_AN_INTEGER, upper } from './command.ts';
import { array, bulk, failure, integer, nothing, status } from './resp.ts';

// Scripts by name: the model knows what a few texts do, and no Lua.

/** Carries one command out, as redis.call() does. */
type Call = (words: readonly (string | Buffer)[]) => Buffer;
type Script = (
  call: Call,
  keys: readonly Buffer[],
  args: readonly Buffer[],
  resp: number,
) => Buffer;

/** What clients of the simulated world ask for. */
export const BUMP = "return redis.call('incr', KEYS[1])";
/** Writes a value and returns what was there. */
export const PUT =
  "local old = redis.call('get', KEYS[1]) redis.call('set', KEYS[1], ARGV[1]) return old";
export const COUNT_ARGUMENTS = 'return #KEYS * 100 + #ARGV';

const NULL = /^(\$-1|_)\r\n$/;

const SCRIPTS: ReadonlyMap<string, Script> = new Map<string, Script>([
  [BUMP, (call, keys) => call(['INCR', keys[0]])],
  [
    PUT,
    (call, keys, args, resp) => {
      const old = call(['GET', keys[0]]);
      if (old[0] === 0x2d) return old;
      const written = call(['SET', keys[0], args[0]]);
      if (written[0] === 0x2d) return written;
      return NULL.test(old.toString('latin1')) ? nothing(resp) : old;
    },
  ],
  [COUNT_ARGUMENTS, (_call, keys, args) => integer(keys.length * 100 + args.length)],
]);

/** How a script is called. */
export function shaOf(text: string | Buffer): string {
  return createHash('sha1').update(text).digest('hex');
}

/** The scripts that one server has, by their digests. */
export class ScriptCache {
  readonly #scripts: Map<string, Script> = new Map();
  /** Told of each that comes and goes. */
  onChange: (sha: string, loaded: boolean) => void = () => {};

  get(sha: string): Script | undefined {
    return this.#scripts.get(sha);
  }

  add(sha: string, script: Script): void {
    if (this.#scripts.has(sha)) return;
    this.#scripts.set(sha, script);
    this.onChange(sha, true);
  }

  clear(): void {
    for (const sha of [...this.#scripts.keys()]) {
      this.#scripts.delete(sha);
      this.onChange(sha, false);
    }
  }
}

const SHA_LENGTH = 40;
const UNKNOWN = failure('ERR the simulated server does not know this script');
const NO_SCRIPT = failure('NOSCRIPT No matching script. Please use EVAL.');

/** What a script is told of an error: which script, and where. */
function within(reply: Buffer, sha: string): Buffer {
  if (reply[0] !== 0x2d) return reply;
  const text = reply.toString('latin1', 1, reply.length - 2);
  return failure(`${text} script: ${sha}, on @user_script:1.`);
}

/** An error, unless a call says rightly how many keys it has. */
function wrongCount(words: readonly Buffer[]): Buffer | null {
  const count = integerOf(words[2]);
  if (count === null) return NOT_AN_INTEGER;
  if (count > BigInt(words.length - 3)) {
    return failure("ERR Number of keys can't be greater than number of args");
  }
  return count < 0n ? failure("ERR Number of keys can't be negative") : null;
}

function run(context: Context, sha: string, script: Script, words: readonly Buffer[]): Buffer {
  const count = Number(integerOf(words[2]));
  const keys = words.slice(3, 3 + count);
  const call: Call = (asked) => {
    const given = asked.map((word) => (typeof word === 'string' ? Buffer.from(word) : word));
    return within(context.call(given), sha);
  };
  return script(call, keys, words.slice(3 + count), context.session.resp);
}

/** Numbers of words are looked at first, then whether the script is there. */
function evaluate(context: Context, words: readonly Buffer[]): Buffer {
  const script = SCRIPTS.get(keyOf(words[1]));
  if (script === undefined) return UNKNOWN;
  const wrong = wrongCount(words);
  if (wrong !== null) return wrong;
  const sha = shaOf(words[1]);
  context.scripts.add(sha, script);
  return run(context, sha, script, words);
}

function evaluateBySha(context: Context, words: readonly Buffer[]): Buffer {
  const sha = keyOf(words[1]).toLowerCase();
  if (sha.length !== SHA_LENGTH) return NO_SCRIPT;
  const wrong = wrongCount(words);
  if (wrong !== null) return wrong;
  const script = context.scripts.get(sha);
  return run(context, sha, script ?? (() => NO_SCRIPT), words);
}

function wrongNumber(subcommand: string): Buffer {
  return failure(`ERR wrong number of arguments for 'script|${subcommand}' command`);
}

const script: Command[1] = ({ scripts }, words) => {
  const [, subcommand, text] = words;
  switch (upper(subcommand)) {
    case 'LOAD': {
      if (words.length !== 3) return wrongNumber('load');
      const known = SCRIPTS.get(keyOf(text));
      if (known === undefined) return UNKNOWN;
      const sha = shaOf(text);
      scripts.add(sha, known);
      return bulk(sha);
    }
    case 'EXISTS':
      if (words.length < 3) return wrongNumber('exists');
      return array(
        words
          .slice(2)
          .map((sha) => integer(scripts.get(keyOf(sha).toLowerCase()) === undefined ? 0 : 1)),
      );
    case 'FLUSH':
      if (words.length > 3 || (words.length === 3 && !/^A?SYNC$/.test(upper(text)))) {
        return failure('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
      }
      scripts.clear();
      return status('OK');
    default:
      return failure(`ERR unknown subcommand '${keyOf(subcommand)}'. Try SCRIPT HELP.`);
  }
};

export const SCRIPT_COMMANDS: Readonly<Record<string, Command>> = {
  EVAL: [-3, evaluate],
  EVALSHA: [-3, evaluateBySha],
  SCRIPT: [-2, script],
};
