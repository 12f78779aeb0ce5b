import { isIP } from 'node:net';
import { PROXY_HEADER_BYTES } from '../../limits.ts';
import type { PeerAddress } from './peer-address.ts';

// The PROXY protocol, versions 1 and 2, as HAProxy describes it: the first bytes of a connection
// say which client a load balancer has made it for.

/** What the first bytes of a connection say. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** @property peer null = the balancer speaks for itself, or of no address */
  | { readonly kind: 'complete'; readonly bytes: number; readonly peer: PeerAddress | null };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const WORD = Buffer.from('PROXY');
/** A line of version 1, with its end. */
const LINE_BYTES = 107;
const FIXED_BYTES = 16;
const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const MALFORMED: ProxyHeader = { kind: 'malformed' };
const LINE = /^PROXY (TCP4|TCP6) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;

function beginsLike(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.length, wanted.length);
  return bytes.compare(wanted, 0, length, 0, length) === 0;
}

/** Reads the header that a connection begins with, as far as it has come. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE;
  if (beginsLike(bytes, SIGNATURE)) return bytes.length < FIXED_BYTES ? INCOMPLETE : binary(bytes);
  return beginsLike(bytes, WORD) ? line(bytes) : MALFORMED;
}

function line(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LINE_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < LINE_BYTES ? INCOMPLETE : MALFORMED;
  const text = bytes.toString('latin1', 0, end);
  const length = end + 2;
  if (/^PROXY UNKNOWN( |$)/.test(text)) return { kind: 'complete', bytes: length, peer: null };
  const found = LINE.exec(text);
  if (found === null) return MALFORMED;
  const [, family, host, own, from, to] = found;
  const version = family === 'TCP4' ? 4 : 6;
  if (isIP(host) !== version || isIP(own) !== version) return MALFORMED;
  // A zone is a matter of the balancer's machine, and would hide the address from lists.
  if (text.includes('%')) return MALFORMED;
  const [port, ownPort] = [Number(from), Number(to)];
  if (port > 0xffff || ownPort > 0xffff) return MALFORMED;
  return { kind: 'complete', bytes: length, peer: { host, port } };
}

const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;
/** Of families and of transports. */
const LAST_FAMILY = 3;
const LAST_TRANSPORT = 2;

function binary(bytes: Buffer): ProxyHeader {
  const [command, family] = [bytes[12], bytes[13]];
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) return MALFORMED;
  const isKnown = family >> 4 <= LAST_FAMILY && (family & 0x0f) <= LAST_TRANSPORT;
  if (command === PROXY && !isKnown) return MALFORMED;
  if (length > PROXY_HEADER_BYTES) return MALFORMED;
  const address = command === PROXY ? addressBytes(family) : 0;
  if (length < FIXED_BYTES + address) return MALFORMED;
  if (bytes.length < length) return INCOMPLETE;
  const peer = address === 0 ? null : peerIn(bytes, family);
  return { kind: 'complete', bytes: length, peer };
}

/** Of both addresses and ports; 0 where there are none that a client could have. */
function addressBytes(family: number): number {
  if (family === TCP4) return 12;
  return family === TCP6 ? 36 : 0;
}

function peerIn(bytes: Buffer, family: number): PeerAddress {
  if (family === TCP4) {
    return { host: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) };
  }
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(16 + 2 * i).toString(16));
  // In the short form that addresses have elsewhere.
  const host = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
  return { host, port: bytes.readUInt16BE(48) };
}
