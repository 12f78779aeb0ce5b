import { X509Certificate } from 'node:crypto';
import { createSecureContext, DEFAULT_CIPHERS } from 'node:tls';
import { NAMED_CERTIFICATES } from '../../limits.ts';
import { Secret, secretOf } from '../secret.ts';
import type { ClientTls, KeyPair, ServerTls } from '../tls-types.ts';
import type { Position } from '../types.ts';
import type { PoolSource } from './logins.ts';
import { quote } from './values.ts';

/** Reads the files that the keys of one side name, and says what is wrong with them. */
class TlsReader {
  readonly #source: PoolSource;

  constructor(source: PoolSource) {
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
    return this.checkedPair(
      certKey,
      cert,
      key,
      passphrase && secretOf(passphrase.bytes, passphrase.exposed),
    );
  }

  /** @returns null when the two do not belong together, which is reported */
  checkedPair(at: string, cert: Secret, key: Secret, passphrase: Secret | null): KeyPair | null {
    try {
      const own = { cert: cert.bytes, key: key.bytes };
      const lock = passphrase === null ? {} : { passphrase: passphrase.bytes.toString() };
      createSecureContext({ ...own, ...lock });
      return Object.freeze({ cert, key, passphrase, ...described(cert) });
    } catch (error) {
      const what = 'certificate and key cannot be used together';
      const wanted = 'expected a certificate in PEM and its own key';
      this.problem(at, `${what}: ${reasonOf(error)}; ${wanted}`);
      return null;
    }
  }

