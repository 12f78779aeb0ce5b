import type { KeySpec } from './key-spec.ts';

const SINCE = 'ringway 0.1';

function file(name: string, doc: string): KeySpec {
  return { name, type: 'file', default: null, since: SINCE, doc };
}

/** The keys of TLS; docs/tls.md shows them at work. */
export const TLS_KEYS: readonly KeySpec[] = [
  {
    name: 'server_tls',
    type: 'bool',
    default: false,
    since: SINCE,
    doc: 'Speak TLS to the servers of this pool ([tls.md](tls.md)).',
  },
  file(
    'server_tls_ca_file',
    'PEM: whose certificates of servers are good. Absent: those that Node.js trusts.',
  ),
  file('server_tls_cert_file', 'PEM: the certificate that ringway shows to servers.'),
  file('server_tls_key_file', 'PEM: its key.'),
  file('server_tls_key_pass_file', 'The password of that key, in a file.'),
  {
    name: 'server_tls_name',
    type: 'text',
    default: null,
    since: SINCE,
    doc: 'The name that certificates of servers are made out to. Absent: the host of each server.',
  },
  {
    name: 'server_tls_verify',
    type: 'name',
    default: 'full',
    choices: ['full', 'ca', 'none'],
    since: SINCE,
    doc: 'Checked of a server: issuer and name of its certificate, the issuer alone, or none.',
  },
];
