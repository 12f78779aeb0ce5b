import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDebianPackage, findBinary } from './real-servers.ts';

// Certificates for tests, made by the openssl command when a test asks for them.

/** Paths of a certificate and its key, in PEM. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

export interface PairOptions {
  /** As subjectAltName takes them; default: this machine by name and by address. */
  readonly names?: string;
  readonly commonName?: string;
  readonly expired?: boolean;
  /** Encrypts the key. */
  readonly passphrase?: string;
}

const HERE = 'DNS:localhost,IP:127.0.0.1,IP:::1';
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** Issues certificates; its files are removed when the process ends. */
export class Authority {
  readonly folder: string;
  /** Its own certificate: whoever trusts it trusts all that it has issued. */
  readonly ca: string;
  readonly #key: string;
  #issued = 0;

  constructor() {
    if (findBinary(['openssl']) === undefined) ensureDebianPackage('openssl');
    const folder = mkdtempSync(join(tmpdir(), 'ringway-tls-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    this.folder = folder;
    this.ca = join(folder, 'ca.pem');
    this.#key = join(folder, 'ca.key');
    const files = ['-keyout', this.#key, '-out', this.ca];
    openssl('req', '-x509', ...CURVE, '-nodes', '-days', '30', '-subj', '/CN=test CA', ...files);
  }

  issue(options: PairOptions = {}): PairFiles {
    const { names = HERE, commonName = 'ringway test', expired = false, passphrase } = options;
    const base = join(this.folder, String(++this.#issued));
    const pair = { cert: `${base}.pem`, key: `${base}.key` };
    const [request, extensions] = [`${base}.csr`, `${base}.ext`];
    const lock = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
    const subject = ['-subj', `/CN=${commonName}`, '-keyout', pair.key, '-out', request];
    openssl('req', '-new', ...CURVE, ...lock, ...subject);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const issuer = ['-CA', this.ca, '-CAkey', this.#key, '-CAcreateserial'];
    const days = ['-days', expired ? '-1' : '30'];
    const files = ['-in', request, '-out', pair.cert, '-extfile', extensions];
    openssl('x509', '-req', ...files, ...issuer, ...days);
    return pair;
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

let usual: { authority: Authority; server: PairFiles; client: PairFiles } | null = null;

/** One authority with a certificate for a server and one for a client: most tests need no more. */
export function certificates(): NonNullable<typeof usual> {
  if (usual === null) {
    const authority = new Authority();
    usual = { authority, server: authority.issue(), client: authority.issue({ names: 'DNS:me' }) };
  }
  return usual;
}

/** What node:tls takes of a pair. */
export function pem({ cert, key }: PairFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
