import { REDIRECTIONS } from '../../../../limits.ts';
import type { DialTarget } from '../../../../net/dial.ts';
import type { Pool } from '../../../pool/pool.ts';
import { addressOf } from '../../../pool/pool-changes.ts';
import { SHARD } from './kinds.ts';
import type { Topic } from './topic.ts';

/**
 * A server has refused a topic: a node of a cluster may know that another has its slot.
 * @param said its error
 * @returns null when the pool goes by that from now on; else what is told to whoever waits
 */
export function refusalOf(
  pool: Pool,
  target: DialTarget,
  topic: Topic,
  said: Buffer,
): Buffer | null {
  const { mover, slots, protocol } = pool;
  if (topic.kind !== SHARD || mover === null || slots === null) return said;
  const redirection = protocol.slots?.redirection(said, 0, said.length) ?? null;
  if (redirection === null) return said;
  const name = addressOf(target);
  const error = mover.learn({ owner: { name, config: { host: target.host } } }, redirection);
  const owner = pool.servers.at(slots.serverOf(redirection.slot));
  const isElsewhere = redirection.slot >= 0 && owner !== undefined && owner.name !== name;
  return isElsewhere && topic.redirections++ < REDIRECTIONS ? null : error;
}
