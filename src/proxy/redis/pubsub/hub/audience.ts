import { HUB_MATCHED_PATTERNS } from '../../../../limits.ts';
import { matchesGlob } from '../../../../protocol/redis/replies/glob.ts';
import type { HubServer } from './hub-server.ts';
import { CHANNEL, type Kind } from './kinds.ts';
import type { Topic } from './topic.ts';
import type { Topics } from './topics.ts';

/** Who hears a message, here and on the server. */
export interface Audience {
  /** Clients of this process. */
  readonly listeners: number;
  /** What the server counts for them. */
  readonly subscriptions: number;
}

/** @param topics of the pool @param server the one that a message for `name` is published on */
export function audienceOf(topics: Topics, kind: Kind, name: Buffer, server: HubServer): Audience {
  let listeners = 0;
  let subscriptions = 0;
  const add = (topic: Topic): void => {
    if (!server.holds(topic)) return;
    listeners += topic.listeners.size;
    subscriptions++;
  };
  const topic = topics.find(kind, name.toString('latin1'));
  if (topic !== undefined) add(topic);
  const { patterns } = topics;
  if (kind === CHANNEL && patterns.size <= HUB_MATCHED_PATTERNS) {
    for (const each of patterns.values()) if (matchesGlob(each.name, name, false)) add(each);
  }
  return { listeners, subscriptions };
}
