/** Promotion without sentinels. */

/** Witnesses of a pool: fewer than three have no majority when one is lost. */
export const WITNESSES_MIN = 3;
export const WITNESSES_MAX = 15;
/** Each proxy tells the witnesses of each shard this often. */
export const PROMOTION_REPORT_MS = 500;
/** One that has told them nothing for so long does not count. */
export const PROXY_ALIVE_MS = 3_000;
/** What a witness said longer ago does not count either. */
export const WITNESS_FACTS_MS = 2_000;
/** An answer of a witness that takes longer is not waited for. */
export const WITNESS_ANSWER_MS = 1_000;
/** Who reports so much too late has stood still, and may have missed what was decided. */
export const STANDSTILL_MS = 1_500;
/** It waits so long for the witnesses, before it goes on with what it knows. */
export const WAKING_MS = 2_000;
/** Whether a witness may evict is looked at this often. */
export const WITNESS_CHECK_MS = 60_000;
/** Nobody else does anything to a shard for so long. */
export const PROMOTION_LEASE_MS = 15_000;
/** What is done under a lease is over by then, and what was sent has arrived. */
export const PROMOTION_WORK_MS = 10_000;
/** A replica that is told to be a master is waited for so long. */
export const PROMOTED_MS = 3_000;
/** A server answers an order within so long. */
export const ORDER_MS = 1_000;
/** Before the next attempt; and the random rest, so that proxies do not meet again. */
export const PROMOTION_RETRY_MS = 500;
export const PROMOTION_RETRY_RANDOM_MS = 1_000;
/** A server that follows nobody, or one that is gone, is put right after so long. */
export const REPAIR_AFTER_MS = 5_000;
/** A replica that was cut off for more than so many times `down_after` is not promoted. */
export const STALE_FACTOR = 10;
/** What Redis counts in seconds may be another one by the time that it is looked at. */
export const FENCE_SLACK_S = 2;
/** Which fence a server has is asked this often. */
export const FENCE_POLL_MS = 60_000;
/** Numbers of a witness that are beyond those of most others by more are none that anybody gave. */
export const RECORD_AHEAD = 1_000;
export const TERM_AHEAD = 1_000_000;
