import type { Secret } from './secret.ts';

/** A certificate with what belongs to it, as PEM. */
export interface KeyPair {
  readonly cert: Secret;
  readonly key: Secret;
  /** Of the key; null = it has none. */
  readonly passphrase: Secret | null;
  /** DNS names that the certificate is made out to, in lower case; `*.` stands for one label. */
  readonly names: readonly string[];
  /** Unix milliseconds. */
  readonly validUntil: number;
}

/** How servers are connected to with TLS. Frozen. */
export interface ServerTls {
  /** What their certificates must be made out to; null = the host of each. */
  readonly name: string | null;
  /** `full` checks issuer and name, `ca` the issuer alone, `none` nothing. */
  readonly verify: 'full' | 'ca' | 'none';
  /** Whose certificates are good; null = those that Node trusts. */
  readonly ca: Secret | null;
  /** What ringway shows of itself. */
  readonly pair: KeyPair | null;
}

/** How clients are served with TLS. Frozen. */
export interface ClientTls {
  /** The first is shown to who names no other. */
  readonly pairs: readonly KeyPair[];
  /** Whose certificates of clients are good; null = none are asked for. */
  readonly ca: Secret | null;
  /** Whether clients must show a certificate. */
  readonly auth: 'yes' | 'optional' | 'no';
  readonly minVersion: '1.2' | '1.3';
  /** In OpenSSL's words, of all versions; null = Node's. */
  readonly ciphers: string | null;
  /** Clients may take up an earlier session. */
  readonly tickets: boolean;
  readonly handshakeTimeoutMs: number;
  /** In each process. */
  readonly handshakesPerSecond: number;
}
