import { type Address, addressText } from '../ask-link.ts';
import { array, bulk, failure, integer, map, status } from '../redis/resp.ts';
import type { Member, Membership } from './membership.ts';
import { SLOTS, slotOf } from './slots.ts';

/** The node whose CLUSTER subcommands these are. */
export interface ClusterNodeState {
  readonly membership: Membership;
  readonly now: number;
  readonly isDown: boolean;
  readonly offset: number;
  keysIn(slot: number): string[];
  isSilent(member: Member): boolean;
  /** It goes by what others follow it for. */
  follow(master: Member): void;
  meet(address: Address): void;
  forget(id: string): void;
  failover(force: boolean, takesOver: boolean): void;
  /** Tells all others what it has. */
  announce(): void;
  /** Slots may have other owners. */
  onSlots(): void;
}

const OK = status('OK');
const NOT_A_SLOT = failure('ERR Invalid or out of range slot');
const BUS_OFFSET = 10_000;

function slotAt(text: string): number | null {
  const slot = Number(text);
  return /^\d+$/.test(text) && slot < SLOTS ? slot : null;
}

/** A reply of CLUSTER. @param words behind CLUSTER */
export function clusterReply(
  node: ClusterNodeState,
  words: readonly string[],
  resp: number,
): Buffer {
  const [subcommand, ...rest] = words;
  const { membership } = node;
  switch (subcommand.toUpperCase()) {
    case 'MYID':
      return bulk(membership.me.id);
    case 'NODES':
      return bulk(nodesText(node));
    case 'SLOTS':
      return slotsReply(membership);
    case 'SHARDS':
      return shardsReply(node, resp);
    case 'INFO':
      return bulk(infoText(node));
    case 'KEYSLOT':
      return integer(slotOf(rest[0]));
    case 'COUNTKEYSINSLOT': {
      const slot = slotAt(rest[0]);
      return slot === null ? failure('ERR Invalid slot') : integer(node.keysIn(slot).length);
    }
    case 'GETKEYSINSLOT': {
      const slot = slotAt(rest[0]);
      const count = Number(rest[1]);
      if (slot === null || !(count >= 0)) return failure('ERR Invalid slot or number of keys');
      return array(
        node
          .keysIn(slot)
          .slice(0, count)
          .map((key) => bulk(key)),
      );
    }
    case 'SETSLOT':
      return setSlot(node, rest);
    default:
      return administer(node, subcommand.toUpperCase(), rest);
  }
}

function administer(node: ClusterNodeState, what: string, rest: readonly string[]): Buffer {
  const { membership } = node;
  switch (what) {
    case 'REPLICATE': {
      const master = membership.members.get(rest[0]);
      if (master === undefined) return failure(`ERR Unknown node ${rest[0]}`);
      if (master === membership.me) return failure("ERR Can't replicate myself");
      if (master.master !== null) {
        return failure('ERR I can only replicate a master, not a replica.');
      }
      const hasSlots = membership.isMaster && membership.slotsOf(membership.me.id) !== '';
      if (hasSlots) {
        return failure('ERR To set a master the node must be empty and without assigned slots.');
      }
      node.follow(master);
      return OK;
    }
    case 'BUMPEPOCH': {
      const isBumped = membership.bumpEpoch();
      node.announce();
      return status(`${isBumped ? 'BUMPED' : 'STILL'} ${membership.me.epoch}`);
    }
    case 'MEET':
      node.meet({ host: rest[0], port: Number(rest[1]) });
      return OK;
    case 'FORGET': {
      const member = membership.members.get(rest[0]);
      if (member === undefined) return failure(`ERR Unknown node ${rest[0]}`);
      if (member === membership.me) {
        return failure("ERR I tried hard but I can't forget myself...");
      }
      if (member.id === membership.me.master) return failure("ERR Can't forget my master!");
      node.forget(member.id);
      return OK;
    }
    case 'FAILOVER': {
      if (membership.isMaster) {
        return failure('ERR You should send CLUSTER FAILOVER to a replica');
      }
      const force = rest.some((word) => /^force$/i.test(word));
      const takesOver = rest.some((word) => /^takeover$/i.test(word));
      const master = membership.members.get(membership.me.master ?? '');
      if (
        !force &&
        !takesOver &&
        (master === undefined || node.isSilent(master) || master.failed)
      ) {
        return failure('ERR Master is down or failed, please use CLUSTER FAILOVER FORCE');
      }
      node.failover(force, takesOver);
      return OK;
    }
    default:
      return failure(`ERR unknown subcommand '${what.toLowerCase()}'. Try CLUSTER HELP.`);
  }
}

