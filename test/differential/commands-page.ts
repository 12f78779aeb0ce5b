import {
  type CommandSpec,
  KNOWN_COMMANDS,
  SUBCOMMANDS,
} from '../../src/protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../src/protocol/redis/table/unsupported.ts';
import { ANSWERS, FORWARDS, SPLITS } from '../support/nutcracker-commands.ts';
import { DIFFERENCES } from './differences.ts';

// Writes docs/commands.md from the command table and from the differences that the suite allows.

const JOINED: Readonly<Record<string, string>> = {
  array: 'the elements come in the order of the request',
  sum: 'the numbers are added',
  ok: '`OK` when all say so',
};

const MERGED: Readonly<Record<string, string>> = {
  same: 'they must agree',
  'same-set': 'they must agree',
  sum: 'the numbers are added',
  concat: 'the replies are joined',
  every: '1 for what all servers have',
  any: 'one good reply is enough; over connections of its own',
  busiest: 'that of one which runs something is taken; over connections of its own',
  random: 'one of the replies is chosen',
};

const NOTES: Readonly<Record<string, string>> = {
  MSETNX: 'all keys on one server: it is not atomic over several',
  FLUSHALL: 'to all servers, if `allow_flush` says so; else refused',
  FLUSHDB: 'to all servers, if `allow_flush` says so; else refused',
  SCAN: 'one server after the other; the cursor says which and where, on any connection',
  INFO: 'what ringway and all servers come to; `INFO @server [section ...]` asks that server',
  SELECT: 'the database of this client; the servers are asked once whether they have it',
  HELLO: 'RESP2 or RESP3 for this client, over server connections of that version; see *Sessions*',
  'CLIENT|NO-EVICT': 'accepted without effect: servers count memory by connection, not by client',
  'CLIENT|NO-TOUCH': '`OFF` is accepted; `ON` is refused: server connections are shared',
  WAIT: "the smallest count of all servers, whose replicas are asked how far they are; until it is reached or time is up, or 3 s when more is behind it than is read. When a server gave way to its replica since the client's last `WAIT`, or since it came, the count is 0, once: what it wrote before may be lost; so it is while a server is a replica already and its master is not known yet",
  WAITAOF:
    'as `WAIT`: the smallest counts of all servers; refused when a server that should have it in its file keeps none',
  SORT: 'all keys on one server; the patterns of BY and GET are looked up on that server',
  SORT_RO: 'to the server of its key; the patterns of BY and GET are looked up there',
  XREAD: 'all keys on one server; with `BLOCK` as `BLPOP`, or on several',
  XREADGROUP: 'all keys on one server; with `BLOCK` as `BLPOP`, or on several',
  'CLIENT|UNBLOCK': 'of a client of the same pool, of any worker',
  'CLIENT|TRACKING': 'on shared connections; see [tracking.md](tracking.md)',
  'CLIENT|CACHING': 'as `CLIENT TRACKING`',
  MONITOR: 'with `allow_monitor` what all servers of the pool do; refused without',
  QUIT: 'answers `OK` and closes when all is answered',
  MULTI:
    'what follows is kept, and sent in one piece when `EXEC` comes; all its keys on one server, see *Transactions*',
  EXEC: 'sends what was kept since `MULTI` to the server of its keys',
  DISCARD: 'forgets what was kept since `MULTI`',
  WATCH:
    'over a connection that the client has for itself until `EXEC`; all keys on one server, see *Transactions*',
  UNWATCH: 'gives that connection back',
  SUBSCRIBE:
    'on all servers, or on that of the channel (`subscribe_to`); see [pubsub.md](pubsub.md)',
  SSUBSCRIBE: 'as `SUBSCRIBE`',
  PSUBSCRIBE: 'on all servers',
  PUBLISH:
    'to the server of the channel, as if it were a key; the hub of ringway counts as its clients',
  SPUBLISH: 'as `PUBLISH`',
  'PUBSUB|CHANNELS': 'of the clients of all workers',
  'PUBSUB|NUMPAT': 'of the clients of all workers',
  'PUBSUB|NUMSUB': 'of the clients of all workers',
  'PUBSUB|SHARDCHANNELS': 'of the clients of all workers',
  'PUBSUB|SHARDNUMSUB': 'of the clients of all workers',
  'CONFIG|GET': 'some parameters, as one server has them',
  'CONFIG|SET': 'of parameters that `allow_config_set` names, to all servers; else refused',
};

