import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Authority } from '../../test/support/certificates.ts';
import { type Configuration, nutcrackerYml } from '../macro/configurations.ts';
import { ringway, type Subject } from '../macro/subjects.ts';

/** One way to let clients in. */
export interface Way extends Subject {
  /** The name of what it is compared with; absent = PLAIN. */
  readonly beside?: string;
  /** How clients speak TLS; absent = they do not. */
  readonly tls?: ConnectionOptions;
}

/** What the others are compared with, and the same once more: how far apart equals are. */
export const PLAIN = 'plain';
export const AGAIN = 'plain again';
export const RULED = 'user with rules for keys';
export const TLS = 'TLS to the clients';
const BARE = 'bare Node server';
const BARE_TLS = 'bare Node server, TLS';

const BARE_SERVER = fileURLToPath(new URL('bare-server.js', import.meta.url));

/** More handshakes than a core can make. */
const NO_LIMIT = 1_000_000;

function withLines(lines: readonly string[]): Configuration {
  return (port, servers, protocol) => {
    const text = nutcrackerYml(port, servers, protocol);
    return text.replace('  servers:', `${lines.map((line) => `  ${line}\n`).join('')}  servers:`);
  };
}

/** ringway with a plain address twice, with users, and with TLS; a Node server beside it. */
export function ways(): Way[] {
  const base = ringway('auto');
  const authority = new Authority();
  const { cert, key } = authority.issue();
  const encrypted = [
    'tls: true',
    `tls_cert_file: ${cert}`,
    `tls_key_file: ${key}`,
    `tls_handshakes_per_second: ${NO_LIMIT}`,
  ];
  const users = ['users:', '  - default on nopass ~key:* ~a &* +@all -@scripting'];
  const bare = [process.execPath, BARE_SERVER, '{port}'];
  const tls = { ca: readFileSync(authority.ca), servername: 'localhost' };
  return [
    { ...base, name: PLAIN },
    { ...base, name: AGAIN },
    { ...base, name: RULED, configuration: withLines(users) },
    { ...base, name: TLS, configuration: withLines(encrypted), tls },
    { ...base, name: BARE, command: bare, beside: BARE },
    { ...base, name: BARE_TLS, command: [...bare, cert, key], beside: BARE, tls },
  ];
}
