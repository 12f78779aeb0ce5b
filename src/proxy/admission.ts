import type { Socket } from 'node:net';
import { AddressList, isLoopback } from '../net/addresses/address-list.ts';
import { isEncrypted } from '../net/handles.ts';
import { isAddressLost } from '../net/peers/peer-address.ts';
import type { Pool } from './pool/pool.ts';

/** Made once for each list of a configuration. */
const lists: WeakMap<readonly string[], AddressList> = new WeakMap();

function has(entries: readonly string[], address: string): boolean {
  let list = lists.get(entries);
  if (list === undefined) {
    list = new AddressList(entries);
    lists.set(entries, list);
  }
  return list.has(address);
}

const GONE_BEFORE = 'it has gone before its address could be known';

/** The key by whose lists a client is kept out; null = it is none of theirs. */
export function unlisted({ config }: Pool, socket: Socket): string | null {
  const { allowClients, denyClients } = config;
  if (allowClients === null && denyClients === null) return null;
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return isAddressLost(socket) ? GONE_BEFORE : null;
  if (denyClients !== null && has(denyClients, remoteAddress))
    return 'deny_clients has its address';
  if (allowClients === null || has(allowClients, remoteAddress)) return null;
  return 'allow_clients has not its address';
}

/** Whether protected mode keeps a client out: it is of another machine, and nothing else would. */
export function isProtectedFrom({ config }: Pool, socket: Socket): boolean {
  const { protectedMode, loginRequired, allowClients, tls } = config;
  if (!protectedMode || loginRequired || allowClients !== null) return false;
  if (tls?.auth === 'yes' && isEncrypted(socket)) return false;
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return isAddressLost(socket);
  return !isLoopback(remoteAddress);
}