function handled(spec: CommandSpec): string {
  const { name, handling, keys, coalesce, merge } = spec;
  const note = NOTES[name];
  if (note !== undefined) return note;
  switch (handling) {
    case 'forward':
      return 'to the server of its key';
    case 'same-server':
      if (keys === 'numkeys' && spec.name.match(/^(EVAL|FCALL)/)) {
        return 'all keys on one server; without keys to the server of the key `placeholder`';
      }
      return 'all keys on one server';
    case 'fragment':
      return `split by server; ${JOINED[coalesce]}`;
    case 'all-servers':
      return `to all servers; ${MERGED[merge]}`;
    case 'placeholder':
      return 'to the server of the key `placeholder`';
    case 'local':
      return 'answered by ringway';
    case 'container':
      return 'by its subcommand';
    case 'blocking':
      return 'all keys on one server, over a connection that the client has for itself meanwhile';
    case 'unsupported':
      return `refused: ${whyUnsupported(name)}`;
  }
}

function nutcracker({ name }: CommandSpec): string {
  if (ANSWERS.includes(name)) return 'answers';
  if (SPLITS.includes(name)) return 'splits';
  return FORWARDS.includes(name) ? 'forwards' : 'closes';
}

function row(spec: CommandSpec): string {
  return `| \`${spec.name.replace('|', ' ')}\` | ${handled(spec)} | ${nutcracker(spec)} |`;
}

