// What `node build/test/sim/scale/measure.js` found: Redis 7.0 on one core of a machine that had other
// work as well. Another machine has other figures; the model takes these.

/** Microseconds of processor time of Redis for a connection that is made, greeted (ROLE, PING) and closed. */
export const CONNECT_MICROS = 103;
/** The same of a Sentinel for what ringway asks about one master: three questions, two replicas. */
export const QUESTIONS_MICROS = 19;
/** Bytes of the three replies. */
export const QUESTIONS_BYTES = 1_989;
/** Bytes of CLUSTER NODES and CLUSTER SLOTS for each node of a cluster. */
export const CLUSTER_NODE_BYTES = 175;
/** Microseconds of processor time of a node for both, in a cluster of six; more in a larger one. */
export const CLUSTER_MICROS = 63;
