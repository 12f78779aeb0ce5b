// Made by packaging/generate/write.ts of the table of keys; do not change it here.

import type { DistributionName, HashName } from '../config/index.ts';

/** The keys of a pool as a configuration file has them; docs/configuration.md explains each. */
export interface PoolKeys {
  /** Where clients connect: `host:port`, or `/path` or `/path MODE` for a unix socket. */
  readonly listen: string;
  /** The list of servers: `host:port:weight [name]` or `/path:weight [name]`. */
  readonly servers: readonly string[];
  /** The hash function of the keys. Default fnv1a_64. */
  readonly hash?: HashName;
  /** How a hash becomes a server. Default ketama. */
  readonly distribution?: DistributionName;
  /** Two bytes, such as `"{}"`: only the part of a key between them is hashed. */
  readonly hash_tag?: string;
  /** How long to wait for a server. 0 or absent: for ever. In ms. */
  readonly timeout?: number;
  /** The length of the queue of connections not yet accepted. Default 512. */
  readonly backlog?: number;
  /**
   * Clients of this pool at once; one more gets `-ERR max number of clients reached`
   * (memcached: `ERROR Too many open connections`) and is closed. 0 or absent = unlimited.
   * (nutcracker accepts the key and ignores it.)
   */
  readonly client_connections?: number;
  /** The protocol of the pool: `true` Redis, `false` memcached. Default false. */
  readonly redis?: boolean;
  /** TCP keep-alive on the connections of clients. Default false. */
  readonly tcpkeepalive?: boolean;
  /** The password sent to the servers, and asked of clients. Redis pools only. */
  readonly redis_auth?: string;
  /** The database selected on the servers. Ignored in memcached pools. Default 0. */
  readonly redis_db?: number;
  /** Connect to every server at start. Default false. */
  readonly preconnect?: boolean;
  /** Take a failing server out of the ring for a while. Default false. */
  readonly auto_eject_hosts?: boolean;
  /** Connections to each server. Default 1. */
  readonly server_connections?: number;
  /** How long an ejected server stays out. In ms. Default 30000. */
  readonly server_retry_timeout?: number;
  /** Failures in a row that eject a server. 0 acts like 1. Default 2. */
  readonly server_failure_limit?: number;
  /**
   * The largest request that is assembled in memory; larger bodies are streamed. In bytes.
   * Default 4194304.
   */
  readonly max_assembled_request?: number;
  /**
   * Reply bytes buffered for one client before ringway stops reading its requests. In bytes.
   * Default 33554432.
   */
  readonly client_output_limit?: number;
  /**
   * Request bytes that are taken in of a client that does not read its replies. 0: none. In
   * bytes. Default 67108864.
   */
  readonly client_input_limit?: number;
  /**
   * Requests that take this long go into the slow log (`SLOWLOG GET`). 0 or absent: none. In
   * ms. Default 0.
   */
  readonly slowlog_ms?: number;
  /** Entries that the slow log keeps. Default 128. */
  readonly slowlog_length?: number;
  /** Keep keys out of the slow log. Default false. */
  readonly slowlog_redact?: boolean;
  /** The requests between MULTI and EXEC, in all. In bytes. Default 33554432. */
  readonly max_transaction?: number;
  /**
   * How long keys are watched for a client (WATCH); then its EXEC answers nil. In ms.
   * Default 60000.
   */
  readonly watch_timeout?: number;
  /**
   * When some servers of an MGET fail: `error` answers with the first error, `per-key` puts
   * each error in the place of its values. Default error.
   */
  readonly partial_failure?: 'error' | 'per-key';
  /** FLUSHDB and FLUSHALL empty all servers; otherwise they are refused. Default false. */
  readonly allow_flush?: boolean;
  /**
   * Commands that ringway does not know: `refuse` answers as Redis does, `ask` asks a server
   * where their keys are and sends them on. Default refuse.
   */
  readonly unknown_commands?: 'refuse' | 'ask';
  /**
   * Further commands, separated by commas: `NAME FIRST [LAST [STEP]]` with the words that
   * are keys, as COMMAND INFO counts them; `NAME numkeys WORD`; or `NAME none`.
   */
  readonly custom_commands?: string;
  /** Unanswered requests of one client. Default 8192. */
  readonly max_pipeline?: number;
  /** Send `flush_all` to every server. memcached pools only. Default false. */
  readonly flush_all?: boolean;
  /**
   * Gets for one server that arrive together, of any clients, are sent to it as one line,
   * which it answers with one write. memcached pools only. Default true.
   */
  readonly join_gets?: boolean;
  /**
   * A get with several keys of which a server fails: the hits of the other servers and then
   * the error line, or the error line alone. memcached pools only. Default hits.
   */
  readonly multiget_failure?: 'hits' | 'error';
  /** A client that asks for nothing this long is closed. 0: never. In ms. Default 0. */
  readonly client_idle_timeout?: number;
  /**
   * A request that is begun and gets no byte this long closes its client. 0: never. In ms.
   * Default 60000.
   */
  readonly request_read_timeout?: number;
  /**
   * A client that takes no byte of its replies this long is closed. 0: never. In ms. Default
   * 60000.
   */
  readonly client_write_timeout?: number;
  /**
   * A client that has not logged in by then (`redis_auth`) is closed; 10000 is recommended.
   * 0: never. Redis pools only. In ms. Default 0.
   */
  readonly login_timeout?: number;
  /**
   * A client that has given so many wrong passwords since it logged in last is told, and
   * closed; 10 is recommended. 0: never. Redis pools only. Default 0.
   */
  readonly max_auth_failures?: number;
  /**
   * Where a channel is subscribed to: on `all` servers, or on its `owner` alone, the server
   * that `PUBLISH` goes to. Default all.
   */
  readonly subscribe_to?: 'all' | 'owner';
  /**
   * Over which connections clients hear messages: `shared`, one to each server for all
   * clients of a process, or each client its `own`, so that servers count subscribers as
   * they are. Those are among `max_leased_connections`. Default shared.
   */
  readonly pubsub?: 'shared' | 'own';
  /**
   * When the connection that messages come over is lost: `disconnect` closes the clients
   * that may miss some, `resubscribe` leaves them a gap that they do not hear of. Default
   * disconnect.
   */
  readonly pubsub_loss?: 'disconnect' | 'resubscribe';
  /**
   * Channels, patterns and shard channels that one client may have subscribed to. Default
   * 65536.
   */
  readonly max_subscriptions?: number;
  /** Words of one request. Default 1048576. */
  readonly max_arguments?: number;
  /** The largest word of a request. In bytes. Default 536870912. */
  readonly max_bulk?: number;
  /** The longest inline request. In bytes. Default 65536. */
  readonly max_inline?: number;
  /**
   * The longest script of EVAL, SCRIPT LOAD and FUNCTION LOAD, as far as
   * `max_assembled_request` lets it through. In bytes. Default 1048576.
   */
  readonly max_script?: number;
  /**
   * Accepted without effect: replies of any depth are passed on. It once bounded them.
   * Default 32.
   */
  readonly max_reply_depth?: number;
  /** Extra connections to each server for bodies beyond `max_assembled_request`. Default 4. */
  readonly bulk_connections?: number;
  /**
   * Connections to the servers in all: servers, databases and RESP versions that clients
   * use, `server_connections` each. The idle one used longest ago is closed to make room.
   * Default 1024.
   */
  readonly max_backend_connections?: number;
  /**
   * Connections to the servers that serve one client each, for a while, besides
   * `max_backend_connections`. Redis pools only. Default 1024.
   */
  readonly max_leased_connections?: number;
  /** How long a request may wait for such a connection. In ms. Default 1000. */
  readonly lease_wait?: number;
  /** How long an unused one of them stays open. In ms. Default 30000. */
  readonly lease_idle?: number;
  /**
   * Bytes queued to one server connection before the clients that feed it wait. In bytes.
   * Default 4194304.
   */
  readonly server_output_limit?: number;
  /** How long a connection may take. 0: `timeout`. In ms. Default 0. */
  readonly connect_timeout?: number;
  /**
   * Times that a read is sent again when its server fails before it begins to answer.
   * Without effect with `sentinels`: reads are sent again there. Default 0.
   */
  readonly retry_reads?: number;
  /** Ask an ejected server with a PING before it returns to the ring. Default false. */
  readonly server_probe?: boolean;
  /**
   * Failures in a row after which requests to a server fail at once for a while. 0: never.
   * Without effect with `auto_eject_hosts`. Default 10.
   */
  readonly breaker_failures?: number;
  /** The longest such while; the first is 50 ms. In ms. Default 1000. */
  readonly breaker_max_wait?: number;
  /**
   * Answer SENTINEL, so that clients which look for their master by sentinels find ringway
   * as the master of every name. Redis pools only. Default false.
   */
  readonly sentinel_view?: boolean;
  /**
   * Where clients reach this pool, `host:port`, and behind it where they reach the same pool
   * of other proxies, separated by commas. Absent: where the client has connected to.
   */
  readonly announce?: string;
  /**
   * Names of servers, replicas and sentinels are looked up so often, and a server whose name
   * leads elsewhere is followed. 0: each connection looks its name up. In ms. Default 0.
   */
  readonly dns_interval?: number;
  /**
   * How names are looked up: `system` as all programs do it (/etc/hosts, nsswitch),
   * `resolver` by asking name servers, and again when the TTL of the answer is over. Default
   * system.
   */
  readonly dns?: 'system' | 'resolver';
  /**
   * What `srv:NAME` or `srv:NAME:WEIGHT` in `servers` stands for: with `follow` the servers
   * that SRV records list, each as if it stood there by itself. When others are listed the
   * ring changes, and keys move; it is never less than half of the largest of the last 10
   * minutes, unless an operator accepts that. Without `cluster`, `sentinels` and `replicas`.
   * Default off.
   */
  readonly discover_members?: 'off' | 'follow';
  /**
   * A list of replicas, `host:port name` each, with the name of their server; `srv:NAME
   * name` stands for those that SRV records list. A replica that somebody promotes is
   * followed without sentinels, and replicas can be read (`read_from`).
   */
  readonly replicas?: readonly string[];
  /**
   * A replica (`replicas`) is promoted when most proxies say that its master is down. Wants
   * `witnesses`, and masters with `min-replicas-to-write`: docs/high-availability.md says
   * why. Default false.
   */
  readonly promote?: boolean;
  /**
   * A list of Redis servers of nothing else, `host:port` each, three or more: most of them
   * decide which proxy promotes which replica. The same list for every proxy.
   */
  readonly witnesses?: readonly string[];
  /**
   * With `promote`: so long a master must not have been seen until it is said to be down. In
   * ms. Default 5000.
   */
  readonly down_after?: number;
  /**
   * Promote a replica also while the old master may go on acknowledging writes to whoever
   * still reaches it: they are lost. Default false.
   */
  readonly promote_unfenced?: boolean;
  /**
   * Where commands that only read go: `prefer-replica` to replicas, or the master while none
   * is fit; `replica` to replicas only; `any` to all; `nearest` to whichever answers
   * fastest. Default master.
   */
  readonly read_from?: 'master' | 'prefer-replica' | 'replica' | 'any' | 'nearest';
  /** How far behind its master a replica may be to be read. In bytes. Default 10485760. */
  readonly max_replica_lag?: number;
  /**
   * So long after a write of a client what that client reads comes from the master. In ms.
   * Default 100.
   */
  readonly read_after_write?: number;
  /**
   * A list of Redis Sentinels, `host:port` each; a weight behind it is ignored. `srv:NAME`
   * stands for those that SRV records list. The name of each server is then that of a master
   * they watch, and its address where the master is until they have said so. Redis pools
   * only, without `auto_eject_hosts`.
   */
  readonly sentinels?: readonly string[];
  /** What sentinels want to be told by AUTH: `password` or `user password`. */
  readonly sentinel_auth?: string;
  /** As `sentinel_auth`: it is what the file holds, read again for each connection. */
  readonly sentinel_auth_file?: string;
  /** As `sentinel_auth`: it is in this variable of the environment. */
  readonly sentinel_auth_env?: string;
  /** Speak TLS to the sentinels, as `server_tls` and its kin say. Default false. */
  readonly sentinel_tls?: boolean;
  /** What stands before the name of a server where sentinels know it. */
  readonly sentinel_prefix?: string;
  /**
   * How long requests that were not executed wait for a new master. 0: they fail at once. In
   * ms. Default 5000.
   */
  readonly failover_wait?: number;
  /**
   * The servers are nodes of one Redis Cluster: `servers` names some of them, the others and
   * who has which slots are learned from them. Redis pools only, without `hash`,
   * `distribution`, `redis_db`, `auto_eject_hosts` and `sentinels`. Default false.
   */
  readonly cluster?: boolean;
  /**
   * Whether clients that ask by CLUSTER see a cluster, of which the proxy is the only node.
   * `auto`: in pools with `cluster: true`. Redis pools only. Default auto.
   */
  readonly cluster_view?: 'auto' | 'on' | 'off';
  /** The user as which ringway logs in to the servers (ACL). Absent: `default`. */
  readonly redis_user?: string;
  /** As `redis_auth`: the password is what the file holds. */
  readonly redis_auth_file?: string;
  /** As `redis_auth`: the password is in this variable of the environment. */
  readonly redis_auth_env?: string;
  /** The password asked of clients, apart from that of the servers. Redis pools only. */
  readonly client_auth?: string;
  /** As `client_auth`: the password is what the file holds. */
  readonly client_auth_file?: string;
  /** As `client_auth`: the password is in this variable of the environment. */
  readonly client_auth_env?: string;
  /** `false`: clients need no password, though the servers do. Default true. */
  readonly client_auth_required?: boolean;
  /**
   * Addresses and networks, separated by commas: other clients are closed, unread. Clients
   * of unix sockets have no address and are let in.
   */
  readonly allow_clients?: string;
  /** As `allow_clients`: these are closed, also if they are allowed. */
  readonly deny_clients?: string;
  /**
   * Clients of other machines are told `-DENIED` and closed, unless the pool asks for a
   * password or a certificate, or has `allow_clients`. Default false.
   */
  readonly protected_mode?: boolean;
  /**
   * Connections begin with a header of the PROXY protocol (version 1 or 2), in which a load
   * balancer says where the client comes from; others are closed. Default false.
   */
  readonly proxy_protocol?: boolean;
  /**
   * Commands that may write are refused, and scripts but for EVAL_RO and its kin. Redis
   * pools only. Default false.
   */
  readonly read_only?: boolean;
  /**
   * `MONITOR` is allowed: who uses it sees all commands that the servers carry out, with
   * keys and values. Redis pools only. Default false.
   */
  readonly allow_monitor?: boolean;
  /**
   * Parameters that clients may set by `CONFIG SET` on all servers, separated by commas,
   * such as `notify-keyspace-events`; others are refused. Redis pools only.
   */
  readonly allow_config_set?: string;
  /**
   * Commands that are refused, separated by commas; of a subcommand both names, with a bar
   * between them. Redis pools only.
   */
  readonly deny_commands?: string;
  /**
   * A list of commands and other names, `FLUSHALL empty-it-all`: clients call them so, and
   * by their own names no more. Redis pools only.
   */
  readonly rename_commands?: readonly string[];
  /**
   * So many requests a client may send in a second, those of one second at once. 0: any
   * number. Default 0.
   */
  readonly client_requests_per_second?: number;
  /** The same, of bytes of requests. Default 0. */
  readonly client_bytes_per_second?: number;
  /**
   * As `client_requests_per_second`, for all clients of a user together; without users, for
   * all of the pool. Each worker has its part. Default 0.
   */
  readonly user_requests_per_second?: number;
  /** The same, of bytes of requests. Default 0. */
  readonly user_bytes_per_second?: number;
  /**
   * What is beyond these rates: `wait` leaves it unread until there is room, `error` answers
   * `-ERR rate limit reached`. Redis pools only; others wait. Default wait.
   */
  readonly rate_action?: 'wait' | 'error';
  /**
   * A file that is told who asks for what: lines of JSON with client, user, command, keys
   * and verdict. Redis pools only.
   */
  readonly audit_log?: string;
  /**
   * One request of so many is told there. 0: none but those that are refused, which all are
   * told. Default 1.
   */
  readonly audit_sample?: number;
  /**
   * When the file has so many, it is renamed, and a new one begun. 0: never. In bytes.
   * Default 67108864.
   */
  readonly audit_size?: number;
  /** Earlier files that are kept; the oldest are deleted. Default 8. */
  readonly audit_files?: number;
  /**
   * A list of users, each a name and rules as ACL SETUSER of Redis takes them. Redis pools
   * only.
   */
  readonly users?: readonly string[];
  /**
   * As `users`: a file with lines as ACL SAVE of Redis writes them, `user NAME RULES`. Redis
   * pools only.
   */
  readonly users_file?: string;
  /**
   * Who checks the logins of clients. `server`: each must log in as a user of the servers,
   * and its requests go there over connections of that user. Redis pools only. Default
   * ringway.
   */
  readonly logins?: 'ringway' | 'server';
  /** Clients speak TLS on `listen`. Default false. */
  readonly tls?: boolean;
  /** A second address, where clients speak TLS; on `listen` they do not. */
  readonly tls_listen?: string;
  /** PEM: the certificate that clients are shown. */
  readonly tls_cert_file?: string;
  /** PEM: its key. */
  readonly tls_key_file?: string;
  /** The password of that key, in a file. */
  readonly tls_key_pass_file?: string;
  /**
   * Further certificates and keys, `CERT KEY, CERT KEY`: clients that ask for a name (SNI)
   * are shown the one made out to it. At most 256.
   */
  readonly tls_certs?: string;
  /** PEM: whose certificates of clients are good. */
  readonly tls_ca_file?: string;
  /** Whether clients must show a certificate. Absent: `yes` with `tls_ca_file`, else `no`. */
  readonly tls_auth_clients?: 'yes' | 'optional' | 'no';
  /**
   * Clients are the user of `users` that their certificate is made out to (CN). Redis pools
   * only. Default off.
   */
  readonly tls_user_from_cert?: 'cn' | 'off';
  /** The oldest version of TLS. Default 1.2. */
  readonly tls_min_version?: '1.2' | '1.3';
  /** Ciphers of TLS 1.2, as OpenSSL takes them. Absent: Node.js's. */
  readonly tls_ciphers?: string;
  /** Ciphers of TLS 1.3, as OpenSSL takes them. Absent: Node.js's. */
  readonly tls_ciphersuites?: string;
  /**
   * Clients that come back may take up their session, with less work for both sides. Default
   * true.
   */
  readonly tls_session_tickets?: boolean;
  /** A client whose handshake takes longer is closed. In ms. Default 10000. */
  readonly tls_handshake_timeout?: number;
  /** Handshakes that one process begins; further clients wait, unread. Default 500. */
  readonly tls_handshakes_per_second?: number;
  /** Speak TLS to the servers of this pool. Default false. */
  readonly server_tls?: boolean;
  /** PEM: whose certificates of servers are good. Absent: those that Node.js trusts. */
  readonly server_tls_ca_file?: string;
  /** PEM: the certificate that ringway shows to servers. */
  readonly server_tls_cert_file?: string;
  /** PEM: its key. */
  readonly server_tls_key_file?: string;
  /** The password of that key, in a file. */
  readonly server_tls_key_pass_file?: string;
  /** The name that certificates of servers are made out to. Absent: the host of each server. */
  readonly server_tls_name?: string;
  /**
   * Checked of a server: issuer and name of its certificate, the issuer alone, or none.
   * Default full.
   */
  readonly server_tls_verify?: 'full' | 'ca' | 'none';
}