const INTRODUCTION = `# Redis commands

This page is made from the command table; \`node build/test/differential/write-commands-page.js\` writes
it again. The last column says what nutcracker 0.5.0 does with the command: it answers, forwards, splits, or closes
the connection.

## How requests are routed

- A command with one key goes to the server of that key.
- A command with several keys runs when one server has them all. Otherwise the reply is \`-CROSSSERVER\` with two of the keys
  and their servers. Keys with a common hash tag always share a server, if the pool has a \`hash_tag\`.
- Keys are found by the grammar of each command, as a server parses it, so a key, group or member may be called like an
  option (\`XREADGROUP GROUP STREAMS c STREAMS k >\`). A malformed request gets a server's error, or its words when no
  server may have the request.
- Commands that may block have a connection for themselves while they do, wherever the option stands; see *Commands that block*.
- MGET, MSET, DEL, UNLINK, EXISTS and TOUCH take any number of keys and are split by server. When a server fails, the
  reply is its error; with \`partial_failure: per-key\` an MGET has that error in the place of each value it is about. The
  other servers have done their part all the same.
- EVAL, FCALL and their like go by their keys. Without keys they go to the server of the key \`placeholder\`, always
  the same one: a script without keys usually computes something, and then any server will do.
- Commands of the whole data set go to all servers. When some of them fail, the reply says which one did not do it.
- \`SCRIPT KILL\`, \`FUNCTION KILL\` and \`FUNCTION STATS\` are what a server hears while it is busy with a script, but not on the connection
  that the script came by. They go over connections of their own, as many as \`max_leased_connections\` besides the leased ones, and wait for one
  up to \`lease_wait\`. What kills is sent to ejected servers as well. \`-NOTBUSY\` comes when no server runs anything; one whose script has
  written is named (\`-UNKILLABLE\`): \`SHUTDOWN NOSAVE\` is refused, send it to that server. In a transaction they wait for the script as all else.
- Commands that ringway does not know are refused as Redis refuses them. \`custom_commands\` adds more;
  \`unknown_commands: ask\` asks a server once per command where its keys are (per request when they move; another name of
  SORT, GEORADIUS, XREAD and their like goes by their own grammar). A name that a server
  gives, by \`rename-command\`, to a command that is refused or not sent by its keys, such as FLUSHALL, is refused.

## Sessions

- \`HELLO 3\` and \`SELECT\` give a client server connections of its own kind: one set for each database and RESP version in
  use. They are opened when needed, at most \`max_backend_connections\`, and the idle one used longest ago is closed to make
  room. RESP3 types pass byte for byte. Pushes of a server are dropped, attributes stay in front of their replies.
- Requests behind a \`SELECT\` or \`HELLO\` wait until all before it is answered.
- \`AUTH password\` has the replies of nutcracker, \`AUTH default password\` and \`HELLO ... AUTH\` those of Redis. The
  user is always \`default\`.
- \`HELLO\` and \`INFO\` name the lowest \`redis_version\` of the pool's servers, because clients choose by it what they use. The
  first client that asks waits for their answers, 200 ms at most; 7.0.0 stands in for a version that no server says. They
  are asked with \`INFO\`, each on a short connection besides those of the pool: once, when it comes back, and after a
  minute if a client wants to know again.
- \`INFO\` is what one Redis would say: memory, hits, evictions, operations, times used and keys per database are sums over the
  servers in the ring, at most a second old; of settings (\`maxmemory_policy\`) and states what all agree on, else they are left out. A server that
  says nothing for 200 ms is left out, never an error. \`loading\` is 0 always. Clients, connections and requests are ringway's, of all workers. \`INFO
  @server\` asks one server.
- \`CLIENT LIST\` and \`CLIENT KILL\` are about the clients of the same pool, of all workers. \`CLIENT ID\` is never the same for two
  of them, and stays what it is when a client goes to another worker or program.
- \`CLIENT MAINT_NOTIFICATIONS\` is an unknown subcommand, as for a Redis without them; clients go on without.

## Transactions

- What a client asks for behind \`MULTI\` is kept by ringway, which answers \`QUEUED\`. \`EXEC\` sends all of it in one piece, over
  the connection that other clients share: no transaction costs a connection, and nothing comes between its commands.
- All its keys must be on one server: the first key decides. A command with a key elsewhere gets \`-CROSSSERVER\`, and
  \`EXEC\` then carries nothing out, as after every command that is refused. Give the keys a common hash tag, or the pool one server.
- Commands without a key go along (\`PING\`, \`ECHO\`, \`TIME\`, \`WAIT\`, \`WAITAOF\`, scripts without keys), and \`PUBLISH\`, whose channel is a
  key with \`subscribe_to: owner\`. Commands of all servers,
  and \`INFO\`, \`CONFIG GET\`, \`SCAN\`, \`ROLE\`, \`SLOWLOG\`, \`CLUSTER\`, only in a pool with one server, which then answers them itself.
- \`AUTH\`, \`HELLO\`, \`CLIENT ...\`, \`READONLY\` and commands that a server would have to be asked about are refused inside.
- A transaction with \`SELECT\`, or of more than 256 KiB, has a connection of its own while it runs (\`max_leased_connections\`).
  It has at most \`max_transaction\` bytes (32 MiB), and 16 \`SELECT\`s.
- A server that refuses one of the commands makes \`EXEC\` say why: \`-EXECABORT Transaction discarded because of: ...\`. So does
  one whose user may not use \`MULTI\`: it is asked once per connection, by an empty transaction.
- \`WATCH\` gives the client a connection of its own until \`EXEC\`, \`DISCARD\`, \`UNWATCH\` or \`RESET\`; all watched keys and those of the
  transaction must be on one server. \`EXEC\` answers nil, as if a key had changed, when that connection was lost, after
  \`watch_timeout\` (60 s), and after a reload or an ejection: clients try again then. Behind a \`WATCH\` that was refused it
  answers \`-EXECABORT\`: nothing runs unguarded. What stands behind a \`WATCH\` waits for its reply.
- Behind \`EXEC\` a server must say an array, nil or \`-EXECABORT\`. Another error is passed on, as old servers answer \`-BUSY\`; anything
  else becomes \`-ERR Invalid argument\`. The connection is then closed: it may still be in the transaction.
- When the connection is lost behind \`EXEC\` the reply is one error, and the transaction may or may not have been carried out. It is
  never sent again. A reload that leaves its keys on several servers aborts it.

## Commands that block

- \`BLPOP\`, \`BRPOP\`, \`BLMOVE\`, \`BRPOPLPUSH\`, \`BLMPOP\`, \`BZPOPMIN\`, \`BZPOPMAX\`, \`BZMPOP\` and \`XREAD\` and \`XREADGROUP\` with \`BLOCK\`
  go to the server that has all their keys, which lets them wait and judges their timeout. Keys on several servers: \`-CROSSSERVER\`,
  but for streams.
- \`XREAD\` and \`XREADGROUP\` with \`BLOCK\` may name streams of several servers, outside of Redis Cluster. They wait on all of them,
  over a connection to each. The first that says something ends it: the others are asked by \`CLIENT UNBLOCK\` for what they have by then,
  which is in the reply too, so nothing is lost and nothing comes twice. An error of one server is the reply when none has
  anything. With \`MAXCOUNT\` or \`MAXSIZE\`, and without \`BLOCK\`: \`-CROSSSERVER\`.
- Meanwhile the client has a connection to that server for itself, of at most \`max_leased_connections\` (1,024). When none is free
  within \`lease_wait\` (1 s, or its own timeout) the reply is an error, never nil. \`timeout\` counts from when its own time is over;
  the idle limit of clients stands still, and neither latencies nor the slow log hear of it.
- What the client sends behind it waits, as in Redis. Who sends no more, is killed or is there when the proxy stops is gone
  as soon as the server has ended its wait: what has come by then is its reply, and nothing is lost. A server that says
  nothing is waited for 5 s (and at the end no longer than for all else). One that is reset is gone at once, and takes
  nothing: its connection to the server is closed.
- \`CLIENT UNBLOCK\` is for clients of the same pool, of any worker.
- When a reload gives the key to another server, or the client goes to another worker or program, the server is asked to end the
  wait. What has come by then is the reply; else it goes on where it belongs, with the time that is left.
  An \`XREAD\` of what comes behind \`$\` misses nothing of a stream that stays where it is: in front of it the server is asked by
  \`XREVRANGE\` for the last entry, if the user that ringway logs in as may do that (of 1,024 streams at most).
- In a transaction and in a script nothing blocks.

## Bounds

Keys have at most 32,768 bytes, scripts at most \`max_script\` (1 MiB). Requests beyond \`max_assembled_request\` (4 MiB) are
refused unless they are plain one-key commands, which are streamed. Replies joined from several servers have at most
\`client_output_limit\` bytes. A pool has at most 1,024 pairs of database and RESP version in use.
`;

/** The text of docs/commands.md. */
export function commandsPage(): string {
  const byName = (a: CommandSpec, b: CommandSpec): number => (a.name < b.name ? -1 : 1);
  const rows = [...KNOWN_COMMANDS, ...SUBCOMMANDS.values()].sort(byName).map(row);
  const differences = DIFFERENCES.map(({ request, servers, reason }) => {
    const only = servers === undefined ? '' : ` (${servers} servers)`;
    return `| \`${request}\`${only} | ${reason} |`;
  });
  return [
    INTRODUCTION,
    '## Commands\n',
    '| command | ringway | nutcracker |\n| --- | --- | --- |',
    ...rows,
    '\n## Replies that differ from those of a server\n',
    'Each command is sent in ordinary and erroneous forms, over RESP2 and RESP3, to a server and through',
    'ringway with one and four servers. These are all the replies that differ, besides the refused commands.\n',
    '| request | reason |\n| --- | --- |',
    ...differences,
    '',
  ].join('\n');
}