function setSlot(node: ClusterNodeState, words: readonly string[]): Buffer {
  const { membership } = node;
  const { me, owners, members, migrating, importing } = membership;
  const slot = slotAt(words[0]);
  if (!membership.isMaster) return failure('ERR Please use SETSLOT only with masters.');
  if (slot === null) return NOT_A_SLOT;
  const [, action, id] = words;
  const other = id === undefined ? undefined : members.get(id);
  switch (action?.toUpperCase()) {
    case 'MIGRATING':
      if (owners[slot] !== me.id) {
        return failure(`ERR I'm not the owner of hash slot ${slot}`);
      }
      if (other === undefined) return failure(`ERR I don't know about node ${id}`);
      if (other.master !== null) return failure('ERR Target node is not a master');
      migrating.set(slot, other.id);
      return OK;
    case 'IMPORTING':
      if (owners[slot] === me.id) {
        return failure(`ERR I'm already the owner of hash slot ${slot}`);
      }
      if (other === undefined) return failure(`ERR I don't know about node ${id}`);
      if (other.master !== null) return failure('ERR Target node is not a master');
      importing.set(slot, other.id);
      return OK;
    case 'STABLE':
      importing.delete(slot);
      migrating.delete(slot);
      return OK;
    case 'NODE':
      return assign(node, slot, other, id);
    default:
      return failure('ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP');
  }
}

function assign(
  node: ClusterNodeState,
  slot: number,
  other: Member | undefined,
  id: string,
): Buffer {
  const { membership } = node;
  const { me, owners, migrating, importing } = membership;
  if (other === undefined) return failure(`ERR Unknown node ${id}`);
  if (other.master !== null) return failure('ERR Target node is not a master');
  if (owners[slot] === me.id && other !== me && node.keysIn(slot).length > 0) {
    return failure(
      `ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this ` +
        'hash slot.',
    );
  }
  if (node.keysIn(slot).length === 0) migrating.delete(slot);
  const wasMine = owners[slot] === me.id;
  if (other === me && importing.has(slot)) {
    importing.delete(slot);
    membership.bumpEpoch();
    membership.own(slot, other.id);
    node.announce();
  }
  membership.own(slot, other.id);
  // Who has given its last slot away follows who has got it.
  if (wasMine && other !== me && membership.slotsOf(me.id) === '') node.follow(other);
  node.onSlots();
  return OK;
}

// --- views -------------------------------------------------------------------------------------

function flagsOf(node: ClusterNodeState, member: Member): string {
  const flags = member === node.membership.me ? ['myself'] : [];
  flags.push(member.master === null ? 'master' : 'slave');
  if (member.failed) flags.push('fail');
  else if (member.silent) flags.push('fail?');
  return flags.join();
}

function nodesText(node: ClusterNodeState): string {
  const { membership } = node;
  const lines = [...membership.members.values()].map((member) => {
    const { id, address, master, heardAt } = member;
    const isMe = member === membership.me;
    const epoch = master === null ? member.epoch : (membership.members.get(master)?.epoch ?? 0);
    const moves = isMe ? movesText(membership) : [];
    const slots = master === null ? membership.slotsOf(id).split(' ').filter(Boolean) : [];
    return [
      id,
      `${addressText(address)}@${address.port + BUS_OFFSET}`,
      flagsOf(node, member),
      master ?? '-',
      '0',
      String(isMe ? 0 : heardAt),
      String(epoch),
      isMe || !node.isSilent(member) ? 'connected' : 'disconnected',
      ...slots,
      ...moves,
    ].join(' ');
  });
  return `${lines.join('\n')}\n`;
}

