// The words in which a command is described: what Redis says of it, and what ringway does with it.

/** 'r' reads, 'w' writes, '-' neither (Redis gives it no key space flag). */
export type Access = 'r' | 'w' | '-';

/** What ringway does with a command. */
export type Handling =
  | 'forward' // one key, at word `firstKey`: sent as it is to that key's server
  | 'container' // the second word decides: look up "NAME|SUBCOMMAND" with findSubcommand()
  | 'same-server' // several keys, which must all live on one server; `keys` says where they are
  | 'fragment' // cut into one request per server; `coalesce` says how the replies are joined
  | 'local' // answered by ringway itself
  | 'all-servers' // sent to every server; `merge` says how the replies are joined
  | 'placeholder' // no key: sent to the server of the key "placeholder", as twemproxy does
  | 'blocking' // its server may let it wait: sent over a connection that nobody else has
  | 'unsupported'; // answered with an error; the connection stays usable

/** Where the keys are. Words count from 0, the command name. */
export type KeyRule =
  | 'none'
  | 'range' // firstKey … lastKey by step; a negative lastKey counts from the end, -1 = last word
  | 'numkeys' // word `numkeys` holds n; n keys follow it, `step` words apart (0 means 1)
  | 'numkeys-store' // word 1 is the destination, a key like the others; then as 'numkeys'
  | 'sort' // word 1, and what the last STORE option names
  | 'georadius' // word 1, and what the last STORE or STOREDIST option names
  | 'streams' // the first half of the words behind STREAMS; with an option BLOCK it may block
  | 'group-streams'; // as 'streams', with the options of XREADGROUP

/** How the replies of all servers become one. */
export type Merge =
  | 'none'
  | 'same' // they must be equal, else an error says who differs
  | 'same-set' // as 'same', but the order of the elements says nothing
  | 'sum'
  | 'concat'
  | 'every' // per element 1 when every server says 1
  | 'any' // one good reply is enough
  | 'busiest' // of one that runs a script, where one does
  | 'random'; // one of the replies that are not null

/** How the replies of fragments become one: elements in request order, a sum, or one "OK". */
export type Coalesce = 'none' | 'array' | 'sum' | 'ok';

/** Which word says for how many seconds a command may block: behind the name, or the last. */
export type Timeout = 'none' | 'first' | 'last';

/** A command or a subcommand: what Redis says of it, and what ringway does with it. Frozen. */
export interface CommandSpec {
  /** Upper case; a subcommand is "CONTAINER|SUBCOMMAND". */
  readonly name: string;
  /** As in Redis, the name counted: n = exactly n words, -n = at least n words. */
  readonly arity: number;
  readonly access: Access;
  /** firstKey, lastKey, step: as COMMAND prints them; 0 when keys have no fixed place. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly step: number;
  readonly handling: Handling;
  /** How its keys are found. */
  readonly keys: KeyRule;
  /** Word that holds the number of keys, 0 = none. */
  readonly numkeys: number;
  /** 'none' unless it is handled 'fragment'. */
  readonly coalesce: Coalesce;
  /** 'none' unless it is handled 'all-servers'. */
  readonly merge: Merge;
  /** 'none' unless it is handled 'blocking'. */
  readonly timeout: Timeout;
}

/**
 * What Redis says of a command: arity, access and place of its keys as COMMAND prints them, then
 * how they are found where numbers do not say it, and for 'numkeys' the word with their number.
 */
export type Fact = readonly [
  name: string,
  arity: number,
  access: Access,
  first: number,
  last: number,
  step: number,
  keys?: Exclude<KeyRule, 'none' | 'range'>,
  numkeys?: number,
];

/** What ringway does with commands; `names` are parted by white space. */
export type Decision =
  | readonly ['forward' | 'same-server' | 'container' | 'local' | 'placeholder', names: string]
  | readonly ['blocking', names: string, Exclude<Timeout, 'none'>]
  | readonly ['fragment', names: string, Exclude<Coalesce, 'none'>]
  | readonly ['all-servers', names: string, Exclude<Merge, 'none'>];
