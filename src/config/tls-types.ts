import type { Secret } from './secret.ts';

/** A certificate with what belongs to it, as PEM. */
export interface KeyPair {
  readonly cert: Secret;
  readonly key: Secret;
  /** Of the key; null = it has none. */
  readonly passphrase: Secret | null;
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
