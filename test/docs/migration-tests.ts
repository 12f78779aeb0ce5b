/**
 * The tests that prove the rows of docs/migration.md, by the first cell of the row: `file > name`. The name,
 * or a distinctive part of it, is as the file has it; names in quotes are those of recorded cases, and those
 * of tests that run once per case stand without what differs.
 */
export const PROOFS: Readonly<Record<string, string | readonly string[]>> = {
  // The command line
  '`-h`, `--help`': [
    'test/cli/process.test.ts > and prints to ',
    'test/command-line.test.ts > the help text has every line of nutcracker in its order',
  ],
  'a long option that is not known, or ambiguous':
    'test/command-line.test.ts > that are mistyped are named, with the one that was meant',
  'a first word that looks like a command (`ringway explian key`, `ringway help`), or a command behind options':
    'test/command-line.test.ts > that look like a command are refused, with the one that was meant',
  'other words that are no options (`-t file.yml`)':
    'test/command-line.test.ts > are otherwise ignored as by nutcracker, with a warning each',
  'a server whose host is a URL, in brackets, or has no address here':
    'test/config/warnings.test.ts > a hint with its place, and the verdict of nutcracker',
  HUP: [
    'test/packaging/service.test.ts > by HUP: it reloads as well, with --hup=reopen it does not',
    'test/cli/process.test.ts > HUP opens the log file anew',
  ],
  USR1: 'test/packaging/service.test.ts > by the signal of the logrotate file: a broken configuration is not even read',
  '`/readyz`': [
    'test/stats/http-address.test.ts > while it drains it is healthy but not ready',
    'test/cli/shutdown.test.ts > unready at once, it serves on for --shutdown-delay-ms, then it drains',
    'test/fault/dead-servers.test.ts > is not reachable: gauge, status, breaker, failed requests; a line when it is back',
  ],
  "`command`, a list, as nutcracker's development branch has it":
    'test/config/problems.test.ts > a list of commands, as a branch of nutcracker has it, is told once',
  '`sentinels`': 'test/failover/sentinel.test.ts > a planned failover loses nothing',
  'a dead server while no client asks for it': [
    'test/proxy/pool/recovery.test.ts > is looked for once a second without a breaker, and nobody waits',
    'test/fault/dead-servers-return.test.ts > one that takes the connection and closes it is looked for again',
  ],

  // What clients see
  'wrong number of arguments: `GET`, `GET a b`, `SET`, `MGET`, `MSET a x b`, `EXPIRE a`': [
    "test/integration/golden-transcripts.test.ts > 'r-get-no-args'",
    "test/integration/golden-transcripts.test.ts > 'r-get-two-keys'",
    "test/integration/golden-transcripts.test.ts > 'r-set-no-args'",
    "test/integration/golden-transcripts.test.ts > 'r-mget-no-keys'",
    "test/integration/golden-transcripts.test.ts > 'r-mset-odd'",
  ],
  'the same behind other requests of one packet':
    "test/integration/golden-transcripts.test.ts > 'r-expire-arity'",
  'an unknown command':
    'test/integration/protocol-errors.test.ts > unknown and unsupported commands are named, connection kept',
  '`SUBSCRIBE`, `PUBLISH` and their kin':
    'test/pubsub/random.test.ts > hear what the model says, and nothing else',
  '`MONITOR`': 'test/tracking/monitor.test.ts > is refused where the pool does not allow it',
  '`CLIENT TRACKING`': 'test/tracking/differential.test.ts > every key that was read, once',
  '`BLPOP` and its kin, `XREAD … BLOCK`':
    'test/integration/leases/blocking.test.ts > in the words of Redis, RESP',
  'a command that a proxy cannot carry, such as `SYNC`':
    'test/integration/protocol-errors.test.ts > unknown and unsupported commands are named, connection kept',
  '`WATCH`': [
    'test/integration/leases/watch.test.ts > longer than watch_timeout: the connection serves others, EXEC answers nil once',
    'test/integration/leases/watch.test.ts > whose connection is lost: EXEC answers nil',
    'test/integration/leases/watch.test.ts > and a reload in between: EXEC answers nil',
  ],
  '`MULTI`, commands, `EXEC`': [
    'test/integration/leases/transactions.test.ts > of keys on several servers is refused where the second stands, and nothing is done',
    'test/integration/leases/transactions.test.ts > in the words of Redis, RESP',
  ],
  '`WAIT`': [
    'test/integration/sessions.test.ts > WAIT answers the smallest count of all servers',
    'test/integration/muted.test.ts > what comes behind WAIT waits, and WAIT has its own limit of time',
    'test/integration/muted.test.ts > WAIT with more behind it than is read ends also when nobody sees its client leave',
  ],
  '`QUIT`': [
    'test/integration/quit.test.ts > with replies off or skipped: the end without a byte more',
    "test/integration/golden-transcripts.test.ts > 'r-get-quit-get'",
    'test/integration/health-checks.test.ts > as a Redis answers, though one of two servers is away',
  ],
  'names in `CLIENT SETNAME`, `CLIENT SETINFO` and `HELLO … SETNAME` of more than 256 bytes':
    'test/integration/sessions.test.ts > names of more than 256 bytes are refused',
  'a `CONFIG GET` of more than 4,096 bytes':
    'test/integration/sessions.test.ts > a CONFIG GET of more than 4,096 bytes is refused',
  '`SELECT`, `HELLO`, `CLIENT …`, `INFO`, `CONFIG GET`, `ROLE`, `RESET`': [
    'test/integration/sessions.test.ts > RESP2 and RESP3 clients side by side; types pass, also through a split MGET',
    'test/differential/differential.test.ts > ordinary requests',
  ],
  'what `INFO` says':
    'test/integration/info.test.ts > tells what one Redis would: the sums over the servers, per database',
  '`CLIENT NO-TOUCH ON`; `CLIENT NO-EVICT`':
    'test/integration/sessions.test.ts > CLIENT NO-TOUCH and NO-EVICT promise nothing that servers do not keep',
  '`KEYS`, `SCAN`, `DBSIZE`, `RANDOMKEY`, `SCRIPT LOAD`, `FUNCTION LOAD` and their kin': [
    'test/integration/sessions.test.ts > SCAN finds every key, each step on a connection of its own',
    'test/differential/differential.test.ts > ordinary requests',
  ],
  '`FLUSHALL`, `FLUSHDB`':
    'test/integration/sessions.test.ts > FLUSHALL is refused unless it is allowed, MSETNX over several servers always',
  '`PING text`, `ECHO text`': [
    "test/integration/golden-transcripts.test.ts > 'r-ping-arg'",
    "test/integration/golden-transcripts.test.ts > 'r-unsupported-echo'",
  ],
  'inline requests: `PING\\r\\n`': "test/integration/golden-transcripts.test.ts > 'r-inline-ping'",
  'an empty line, `*0`, `*-1`': [
    "test/integration/golden-transcripts.test.ts > 'r-empty-line'",
    "test/integration/golden-transcripts.test.ts > 'r-star-zero'",
    "test/integration/golden-transcripts.test.ts > 'r-star-negative'",
  ],
  '`MOVE key db`': "test/integration/golden-transcripts.test.ts > 'r-move'",
  '`RENAME a b` and others with several keys on one server':
    'test/integration/keys.test.ts > replies as from one server, or an error that names two',
  '`EVAL script 0`': [
    "test/integration/golden-transcripts.test.ts > 'r-eval-no-keys'",
    'test/integration/flush.test.ts > a script empties its server, and that one only',
  ],
  '`EVAL` with a `numkeys` that is no number':
    "test/integration/golden-transcripts.test.ts > 'r-eval-numkeys-nan'",
  '`SINTER`, `PFMERGE`, `ZUNIONSTORE`, `SORT … STORE` and others with keys on several servers':
    'test/integration/keys.test.ts > replies as from one server, or an error that names two',
  '`EXISTS` with several keys': [
    "test/integration/golden-transcripts.test.ts > 'r-exists-multi-same-shard'",
    'test/integration/multi-key.test.ts > keys: the same replies as one Redis',
  ],
  '`AUTH default password` without `redis_auth`; another user': [
    "test/integration/golden-transcripts.test.ts > 'r-auth-two-args'",
    'test/integration/sessions.test.ts > AUTH in a pool without one: as at a Redis without one',
  ],
  '`redis_auth`, before the login: requests that are malformed in number of arguments, inline requests, requests of any size':
    'test/integration/login.test.ts > is answered NOAUTH, and the connection is kept',
  '`login_timeout`, `max_auth_failures` in the file': [
    'test/fault/login.test.ts > without these keys a client may try for ever',
    'test/fault/login.test.ts > a client that does not log in within login_timeout is closed',
    'test/fault/login.test.ts > after max_auth_failures the client is told, and closed',
  ],
  'keys from 16,336 to 32,768 bytes':
    "test/integration/golden-transcripts.test.ts > 'r-key-too-long'",
  'keys of more than 32,768 bytes, wherever they stand':
    'test/integration/protocol-errors.test.ts > keys of 32,768 bytes pass, longer ones are refused, connection kept',
  'HTTP (`POST`, `Host:`)':
    'test/fault/hostile-clients.test.ts > an HTTP POST runs nothing, and the log names it once',
  'malformed request':
    'test/integration/protocol-errors.test.ts > the replies owed, the error, the end',
  'a mistake of the proxy itself, met by the bytes of one client':
    'test/fault/exceptions.test.ts > a deadline that throws ends its own connection, and others run out of time as usual',
  'more clients than `client_connections`':
    'test/integration/pools.test.ts > client_connections: one too many hears why; a place that is free is taken',
  'a request beyond `max_assembled_request` that has to be split or looked into (`MSET`, `EVAL`, …)':
    'test/integration/large.test.ts > too large for anything else: an error, and the connection is kept',
  'a script of more than 1 MiB in `EVAL`':
    'test/integration/script-limit.test.ts > is refused beyond max_script, by each command that has one',
  'a split `MGET` or memcached `get` whose reply is beyond `client_output_limit`':
    'test/integration/large-mget.test.ts > any keys, a paused client, and what it asks behind',
  'a client that writes requests and takes none of its replies': [
    'test/fault/blocking-writer.test.ts > is not read beyond client_input_limit, and the log says so',
    'test/fault/blocking-writer.test.ts > is read to the end, answered in bounded memory, and loses nothing',
  ],
  'a client asks for much more than it reads':
    'test/integration/taken-back.test.ts > random programs of a client that reads late: it gets what it would have got',
  'a client that does not read a large reply while others wait for the same server connection': [
    'test/fault/slow-large-read.test.ts > it was made again over a connection of its own, once others were behind it',
    'test/proxy/backend/replies/slow-reader.test.ts > and closes it when it takes less',
  ],

  // What a failing server looks like
  '`-OOM`, `-LOADING`, `-BUSY` from a server': [
    "test/integration/golden-scripted.test.ts > 's-oom'",
    "test/integration/golden-scripted.test.ts > 's-loading'",
    "test/integration/golden-scripted.test.ts > 's-busy'",
  ],
  'an error from one server of a split `MGET`, `DEL`, `MSET` … (such as `-NOAUTH`, `-READONLY`)':
    "test/integration/golden-scripted.test.ts > 's-mset-fragment-error'",
  'a split `MGET` with a server that is down or late':
    "test/integration/golden-scripted.test.ts > 's-mget-one-down'",
  'a server that failed several times in a row': [
    'test/fault/health.test.ts > a breaker: a server that is not there is tried seldom, and again once it is',
    'test/proxy/pool/breaker.test.ts > without a limit it never trips',
  ],
  '`*-1` as reply to a part of `MGET`':
    "test/integration/golden-scripted.test.ts > 's-mget-null-array'",
  'RESP3 types in a reply': "test/integration/golden-scripted.test.ts > 's-backend-resp3'",
  'a count of more keys than a `DEL`, `UNLINK`, `TOUCH` or `EXISTS` has': [
    "test/integration/golden-scripted.test.ts > 's-del-huge-int-wraps'",
    'test/integration/multi-key.test.ts > counts that no server can have made: an error, and the connections are kept',
  ],

  // What servers see
  'a client says `HELLO` or `INFO`':
    'test/integration/redis-version.test.ts > is asked for once by clients that come together, and a client may leave',
  '`MGET`, `MSET`, `DEL`, `UNLINK`, `TOUCH`, `EXISTS` whose keys all live on one server':
    "test/integration/golden-scripted.test.ts > 's-mget2-rebuilt'",
  'the same over several servers': [
    'test/golden/scripted.json > "s-mget-split"',
    'test/golden/scripted.json > "s-del-split"',
  ],
  '`redis_auth`':
    'test/integration/credentials.test.ts > is that of a user, and clients have a password of their own',
  '`redis_auth` with `redis_db`': "test/integration/golden-scripted.test.ts > 's-auth-select'",
  '`redis_auth` with `preconnect`':
    'test/integration/pools.test.ts > redis_auth with preconnect logs in before any request',
  '`redis_db` with a server on a unix socket':
    'test/integration/pools.test.ts > redis_db of a server on a unix socket is selected',
  '`server_connections` above 1':
    'test/integration/pools.test.ts > server_connections: 4, opened as clients come, each client in order',
  'large bodies':
    'test/integration/large.test.ts > a sender that stalls delays nobody, and one that leaves leaves nothing behind',

  // What operators see
  '`listen` names a unix socket on which another process listens':
    'test/net/socket-file.test.ts > refuses a path on which somebody listens, and leaves it alone',
  'a failed start with the pid file of a process that runs':
    'test/cli/one-path-each.test.ts > a failed start gives the file back to the one that runs',
  SIGUSR2: [
    'test/cli/shutdown.test.ts > --no-upgrade: USR2 and upgrade are refused, and it serves on',
    'test/cli/shutdown.test.ts > process 1 of a container: the same',
    'test/workers/upgrade.test.ts > the next process takes over under load: no client notices',
  ],
  SIGTERM:
    'test/cli/shutdown.test.ts > unready at once, it serves on for --shutdown-delay-ms, then it drains',
  'the stats port': [
    'test/stats/stats-readers.test.ts > finds all pools and servers, and nothing that it does not know',
    'test/stats/stats-port.test.ts > after the recorded traffic it says what nutcracker said',
    "test/stats/stats-readers.test.ts > sends ringway's own figures as well, in an object that can be taken for a pool",
  ],
  'one server out of service':
    'test/workers/server-orders.test.ts > a drained server answers what is in flight, then has no connections',
  'an ejected server that closed its connections, in the log':
    'test/proxy/backend/failure.test.ts > is told to clients in the words of twemproxy',
  HTTP: 'test/stats/http-address.test.ts > is a warning when nobody asked for it, and the proxy runs',
  'a scraper or browser that asks the HTTP address by a DNS name':
    'test/stats/http-hosts.test.ts > are refused with a text that names the option, whatever the path',
  'many connections to the stats port, or slow ones': [
    'test/stats/stats-port.test.ts > more connections than it takes, that all stay open and talk, keep nobody out',
    'test/stats/stats-port.test.ts > who goes on talking is closed all the same',
  ],
  'clients by their address':
    'test/integration/client-addresses.test.ts > who is not on the list is closed without a byte, on plain doors and TLS doors',
  'commands that a pool refuses':
    'test/integration/command-rules.test.ts > a read-only pool reads, and refuses what may write',
  'behind a load balancer':
    'test/integration/proxy-protocol.test.ts > lists of addresses are about clients',
  users:
    'test/integration/users.test.ts > random requests are refused in the same words, or not at all',
  TLS: 'test/integration/tls-doors.test.ts > nowhere: TLS to a pool without it says what the pool needs',
  '`redis_auth` of more than 16,000 bytes':
    'test/config/problems.test.ts > a password that no login has room for',
  'control characters in what clients and servers say':
    'test/logging/logs.test.ts > writes one line each, whatever clients send',
  'names with letters beyond ASCII': [
    'test/integration/names.test.ts > the stats port',
    'test/integration/names.test.ts > metrics, status, ctl, top',
    'test/integration/names.test.ts > the log: listeners and failing servers',
  ],

  // memcached pools
  'an unknown command, upper case, `get` without a key': [
    "test/integration/memcache-golden.test.ts > 'm-unknown'",
    "test/integration/memcache-golden.test.ts > 'm-get-upper'",
    "test/integration/memcache-golden.test.ts > 'm-get-no-key'",
  ],
  '`gat`, `gats`, `verbosity`, meta commands': [
    "test/integration/memcache-golden.test.ts > 'm-gat'",
    'test/integration/memcache-differential.test.ts > one memcached and ringway before four answer alike',
  ],
  '`stats`':
    'test/integration/memcache-stats.test.ts > stats are the sums of those that answer, with the version that `version` has',
  '`flush_all`': [
    'test/integration/memcache-servers.test.ts > flush_all when the pool does not allow it',
    'test/integration/memcache-servers.test.ts > flush_all when the pool allows it',
  ],
  'a key of more than 250 bytes, or with NUL or CR in it': [
    "test/integration/memcache-golden.test.ts > 'm-key-251'",
    'test/conformance/memcache-grammar.test.ts > the connection goes on after every line on which nutcracker closes',
  ],
  'a negative exptime': "test/integration/memcache-golden.test.ts > 'm-negative-exptime'",
  'a data block that is longer than its line says':
    "test/integration/memcache-golden.test.ts > 'm-data-too-long'",
  '`get` of several keys, one server is down': [
    'test/integration/memcache-servers.test.ts > multiget_failure: ',
    "test/integration/memcache-golden.test.ts > 'm-dead-multiget'",
  ],
  'an error from one server of a split `get`':
    "test/integration/memcache-golden.test.ts > 's-mc-fragment-error'",
  'a meta reply to a text command (`HD`)':
    "test/integration/memcache-golden.test.ts > 's-mc-unknown-reply'",
  'several gets for one server at the same time': [
    'test/integration/joined-gets.test.ts > are one line for the server, and each has a reply of its own',
    'test/integration/joined-gets.test.ts > a line ends before it is longer than 2048 bytes',
    'test/integration/joined-gets.test.ts > join_gets: false sends each get alone',
  ],
  '`get` whose keys all live on one server':
    "test/integration/memcache-golden.test.ts > 's-mc-multiget-rebuilt'",
  'the binary protocol':
    'test/integration/memcache-servers.test.ts > the binary protocol: an error reply with its opcode, a log line, the end',
};

/** Rows that name what brings nutcracker's behaviour back, as the row must have it between backticks. */
export const RESTORED_BY: Readonly<Record<string, string>> = {
  HUP: '--hup=reopen',
  'a script of more than 1 MiB in `EVAL`': 'max_script',
  'a server that failed several times in a row': 'breaker_failures: 0',
  SIGUSR2: '--no-upgrade',
  HTTP: '--http-addr',
  'a scraper or browser that asks the HTTP address by a DNS name': '--http-hosts',
  'several gets for one server at the same time': 'join_gets: false',
};
