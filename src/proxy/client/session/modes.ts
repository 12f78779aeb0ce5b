/**
 * What a client is doing. In all modes but NORMAL every request of it leaves the fast loop, and is
 * given to the handler of its mode.
 */

/** It asks, and is answered. */
export const NORMAL = 0;
/** Between MULTI and EXEC. */
export const QUEUEING = 1;
/** It has subscriptions, and speaks RESP2. */
export const SUBSCRIBED = 2;
/** It sees what the servers do. */
export const MONITORING = 3;
