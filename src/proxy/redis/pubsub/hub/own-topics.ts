import type { PoolConfig } from '../../../../config/index.ts';
import { CUT_CHANNEL } from './frame.ts';
import { CHANNEL } from './kinds.ts';
import type { Topic } from './topic.ts';

/** Channels of sentinels, as Redis documents them. */
const OF_SENTINELS: ReadonlySet<string> = new Set([
  ...['+switch-master', '+reset-master', '+slave', '+sentinel', '+reboot', '+tilt', '-tilt'],
  ...['+sdown', '-sdown', '+odown', '-odown', '+new-epoch', '+try-failover', '+elected-leader'],
  ...['+failover-state-reconf-slaves', '+failover-detected', '+failover-end', '+convert-to-slave'],
  ...['+failover-state-select-slave', '+failover-state-send-slaveof-noone', '+promoted-slave'],
  ...['+slave-reconf-sent', '+slave-reconf-inprog', '+slave-reconf-done', '+dup-sentinel'],
  ...['+selected-slave', '-failover-abort-no-good-slave', '-failover-abort-not-elected'],
  ...['+failover-end-for-timeout', '+config-update-from', '+vote-for-leader'],
]);

/**
 * What no server is asked for on behalf of clients: what ringway itself tells of, where it is a
 * sentinel, and what marks cuts, which would go to the client instead.
 */
export function isOwnTopic({ sentinelView }: PoolConfig, { kind, text }: Topic): boolean {
  if (kind !== CHANNEL) return false;
  return text.startsWith(CUT_CHANNEL) || (sentinelView && OF_SENTINELS.has(text));
}