  /** Ciphers can ask for more than a certificate has: then nobody could shake hands with it. */
  checkStrength({ cert, key, passphrase }: KeyPair, ciphers: string | null): void {
    if (ciphers === null) return;
    const lock = passphrase === null ? {} : { passphrase: passphrase.bytes.toString() };
    try {
      createSecureContext({ cert: cert.bytes, key: key.bytes, ...lock, ciphers });
    } catch (error) {
      const [at] = this.given(['tls_ciphers', 'tls_ciphersuites']);
      const what = `the ciphers do not go with the certificate: ${reasonOf(error)}`;
      this.problem(at, `${what}; expected a lower level, or a stronger certificate`);
    }
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

/** For whom a certificate is, and until when. */
function described(cert: Secret): Pick<KeyPair, 'names' | 'validUntil'> {
  const { subjectAltName = '', validTo } = new X509Certificate(cert.bytes);
  const names = subjectAltName.split(', ').flatMap((part) => {
    return part.startsWith('DNS:') ? [part.slice(4).toLowerCase()] : [];
  });
  return { names: Object.freeze(names), validUntil: Date.parse(validTo) };
}

/** @throws when there is none, or one that cannot be read: OpenSSL would take those before it. */
function checkCertificates(text: string): void {
  const blocks = text.split('-----BEGIN ').slice(1);
  if (blocks.length === 0) throw new Error('there is none');
  for (const block of blocks) new X509Certificate(`-----BEGIN ${block}`);
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
export function readServerTls(source: PoolSource): ServerTls | null {
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

const CLIENT_TLS_KEYS = [
  'tls_cert_file',
  'tls_key_file',
  'tls_key_pass_file',
  'tls_certs',
  'tls_ca_file',
  'tls_auth_clients',
  'tls_user_from_cert',
  'tls_min_version',
  'tls_ciphers',
  'tls_ciphersuites',
  'tls_session_tickets',
  'tls_handshake_timeout',
  'tls_handshakes_per_second',
];

/** Whether TLS is spoken at all, of which what belongs to it must say enough. */
function hasDoor(reader: TlsReader): boolean {
  const doors = reader.given(['tls_listen', ...(reader.value('tls') === true ? ['tls'] : [])]);
  if (doors.length === 0) {
    for (const key of reader.given(CLIENT_TLS_KEYS)) {
      const wanted = 'expected `tls: true` or `tls_listen` as well';
      reader.problem(key, `the key has no effect; ${wanted}`);
    }
    return false;
  }
  if (doors.length === 2) {
    reader.problem(
      'tls',
      '`tls_listen` is for TLS beside a plain `listen`; expected one of the two',
    );
  }
  if (reader.given(['tls_cert_file', 'tls_key_file']).length === 0) {
    const missing = 'there is no certificate for clients';
    reader.problem(doors[0], `${missing}; expected \`tls_cert_file\` and \`tls_key_file\``);
  }
  return true;
}

/** TLS to the clients of a pool; null when it has none, or mistakes that are reported. */
export function readClientTls(
  source: PoolSource,
  defaults: (key: string) => unknown,
): ClientTls | null {
  const reader = new TlsReader(source);
  if (!hasDoor(reader)) return null;
  const pair = reader.pair('tls_cert_file', 'tls_key_file', 'tls_key_pass_file');
  const ca = reader.authorities('tls_ca_file');
  const named = reader.value('tls_user_from_cert') === 'cn';
  const users = reader.given(['users', 'users_file']).length > 0;
  if (named && (ca === null || !users)) {
    const wanted = 'expected `tls_ca_file` and `users` as well';
    reader.problem('tls_user_from_cert', `it names users by certificates; ${wanted}`);
  }
  const value = <T>(key: string) => (reader.value<T>(key) ?? defaults(key)) as T;
  const pairs = Object.freeze([...(pair === null ? [] : [pair]), ...namedPairs(reader)]);
  const ciphers = ciphersOf(reader);
  for (const each of pairs) reader.checkStrength(each, ciphers);
  const tls = {
    pairs,
    ca,
    auth: authOf(reader),
    minVersion: value<ClientTls['minVersion']>('tls_min_version'),
    ciphers,
    tickets: value<boolean>('tls_session_tickets'),
    handshakeTimeoutMs: value<number>('tls_handshake_timeout'),
    handshakesPerSecond: value<number>('tls_handshakes_per_second'),
  };
  return Object.freeze(tls);
}

function authOf(reader: TlsReader): ClientTls['auth'] {
  const given = reader.value<ClientTls['auth']>('tls_auth_clients');
  const hasCa = reader.given(['tls_ca_file']).length > 0;
  if (given !== null && given !== 'no' && !hasCa) {
    const why = 'there is nothing to check certificates by';
    reader.problem('tls_auth_clients', `${why}; expected \`tls_ca_file\` as well`);
  }
  return given ?? (hasCa ? 'yes' : 'no');
}

/** Certificates for names that clients ask for. */
function namedPairs(reader: TlsReader): KeyPair[] {
  const key = 'tls_certs';
  const items = reader.value<string>(key)?.split(',') ?? [];
  if (items.length > NAMED_CERTIFICATES) {
    const limit = `expected at most ${NAMED_CERTIFICATES}`;
    reader.problem(key, `there are ${items.length} certificates; ${limit}`);
    return [];
  }
  return items.flatMap((item) => {
    const words = item.trim().split(/ +/);
    const [cert, own] = words;
    if (words.length !== 2 || cert === undefined || own === undefined) {
      reader.problem(key, `${quote(item.trim())} is no pair; expected "CERT KEY, CERT KEY"`);
      return [];
    }
    const certificate = reader.named(key, cert);
    const secret = reader.named(key, own);
    if (certificate === null || secret === null) return [];
    const pair = reader.checkedPair(key, certificate, secret, null);
    if (pair === null) return [];
    if (pair.names.length > 0) return [pair];
    reader.problem(key, `${quote(cert)} is made out to no host; expected a certificate with names`);
    return [];
  });
}

/** Node takes the ciphers of all versions as one list; those the file leaves out are the usual. */
function ciphersOf(reader: TlsReader): string | null {
  const keys = reader.given(['tls_ciphers', 'tls_ciphersuites']);
  if (keys.length === 0) return null;
  const usual = DEFAULT_CIPHERS.split(':');
  const usualOf = (suites: boolean) => usual.filter((name) => name.startsWith('TLS_') === suites);
  const suites = reader.value<string>('tls_ciphersuites') ?? usualOf(true).join(':');
  const older = reader.value<string>('tls_ciphers') ?? usualOf(false).join(':');
  const ciphers = `${suites}:${older}`;
  try {
    createSecureContext({ ciphers });
  } catch (error) {
    const what = `the ciphers cannot be used: ${reasonOf(error)}`;
    reader.problem(keys[0] as string, `${what}; expected names as "openssl ciphers" prints them`);
    return null;
  }
  return ciphers;
}
