import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { AttachedFiles } from '../attached-files.ts';
import type { Problems } from '../file/problems.ts';
import { Secret } from '../secret.ts';
import type { KeyPair, ServerTls } from '../tls-types.ts';
import type { Position } from '../types.ts';
import { quote } from './values.ts';

/** What has been read of a pool so far, as far as TLS is concerned. */
export interface TlsSource {
  readonly pool: string;
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly files: AttachedFiles;
  readonly problems: Problems;
}

/** Reads the files that the keys of one side name, and says what is wrong with them. */
class TlsReader {
  readonly #source: TlsSource;

  constructor(source: TlsSource) {
    this.#source = source;
  }

  value<T>(key: string): T | null {
    return (this.#source.values.get(key) ?? null) as T | null;
  }

  problem(key: string, message: string): void {
    const { positions, pool, problems } = this.#source;
    problems.add(positions.get(key) as Position, `${pool}.${key}`, message);
  }

  /** The keys among `keys` that the file has. */
  given(keys: readonly string[]): string[] {
    return keys.filter((key) => this.#source.positions.has(key));
  }

  file(key: string): Secret | null {
    const name = this.value<string>(key);
    if (name === null) return null;
    return this.named(key, name);
  }

  named(key: string, name: string): Secret | null {
    const result = this.#source.files.read(name);
    if ('bytes' in result) return new Secret(result.bytes, result.exposed);
    this.problem(key, `the file ${quote(name)} ${result.problem}; expected a file in PEM`);
    return null;
  }

  /** The pair of three keys; null when they are absent, or wrong and reported. */
  pair(certKey: string, keyKey: string, passKey: string): KeyPair | null {
    const keys = this.given([certKey, keyKey]);
    if (keys.length === 1) {
      const other = keys[0] === certKey ? keyKey : certKey;
      this.problem(keys[0] as string, `the key needs another; expected \`${other}\` as well`);
    }
    const cert = this.file(certKey);
    const key = this.file(keyKey);
    const passphrase = this.file(passKey);
    if (cert === null || key === null) return null;
    return this.checkedPair(certKey, { cert, key, passphrase: withoutLineEnd(passphrase) });
  }

  /** @returns null when the two do not belong together, which is reported */
  checkedPair(at: string, pair: KeyPair): KeyPair | null {
    try {
      createSecureContext(pairOptions(pair));
    } catch (error) {
      const what = 'certificate and key cannot be used together';
      const wanted = 'expected a certificate in PEM and its own key';
      this.problem(at, `${what}: ${reasonOf(error)}; ${wanted}`);
      return null;
    }
    return Object.freeze(pair);
  }

  /** @returns null when there is none, or none that can be read, which is reported */
  authorities(key: string): Secret | null {
    const ca = this.file(key);
    if (ca === null) return null;
    try {
      checkCertificates(ca.bytes.toString('latin1'));
    } catch (error) {
      const why = `the certificates cannot be used: ${reasonOf(error)}`;
      this.problem(key, `${why}; expected certificates in PEM`);
      return null;
    }
    return ca;
  }
}

/** What createSecureContext() takes of a pair. */
export function pairOptions({ cert, key, passphrase }: KeyPair): {
  cert: Buffer;
  key: Buffer;
  passphrase?: string;
} {
  const own = { cert: cert.bytes, key: key.bytes };
  return passphrase === null ? own : { ...own, passphrase: passphrase.bytes.toString() };
}

/** @throws when there is none, or one that cannot be read: OpenSSL would take those before it. */
function checkCertificates(text: string): void {
  const blocks = text.split('-----BEGIN ').slice(1);
  if (blocks.length === 0) throw new Error('there is none');
  for (const block of blocks) new X509Certificate(`-----BEGIN ${block}`);
}

/** A password without the line end that an editor puts behind it. */
function withoutLineEnd(secret: Secret | null): Secret | null {
  if (secret === null) return null;
  const text = secret.bytes.toString('latin1').replace(/\r?\n$/, '');
  return new Secret(Buffer.from(text, 'latin1'), secret.exposed);
}

/** OpenSSL's word for what is wrong; it quotes nothing of a file. */
function reasonOf(error: unknown): string {
  const { code, reason, message } = error as { code?: string; reason?: string; message: string };
  return reason ?? code ?? message;
}

const SERVER_TLS_KEYS = [
  'server_tls_ca_file',
  'server_tls_cert_file',
  'server_tls_key_file',
  'server_tls_key_pass_file',
  'server_tls_name',
  'server_tls_verify',
];

/** TLS to the servers of a pool; null when it has none, or mistakes that are reported. */
export function readServerTls(source: TlsSource): ServerTls | null {
  const reader = new TlsReader(source);
  if (reader.value('server_tls') !== true) {
    for (const key of reader.given(SERVER_TLS_KEYS)) {
      reader.problem(key, 'the key has no effect; expected `server_tls: true` as well');
    }
    return null;
  }
  return Object.freeze({
    name: reader.value<string>('server_tls_name'),
    verify: reader.value<ServerTls['verify']>('server_tls_verify') ?? 'full',
    ca: reader.authorities('server_tls_ca_file'),
    pair: reader.pair('server_tls_cert_file', 'server_tls_key_file', 'server_tls_key_pass_file'),
  });
}
