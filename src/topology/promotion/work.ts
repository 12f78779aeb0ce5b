import { PROMOTED_MS, PROMOTION_POLL_MS } from '../../limits.ts';
import { type Address, addressText, sameAddress } from '../facts.ts';
import { fenceOfAway, isLost, silenceMs, silentMs } from './fence.ts';
import type { Lease, LeaseOwner } from './lease.ts';
import { namesOf, type Ordered, order } from './orders.ts';
import type { PromoterParts } from './parts.ts';
import type { Plan } from './plan.ts';
import type { PromotionRecord } from './record.ts';

/** Who does what is planned. */
export interface Worker extends LeaseOwner {
  readonly parts: PromoterParts;
  /** It has nothing to do with the shard any more. */
  readonly stopped: boolean;
  /** Nobody wants that nothing is changed. */
  readonly mayAct: boolean;
  hold(): void;
  settle(record: PromotionRecord): void;
}

/** Does what is planned. @returns whether there was a promotion */
export async function carryOut(worker: Worker, plan: Plan, lease: Lease): Promise<boolean> {
  switch (plan.kind) {
    case 'nothing':
      return false;
    case 'repair':
      await repair(worker, plan.servers, lease);
      return false;
    case 'confirm': {
      const record = await lease.write(plan.epoch, plan.address, true);
      if (record !== null) worker.settle(record);
      return false;
    }
    default:
      return promote(worker, plan.epoch, plan.address, lease);
  }
}

function mayGoOn(worker: Worker, lease: Lease): boolean {
  return !worker.stopped && worker.now < lease.until;
}

/** Servers that follow nobody, or one that is gone, follow the master. */
async function repair(worker: Worker, servers: readonly Address[], lease: Lease): Promise<void> {
  const { parts, place } = worker;
  for (const address of servers) {
    if (!mayGoOn(worker, lease) || !worker.mayAct) return;
    const done = await order(parts.servers, parts.clock, address, place.address);
    const to = addressText(place.address);
    if (done !== null) parts.say(`${addressText(address)} is made a replica of ${to}`);
  }
}

/**
 * First the witnesses have it written down, so that every proxy stops sending to the old master and
 * nobody can promote another one; then no replica follows the old one any more; then the new one is
 * made a master; and only when the old one can acknowledge nothing more requests go there.
 */
async function promote(
  worker: Worker,
  epoch: number,
  address: Address,
  lease: Lease,
): Promise<boolean> {
  const { parts, place } = worker;
  const { say } = parts;
  if ((await lease.write(epoch, address, false)) === null) return false;
  worker.hold();
  const [from, to] = [place.address, address].map(addressText);
  say(`${to} is promoted: most proxies say that ${from} is down, epoch ${epoch}`);
  const wait = await redirect(worker, address, lease);
  if (wait === null) {
    say(`${to} is not promoted: not enough servers do what they are told`);
    return false;
  }
  if (wait > 0) await later(worker, wait);
  if (!(await isMasterNow(worker, address, lease))) return false;
  const record = await lease.write(epoch, address, true);
  if (record === null) return false;
  worker.settle(record);
  return true;
}

/** @returns for how long the old master may still acknowledge; null when it may for ever */
async function redirect(worker: Worker, address: Address, lease: Lease): Promise<number | null> {
  const { servers, clock, spec, say } = worker.parts;
  const { views } = servers;
  const fence = fenceOfAway({ views, fenceOf: (view) => servers.fenceOf(view.address) });
  const others = views.filter(({ address: each, facts }) => {
    return facts?.isMaster === false && !sameAddress(each, address);
  });
  if (!mayGoOn(worker, lease) || servers.viewOf(worker.place.address)?.facts?.isMaster) return null;
  const told = await Promise.all(
    others.map((each) => order(servers, clock, each.address, address)),
  );
  const done = told.filter((each): each is Ordered => each !== null);
  const masters = views.filter(({ facts }) => facts?.isMaster).length;
  const isFenced = views.length - done.length - masters - 1 - fence.toWrite <= 0;
  if (!mayGoOn(worker, lease) || !(isFenced || spec.promotion.unfenced)) return null;
  const promoted = await order(servers, clock, address, null);
  if (promoted === null) return null;
  const all = [...done, promoted];
  say(`${namesOf(all.map((each) => each.address))} do not follow the old master any more`);
  const waits = all
    .filter(({ before }) => !isLost(before, fence, views))
    .map(({ before }) => silenceMs(fence, before) - silentMs(before));
  return Math.max(0, ...waits);
}

function later(worker: Worker, ms: number): Promise<void> {
  return new Promise((resolve) => void worker.parts.clock.after(ms, resolve));
}

/** It says that it is a master, within a while. */
async function isMasterNow(worker: Worker, address: Address, lease: Lease): Promise<boolean> {
  const { servers } = worker.parts;
  const until = worker.now + PROMOTED_MS;
  while (worker.now < until && mayGoOn(worker, lease)) {
    servers.onTrouble();
    if (servers.viewOf(address)?.facts?.isMaster) return true;
    await later(worker, PROMOTION_POLL_MS);
  }
  return false;
}
