import type { Reply } from '../../clients/reply-stream.ts';
import type { AskLink } from '../ask-link.ts';
import type { BusMessage, Member, Membership } from './membership.ts';

/** The node whose bus it is. */
export interface BusOwner {
  readonly now: number;
  readonly nodeTimeoutMs: number;
  readonly membership: Membership;
  /** How far its data are; 0 = it has none of its master yet. */
  readonly toldOffset: number;
  newLink(member: Member): AskLink;
  /** Most masters hold that one is gone. */
  onFailed(member: Member): void;
  /** It knows more than before. */
  onNews(): void;
}

/**
 * What nodes of a cluster tell each other. The real ones do it over ports of their own, in binary
 * messages; here it is a question and an answer, over the port that clients use.
 */
export class Bus {
  readonly #owner: BusOwner;
  readonly #links: Map<string, AskLink> = new Map();
  readonly #askedAt: Map<string, number> = new Map();
  readonly #unanswered: Map<string, number> = new Map();

  constructor(owner: BusOwner) {
    this.#owner = owner;
  }

  /** What is told to each of the others. */
  message(updates: BusMessage['updates'] = []): string {
    const { membership, toldOffset } = this.#owner;
    const from = membership.headerOf(membership.me, toldOffset);
    return JSON.stringify({ from, gossip: membership.gossip(), updates });
  }

  tick(): void {
    const { now, nodeTimeoutMs, membership } = this.#owner;
    for (const member of membership.others()) {
      const link = this.linkTo(member);
      if (!link.up) {
        link.connect();
        continue;
      }
      const waiting = this.#unanswered.get(member.id);
      if (waiting !== undefined) {
        // It may be the connection that is broken.
        if (now - waiting > nodeTimeoutMs / 2) this.#renew(member.id, link);
        continue;
      }
      if (now - (this.#askedAt.get(member.id) ?? 0) >= nodeTimeoutMs / 4) this.ask(member);
    }
    this.#judge();
  }

  #renew(id: string, link: AskLink): void {
    link.close();
    this.#unanswered.delete(id);
    link.connect();
  }

  linkTo(member: Member): AskLink {
    const known = this.#links.get(member.id);
    if (known !== undefined) return known;
    const link = this.#owner.newLink(member);
    this.#links.set(member.id, link);
    return link;
  }

  ask(member: Member): void {
    const { now } = this.#owner;
    const isSent = this.linkTo(member).ask(['BUS', this.message()], (reply) => {
      this.#unanswered.delete(member.id);
      member.heardAt = this.#owner.now;
      const message = messageOf(reply);
      if (message !== null) this.hear(message);
    });
    if (!isSent) return;
    this.#askedAt.set(member.id, now);
    this.#unanswered.set(member.id, now);
  }

  /** Tells all at once. */
  broadcast(): void {
    for (const member of this.#owner.membership.others()) this.ask(member);
  }

  /** @returns what it is answered */
  hear({ from, gossip, updates }: BusMessage): string {
    const { membership, now } = this.#owner;
    const member = membership.members.get(from.id);
    if (member === undefined) return this.message();
    const wrong = membership.hear(from);
    for (const update of updates) membership.learn(update);
    for (const { id, host, port, silent, failed } of gossip) {
      const known = membership.members.get(id) ?? membership.add(id, { host, port }, now);
      if (known === null || known === membership.me) continue;
      const isVoter = from.master === null && from.slots !== '';
      if (isVoter && (silent || failed)) known.reports.set(from.id, now);
      else known.reports.delete(from.id);
      if (failed && !known.failed && known.silent) this.#fail(known);
    }
    membership.tidy();
    this.#owner.onNews();
    return this.message(wrong);
  }

  /** Who is silent, and who is gone. */
  #judge(): void {
    const { membership, now, nodeTimeoutMs } = this.#owner;
    for (const member of membership.others()) {
      member.silent = now - member.heardAt > nodeTimeoutMs;
      for (const [id, at] of member.reports) {
        if (now - at > 2 * nodeTimeoutMs) member.reports.delete(id);
      }
      if (!member.silent && member.failed) this.#forgive(member);
      if (!member.silent || member.failed) continue;
      const own = membership.isMaster && membership.slotsOf(membership.me.id) !== '' ? 1 : 0;
      if (member.reports.size + own >= membership.majority) this.#fail(member);
    }
  }

  #fail(member: Member): void {
    member.failed = true;
    member.failedAt = this.#owner.now;
    this.#owner.onFailed(member);
    this.broadcast();
  }

  #forgive(member: Member): void {
    const { membership, now, nodeTimeoutMs } = this.#owner;
    const hasSlots = member.master === null && membership.slotsOf(member.id) !== '';
    if (!hasSlots || now - member.failedAt > 2 * nodeTimeoutMs) member.failed = false;
  }

  forget(id: string): void {
    this.#links.get(id)?.close();
    this.#links.delete(id);
    this.#unanswered.delete(id);
  }

  /** The process ends. */
  stop(): void {
    for (const link of this.#links.values()) link.close();
    this.#unanswered.clear();
  }
}

function messageOf(reply: Reply): BusMessage | null {
  if (reply.kind !== 'bulk') return null;
  return JSON.parse(reply.bytes.toString('latin1')) as BusMessage;
}
