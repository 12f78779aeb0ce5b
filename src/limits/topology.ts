/** Sentinels, control connections and failovers. */

/** A line, a word and a whole reply of a sentinel, and how deep its lists go. */
export const SENTINEL_LINE_BYTES = 4 * 1024;
export const SENTINEL_WORD_BYTES = 16 * 1024;
export const SENTINEL_REPLY_BYTES = 1024 * 1024;
export const SENTINEL_REPLY_DEPTH = 4;
/** A host that a sentinel names, and replicas that it lists for one master. */
export const SENTINEL_HOST_BYTES = 255;
export const SENTINEL_REPLICAS = 64;
/** Unanswered questions to one sentinel or server: three for each of its masters. */
export const CONTROL_QUESTIONS = 4096;
/** A connection for questions that is idle this long is asked whether it is there. */
export const CONTROL_PING_MS = 1_000;
/** One that owes an answer and says nothing this long is given up for another. */
export const CONTROL_ANSWER_MS = 1_000;
/** The first wait before it is made again; it doubles up to a maximum, with jitter. */
export const CONTROL_RETRY_MS = 100;
export const CONTROL_RETRY_MAX_MS = 5_000;
/** Sentinels are asked about each master this often, and so often while requests wait for it. */
export const SENTINEL_POLL_MS = 5_000;
export const SENTINEL_TROUBLE_POLL_MS = 250;
/** A sentinel is asked about one master at most this often. */
export const SENTINEL_ASK_MS = 50;
/** What a sentinel does wrong is told at most this often. */
export const SENTINEL_LOG_MS = 10_000;
/** So long after requests began to wait. */
export const SENTINEL_TROUBLE_MS = 15_000;
/** What a sentinel said longer ago does not count: three polls. */
export const SENTINEL_VIEW_MS = 15_000;
/** The replica that is being promoted is asked for its role this often. */
export const PROMOTION_POLL_MS = 10;
/** A promotion that takes longer is not waited for. */
export const PROMOTION_MS = 3_000;
/** One that sentinels do not know of is asked this often whether it has been taken back. */
export const PROMOTION_DOUBT_MS = 1_000;
/** A server that is said to be the master is asked for so long whether it is. */
export const CONFIRM_MS = 5_000;
/** A sentinel whose announced promotion did not come is not believed the next for so long. */
export const SENTINEL_DISTRUST_MS = 60_000;
/** After a promotion sentinels may name the server before it for so long: not all have heard. */
export const SENTINEL_LAG_MS = 30_000;
/** A master of a lower epoch is believed when most sentinels name it for so long. */
export const SENTINEL_RESET_MS = 10_000;
/** Sentinels of a pool: a master has three to seven. */
export const SENTINELS = 32;
/** Servers of a pool with replicas are asked for their role this often, and in trouble so often. */
export const ROLE_POLL_MS = 1_000;
export const ROLE_TROUBLE_POLL_MS = 50;
/** So long after requests began to wait. */
export const ROLE_TROUBLE_MS = 15_000;
/** Lines of INFO replication that are looked at: 20, and one for each replica. */
export const REPLICATION_LINES = 128;
/** Replicas that the configuration names for one server. */
export const REPLICAS = 64;
/** While its master is away a replica is read for so many seconds. */
export const READ_LINK_DOWN_S = 60;
/** A replica that fails, or says that it cannot serve, is not read for so long. */
export const REPLICA_AWAY_MS = 1_000;
/** A master that is told to hand over waits so long for its replica to have all data. */
export const PLANNED_FAILOVER_MS = 5_000;
/** Names that are looked up at once: a look-up by the system takes one of Node's four threads. */
export const NAME_LOOKUPS = 2;
/** Names are looked at this often for whether they are due. */
export const NAME_TICK_MS = 250;
/** No name is looked up more often than this, whatever its TTL. */
export const NAME_TTL_MS = 1_000;
/** That a name does not resolve is told at most this often. */
export const NAME_LOG_MS = 60_000;
/** That a name leads elsewhere, or lists others, is told so often in that time. */
export const NAME_CHANGES_TOLD = 5;
/** Addresses of one name. */
export const NAME_ADDRESSES = 64;
/** SRV records are looked up this often where no `dns_interval` says otherwise, */
export const SRV_INTERVAL_MS = 5_000;
/** and so many of those that a name lists are taken. */
export const SRV_MEMBERS = 1024;
/** So many servers of a pool with `discover_members` have room in the arena from the start. */
export const DISCOVERED_MEMBERS = 256;
/** Rings are compared with what SRV records list this often, */
export const MEMBERS_TICK_MS = 1_000;
/** and changed no more often than this: each change moves keys. */
export const MEMBERS_PACE_MS = 10_000;
/** A list that members are missing from must be heard again so much later: not from one cache. */
export const MEMBERS_AGAIN_MS = 900;
/** A list that more than half of the members are missing from must stay so for so long. */
export const MEMBERS_HOLD_MS = 30_000;
/** A ring is never less than half of the largest of so long, unless an operator says so. */
export const MEMBERS_FLOOR_MS = 600_000;
/** Who comes or goes waits at most so long for an answer that nobody else is missing from. */
export const MEMBERS_LATE_MS = 20_000;
/** Members of a list that one line of the log names. */
export const MEMBERS_TOLD = 20;
/** Who must know now what a name lists waits so long for it. */
export const SRV_FIRST_MS = 3_000;
/** Servers that one line of the file stands for. */
export const SERVER_PATTERN = 1024;
/** What a node of a Redis Cluster says at once: 1,024 nodes and slots that are all alone fit. */
export const CLUSTER_WORD_BYTES = 4 * 1024 * 1024;
export const CLUSTER_REPLY_BYTES = 8 * 1024 * 1024;
/** Nodes of a cluster, replicas too; what is listed behind them is not looked at. */
export const CLUSTER_NODES = 1024;
/** Connections that a cluster is asked by, each to another node. */
export const CLUSTER_LINKS = 6;
/** A cluster is asked who has which slots this often, more or less. */
export const CLUSTER_POLL_MS = 10_000;
/** No cluster is asked more often than this, whatever happens to it. */
export const CLUSTER_ASK_MS = 1_000;
/** While requests wait it is asked at least this often, */
export const CLUSTER_TROUBLE_POLL_MS = 5_000;
/** and a node is asked this often whether more of it is served, */
export const CLUSTER_LOOK_MS = 250;
/** each of so many in its turn. */
export const CLUSTER_LOOKOUTS = 3;
/** So long after the last that began to wait. */
export const CLUSTER_TROUBLE_MS = 5_000;
/** Redirections that come together are asked about once, after this. */
export const CLUSTER_HINT_MS = 200;
/** What a node said longer ago does not count, unless it is all that is known. */
export const CLUSTER_VIEW_MS = 60_000;
/** How often a script, which may say so itself, or a subscription is sent elsewhere. */
export const REDIRECTIONS = 5;
/** A request is sent elsewhere so often at once, then after this; each time twice as long. */
export const REDIRECTIONS_AT_ONCE = 2;
export const REDIRECTION_PAUSE_MS = 50;
/** A request that its slot's move lets wait is tried again after this; each time twice as long. */
export const SLOT_RETRY_MS = 10;
export const SLOT_RETRY_MAX_MS = 160;
/** Trouble of one request that comes so long after the last is that of another outage. */
export const OTHER_OUTAGE_MS = 1_000;
/** Bytes of requests of a pool that wait so in one process; half of them of one client at most. */
export const SLOT_WAITING_BYTES = 32 * 1024 * 1024;
/** The same of one connection: those whose clients have asked its node for more behind them. */
export const SET_ASIDE_BYTES = 16 * 1024 * 1024;
/** What each of them counts for besides its bytes. */
export const WAITING_REQUEST_BYTES = 256;
/** What a redirection said of a slot is kept so long against a view that has not changed. */
export const SLOT_HEARSAY_MS = 10_000;
/** Other proxies of `announce` are asked this often whether they are there, */
export const PEER_PING_MS = 1_000;
/** and one that has not answered for so long is not. */
export const PEER_DEAD_MS = 3_000;
/** Who says more than this when it is asked is no proxy, and heard no further. */
export const PEER_ANSWER_BYTES = 4 * 1024;
/** Names that clients of a pool have asked for their master by, and the longest. */
export const SENTINEL_NAMES = 64;
export const SENTINEL_NAME_BYTES = 255;
/** Addresses of proxies whose ids are kept. */
export const CLUSTER_VIEW_IDS = 1024;
