import { findAclCommand, subcommandsOf } from '../../acl/commands.ts';
import { FIRST_WORDS } from '../../acl/first-words.ts';
import type { PoolConfig } from '../../config/index.ts';
import { COMMAND_NAME_BYTES, UNKNOWN_SHOWN_WORDS } from '../../limits.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { COMMANDS, type CommandSpec, findSubcommand } from '../../protocol/redis/table/commands.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { Words } from './words.ts';

const NOT_AT_SERVER = 'rules of the servers would not hold for it (logins: server)';
/** Commands without an access of their own that may write what they like. */
const SCRIPTS: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA', 'FCALL']);
/** Subcommands that change what all clients of the servers have in common. */
const SHARED: ReadonlySet<string> = new Set(['CONFIG|SET', 'SCRIPT|LOAD', 'SCRIPT|FLUSH']);

/**
 * What is done without the servers, or over connections of the pool's own login, so that no rules
 * of users that the servers know would hold for it.
 */
const WITHOUT_USERS: ReadonlySet<string> = new Set([
  ...['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'MONITOR', 'SLOWLOG'],
  ...['CLIENT|LIST', 'CLIENT|KILL', 'CLIENT|UNBLOCK', 'CLIENT|TRACKING'],
  ...['ACL|LIST', 'ACL|USERS', 'ACL|GETUSER', 'ACL|DRYRUN', 'ACL|LOG'],
]);

/** What a pool refuses. */
interface Rules {
  readonly readOnly: boolean;
  readonly denied: ReadonlySet<string>;
  /** Commands of which some subcommand is denied. */
  readonly parted: ReadonlySet<string>;
  /** The servers know the users. */
  readonly atServer: boolean;
  /** Commands that are called by other names. */
  readonly renamed: ReadonlySet<string>;
}

/** The commands of whose subcommands there are some among `denied`. */
function containersOf(denied: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of denied) {
    const [container, part] = name.split('|');
    const known = findAclCommand(container);
    if (part !== undefined && (known === undefined || subcommandsOf(known).length > 0)) {
      found.add(container);
    }
  }
  return found;
}

const compiled: WeakMap<PoolConfig, Rules> = new WeakMap();

function rulesOf(config: PoolConfig): Rules {
  let rules = compiled.get(config);
  if (rules === undefined) {
    rules = {
      readOnly: config.readOnly,
      denied: new Set(config.denyCommands),
      parted: containersOf(config.denyCommands),
      atServer: config.loginsAtServer,
      renamed: new Set(config.renameCommands.map(({ command }) => command)),
    };
    compiled.set(config, rules);
  }
  return rules;
}

function mayWrite({ name, access }: CommandSpec): boolean {
  return access === 'w' || SCRIPTS.has(name) || SHARED.has(name);
}

function errorFor(
  { readOnly, denied, atServer }: Rules,
  name: string,
  spec: CommandSpec | null,
): Buffer | null {
  if (FIRST_WORDS.has(name)) return null;
  if (denied.has(name)) return replies.deniedCommand(name);
  if (atServer && WITHOUT_USERS.has(name)) return replies.unsupported(name, NOT_AT_SERVER);
  if (!readOnly) return null;
  // What a command does that ringway does not know, nobody knows.
  return spec === null || mayWrite(spec) ? replies.readOnlyPool(name) : null;
}

/**
 * By index of the command table: 1 where a request may take the fast way. Null for a pool that
 * refuses nothing.
 */
export function allowedCommands(config: PoolConfig): Uint8Array | null {
  const { readOnly, denyCommands, renameCommands, loginsAtServer } = config;
  const names = denyCommands.length + renameCommands.length;
  if (!readOnly && names === 0 && !loginsAtServer) return null;
  const rules = rulesOf(config);
  return Uint8Array.from(COMMANDS, (spec) => {
    if (rules.renamed.has(spec.name) || rules.parted.has(spec.name)) return 0;
    return errorFor(rules, spec.name, spec) === null ? 1 : 0;
  });
}

/** @param spec null = not in the table @returns why a pool refuses it; null when it does not */
export function refusalByRules(request: SpecialRequest, spec: CommandSpec | null): Buffer | null {
  const { config } = request.client.pool;
  const rules = rulesOf(config);
  const words = Words.of(request, 2);
  if (words.readable === 0) return null;
  const name = spec?.name ?? words.text(0).toUpperCase();
  if (rules.renamed.has(name) && request.renamed !== true) {
    return replies.unknownCommand(Words.of(request, UNKNOWN_SHOWN_WORDS).texts(0));
  }
  const isContainer = spec?.handling === 'container';
  const own = errorFor(rules, name, spec);
  if (own !== null || words.readable === 1) return own;
  if ((!isContainer && !rules.parted.has(name)) || words.length(1) > COMMAND_NAME_BYTES)
    return null;
  const part = words.text(1).toUpperCase();
  const known = isContainer ? findSubcommand(spec, part) : undefined;
  return errorFor(rules, `${name}|${part}`, known ?? spec);
}
