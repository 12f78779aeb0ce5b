import { REDIRECTIONS } from '../../../../limits.ts';
import type { DialTarget } from '../../../../net/dial.ts';
import { SLOT_MOVED } from '../../../backend/again/redirections.ts';
import { addressIn } from '../../../backend/again/request-mover.ts';
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
  const from = { owner: { name, config: { host: target.host } } };
  const error = mover.learn(from, redirection);
  const owner = pool.servers.at(slots.serverOf(redirection.slot));
  if (redirection.slot < 0 || owner === undefined) return error;
  // A node that is not known yet, as one that has just joined, is known in a moment.
  const isUnknown =
    redirection.kind === SLOT_MOVED && slots.serverAt(addressIn(from, redirection)) === null;
  const isElsewhere = owner.name !== name || isUnknown;
  return isElsewhere && topic.redirections++ < REDIRECTIONS ? null : error;
}