function movesText({ migrating, importing }: Membership): string[] {
  return [
    ...[...migrating].map(([slot, to]) => `[${slot}->-${to}]`),
    ...[...importing].map(([slot, from]) => `[${slot}-<-${from}]`),
  ];
}

function endpointReply({ address, id }: Member): Buffer {
  return array([bulk(address.host), integer(address.port), bulk(id), array([])]);
}

function slotsReply(membership: Membership): Buffer {
  const rows: { first: number; last: number; owner: Member }[] = [];
  for (const owner of membership.masters) {
    for (const range of membership.slotsOf(owner.id).split(' ')) {
      if (range === '') continue;
      const [first, last = first] = range.split('-').map(Number);
      rows.push({ first, last, owner });
    }
  }
  rows.sort((a, b) => a.first - b.first);
  const replicasOf = (id: string): Member[] =>
    [...membership.members.values()].filter((each) => {
      const { master, failed, offset } = each;
      const hasData = each === membership.me ? each.master !== null : offset > 0;
      return master === id && !failed && hasData;
    });
  return array(
    rows.map(({ first, last, owner }) => {
      const nodes = [owner, ...replicasOf(owner.id)].map(endpointReply);
      return array([integer(first), integer(last), ...nodes]);
    }),
  );
}

function shardsReply(node: ClusterNodeState, resp: number): Buffer {
  const { membership } = node;
  const shards = membership.masters.map((master) => {
    const ranges = [...rangePairs(membership.slotsOf(master.id))].map((slot) => integer(slot));
    const members = [...membership.members.values()].filter((each) => {
      return each === master || each.master === master.id;
    });
    const nodes = members.map((each) => {
      const pairs: [string, Buffer][] = [
        ['id', bulk(each.id)],
        ['port', integer(each.address.port)],
        ['ip', bulk(each.address.host)],
        ['endpoint', bulk(each.address.host)],
        ['role', bulk(each.master === null ? 'master' : 'replica')],
        ['replication-offset', integer(node.offset)],
        ['health', bulk(each.failed ? 'fail' : 'online')],
      ];
      return map(
        resp,
        pairs.flatMap(([name, value]) => [bulk(name), value]),
      );
    });
    return map(resp, [bulk('slots'), array(ranges), bulk('nodes'), array(nodes)]);
  });
  return array(shards);
}

function* rangePairs(text: string): Iterable<number> {
  for (const range of text.split(' ')) {
    if (range === '') continue;
    const [first, last = first] = range.split('-').map(Number);
    yield first;
    yield last;
  }
}

function infoText(node: ClusterNodeState): string {
  const { membership, isDown } = node;
  const owners = membership.owners.flatMap((id) =>
    id === null ? [] : (membership.members.get(id) ?? []),
  );
  const count = (of: (owner: Member) => boolean): number => owners.filter(of).length;
  const lines = [
    `cluster_state:${isDown ? 'fail' : 'ok'}`,
    `cluster_slots_assigned:${owners.length}`,
    `cluster_slots_ok:${count(({ silent, failed }) => !silent && !failed)}`,
    `cluster_slots_pfail:${count(({ silent, failed }) => silent && !failed)}`,
    `cluster_slots_fail:${count(({ failed }) => failed)}`,
    `cluster_known_nodes:${membership.members.size}`,
    `cluster_size:${membership.voters.length}`,
    `cluster_current_epoch:${membership.currentEpoch}`,
    `cluster_my_epoch:${membership.me.epoch}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
