import { NAMED_CERTIFICATES } from '../../limits.ts';
import { INT32_MAX, type KeySpec } from './key-spec.ts';

const SINCE = 'ringway 0.1';

function file(name: string, doc: string): KeySpec {
  return { name, type: 'file', default: null, since: SINCE, doc };
}

function text(name: string, doc: string): KeySpec {
  return { name, type: 'text', default: null, since: SINCE, doc };
}

function choice(name: string, value: string | null, choices: string[], doc: string): KeySpec {
  return { name, type: 'name', default: value, choices, since: SINCE, doc };
}

function bool(name: string, value: boolean, doc: string): KeySpec {
  return { name, type: 'bool', default: value, since: SINCE, doc };
}

function number(name: string, value: number, most: number, doc: string): KeySpec {
  return { name, type: 'number', default: value, range: [1, most], since: SINCE, doc };
}

/** The keys of TLS; docs/tls.md shows them at work. */
export const TLS_KEYS: readonly KeySpec[] = [
  bool('tls', false, 'Clients speak TLS on `listen` ([tls.md](tls.md)).'),
  {
    name: 'tls_listen',
    type: 'address',
    default: null,
    since: SINCE,
    doc: 'A second address, where clients speak TLS; on `listen` they do not.',
  },
  file('tls_cert_file', 'PEM: the certificate that clients are shown.'),
  file('tls_key_file', 'PEM: its key.'),
  file('tls_key_pass_file', 'The password of that key, in a file.'),
  text(
    'tls_certs',
    'Further certificates and keys, `CERT KEY, CERT KEY`: clients that ask for a name (SNI) are ' +
      `shown the one made out to it. At most ${NAMED_CERTIFICATES}.`,
  ),
  file('tls_ca_file', 'PEM: whose certificates of clients are good.'),
  choice(
    'tls_auth_clients',
    null,
    ['yes', 'optional', 'no'],
    'Whether clients must show a certificate. Absent: `yes` with `tls_ca_file`, else `no`.',
  ),
  {
    ...choice(
      'tls_user_from_cert',
      'off',
      ['cn', 'off'],
      'Clients are the user of `users` that their certificate is made out to (CN). ' +
        'Redis pools only.',
    ),
    only: 'redis',
  },
  choice('tls_min_version', '1.2', ['1.2', '1.3'], 'The oldest version of TLS.'),
  text('tls_ciphers', "Ciphers of TLS 1.2, as OpenSSL takes them. Absent: Node.js's."),
  text('tls_ciphersuites', "Ciphers of TLS 1.3, as OpenSSL takes them. Absent: Node.js's."),
  bool(
    'tls_session_tickets',
    true,
    'Clients that come back may take up their session, with less work for both sides.',
  ),
  {
    ...number(
      'tls_handshake_timeout',
      10_000,
      INT32_MAX,
      'A client whose handshake takes longer is closed.',
    ),
    unit: 'ms',
  },
  number(
    'tls_handshakes_per_second',
    500,
    1_000_000,
    'Handshakes that one process begins; further clients wait, unread.',
  ),
  bool('server_tls', false, 'Speak TLS to the servers of this pool ([tls.md](tls.md)).'),
  file(
    'server_tls_ca_file',
    'PEM: whose certificates of servers are good. Absent: those that Node.js trusts.',
  ),
  file('server_tls_cert_file', 'PEM: the certificate that ringway shows to servers.'),
  file('server_tls_key_file', 'PEM: its key.'),
  file('server_tls_key_pass_file', 'The password of that key, in a file.'),
  text(
    'server_tls_name',
    'The name that certificates of servers are made out to. Absent: the host of each server.',
  ),
  choice(
    'server_tls_verify',
    'full',
    ['full', 'ca', 'none'],
    'Checked of a server: issuer and name of its certificate, the issuer alone, or none.',
  ),
];
