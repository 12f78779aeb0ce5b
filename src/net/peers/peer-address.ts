import type { Socket } from 'node:net';

/** Where a client comes from, by the word of a load balancer. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

const claimed: WeakMap<Socket, PeerAddress> = new WeakMap();

/** From here on the socket is that of a client at this address, for whoever looks. */
export function claimPeer(socket: Socket, { host, port }: PeerAddress): void {
  claimed.set(socket, { host, port });
  const fields = { remoteAddress: host, remotePort: port };
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(socket, name, { value, configurable: true, enumerable: true });
  }
}

/** What was claimed; null for a client that came by itself. */
export function claimedPeer(socket: Socket): PeerAddress | null {
  return claimed.get(socket) ?? null;
}

/** A socket that encrypts is of the same client as the one that it was made of. */
export function inheritPeer(encrypted: Socket, below: Socket): void {
  const peer = claimedPeer(below);
  if (peer !== null) claimPeer(encrypted, peer);
}

/**
 * Whether a socket of the network, not a unix one, has no address of its other side any more: that
 * one has reset it. What it sent before can be read still.
 */
export function isAddressLost({ remoteAddress, localAddress }: Socket): boolean {
  return remoteAddress === undefined && localAddress !== undefined;
}
