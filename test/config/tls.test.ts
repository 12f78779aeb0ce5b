import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { AttachedFiles } from '../../src/config/attached-files.ts';
import { type Config, configWarnings, parseConfig } from '../../src/config/index.ts';
import { ConfigError } from '../../src/errors.ts';
import { ATTACHED_FILE_BYTES } from '../../src/limits.ts';
import { compareConfigs } from '../../src/proxy/pool/config-changes.ts';
import { samePool } from '../../src/proxy/pool/pool-changes.ts';
import { Authority, certificates } from '../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-tls-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const { authority, server: pair } = certificates();

function parse(keys: Record<string, string>, files?: AttachedFiles): Config {
  const lines = Object.entries(keys).map(([key, value]) => `  ${key}: ${value}\n`);
  const text = `p:\n  listen: 127.0.0.1:1\n  redis: true\n${lines.join('')}  servers:\n  - h:1:1\n`;
  return parseConfig(Buffer.from(text), join(folder, 'f.yml'), files);
}

function problems(keys: Record<string, string>): string[] {
  try {
    parse(keys);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

function file(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const TLS = { server_tls: 'true' };
const OWN = { server_tls_cert_file: pair.cert, server_tls_key_file: pair.key };

describe('files of certificates and keys', () => {
  test('are read, from the folder of the configuration file if they have no other', () => {
    file('ca.pem', readFileSync(authority.ca));
    const [pool] = parse({ ...TLS, ...OWN, server_tls_ca_file: 'ca.pem' }).pools;
    const { tls } = pool?.servers[0] ?? {};
    assert.ok(tls?.ca?.bytes.equals(readFileSync(authority.ca)));
    assert.ok(tls?.pair?.key.bytes.equals(readFileSync(pair.key)));
    assert.deepEqual([tls?.verify, tls?.name], ['full', null]);
  });

  test('are read once: another process is given what this one has read', () => {
    const name = file('once.pem', readFileSync(authority.ca));
    const path = join(folder, 'f.yml');
    const files = new AttachedFiles(path);
    const first = parse({ ...TLS, server_tls_ca_file: name }, files);
    file('once.pem', 'something else');
    const given = new AttachedFiles(path, files.contents);
    const second = parse({ ...TLS, server_tls_ca_file: name }, given);
    assert.ok(samePool(first.pools[0] as never, second.pools[0] as never));
  });

  test('that are missing, no regular files or too large are mistakes', () => {
    const missing = problems({ ...TLS, server_tls_ca_file: 'none.pem' });
    assert.match(
      missing[0] ?? '',
      /^p\.server_tls_ca_file: the file "none.pem" cannot be read: ENOENT/,
    );
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [folder, pipe]) {
      const [line] = problems({ ...TLS, server_tls_ca_file: path });
      assert.match(line ?? '', /is not a regular file; expected a file in PEM/);
    }
    const large = file('large.pem', Buffer.alloc(ATTACHED_FILE_BYTES + 1));
    assert.match(problems({ ...TLS, server_tls_ca_file: large })[0] ?? '', /at most 1048576/);
  });

  test('that hold something else are mistakes, and nothing of them is shown', () => {
    const secret = 'hunter2hunter2';
    const odd = file(
      'odd.pem',
      `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----\n`,
    );
    const text = file('text.pem', secret);
    const cases = [
      { server_tls_ca_file: text },
      { server_tls_ca_file: odd },
      { server_tls_cert_file: odd, server_tls_key_file: pair.key },
      { server_tls_cert_file: pair.cert, server_tls_key_file: text },
    ];
    for (const keys of cases) {
      const found = problems({ ...TLS, ...keys } as Record<string, string>);
      assert.equal(found.length, 1, found.join());
      assert.match(found[0] ?? '', /cannot be used/);
      assert.ok(!found.join().includes(secret), found.join());
    }
  });

  test('a key of another certificate is a mistake', () => {
    const other = new Authority().issue();
    const found = problems({ ...TLS, ...OWN, server_tls_key_file: other.key });
    assert.match(found[0] ?? '', /certificate and key cannot be used together: .*mismatch/);
  });

  test('a certificate needs a key, and a key a certificate', () => {
    const [first] = problems({ ...TLS, server_tls_cert_file: pair.cert });
    assert.match(first ?? '', /_cert_file: the key needs another; expected `server_tls_key_file`/);
    const [second] = problems({ ...TLS, server_tls_key_file: pair.key });
    assert.match(second ?? '', /_key_file: the key needs another; expected `server_tls_cert_file`/);
  });

  test('an encrypted key is opened with the password in its file', () => {
    const locked = authority.issue({ passphrase: 'pass phrase ' });
    const keys = { ...TLS, server_tls_cert_file: locked.cert, server_tls_key_file: locked.key };
    const right = file('right', 'pass phrase \n');
    assert.deepEqual(problems({ ...keys, server_tls_key_pass_file: right }), []);
    assert.match(problems(keys)[0] ?? '', /cannot be used together/);
    const wrong = file('wrong', 'pass phrase');
    const [line] = problems({ ...keys, server_tls_key_pass_file: wrong });
    assert.match(line ?? '', /cannot be used together/);
  });
});

test('keys of TLS without `server_tls: true` are mistakes', () => {
  const found = problems({ server_tls_verify: 'none', server_tls_name: 'x' });
  assert.deepEqual(found, [
    'p.server_tls_verify: the key has no effect; expected `server_tls: true` as well',
    'p.server_tls_name: the key has no effect; expected `server_tls: true` as well',
  ]);
});

describe('TLS to clients', () => {
  const CERT = { tls_cert_file: pair.cert, tls_key_file: pair.key };

  test('has a door of its own, or the one there is', () => {
    const [beside] = parse({ tls_listen: '127.0.0.1:2', ...CERT }).pools;
    assert.equal(beside?.tlsListen?.text, '127.0.0.1:2');
    const [instead] = parse({ tls: 'true', ...CERT }).pools;
    assert.equal(instead?.tlsListen, null);
    assert.deepEqual(instead?.tls, { ...beside?.tls });
    assert.match(problems({ tls: 'true', tls_listen: '/x', ...CERT })[0] ?? '', /one of the two$/);
    const same = problems({ tls_listen: '127.0.0.1:1', ...CERT });
    assert.deepEqual(same, [
      'p.tls_listen: 127.0.0.1:1 is taken by pool p; expected another address',
    ]);
  });

  test('needs a certificate, and keys of it need a door', () => {
    assert.match(
      problems({ tls: 'true' })[0] ?? '',
      /^p\.tls: there is no certificate for clients/,
    );
    const [line] = problems(CERT);
    assert.match(line ?? '', /has no effect; expected `tls: true` or `tls_listen` as well$/);
  });

  test('asks clients for certificates when it can check them', () => {
    const auth = (keys: Record<string, string>) =>
      parse({ tls: 'true', ...CERT, ...keys }).pools[0]?.tls?.auth;
    assert.equal(auth({}), 'no');
    assert.equal(auth({ tls_ca_file: authority.ca }), 'yes');
    assert.equal(auth({ tls_ca_file: authority.ca, tls_auth_clients: 'optional' }), 'optional');
    const found = problems({ tls: 'true', ...CERT, tls_auth_clients: 'yes' });
    assert.match(found[0] ?? '', /nothing to check certificates by; expected `tls_ca_file`/);
  });

  test('has certificates for several names', () => {
    const a = authority.issue({ names: 'DNS:A.example,DNS:*.a.example,IP:1.2.3.4' });
    const nameless = authority.issue({ names: 'IP:1.2.3.4' });
    const [pool] = parse({ tls: 'true', ...CERT, tls_certs: `${a.cert}  ${a.key}` }).pools;
    assert.deepEqual(pool?.tls?.pairs[1]?.names, ['a.example', '*.a.example']);
    const one = problems({ tls: 'true', ...CERT, tls_certs: a.cert });
    assert.match(one[0] ?? '', /is no pair; expected "CERT KEY, CERT KEY"/);
    const other = problems({ tls: 'true', ...CERT, tls_certs: `${nameless.cert} ${nameless.key}` });
    assert.match(other[0] ?? '', /is made out to no host/);
    const many = Array.from({ length: 257 }, () => `${a.cert} ${a.key}`).join(', ');
    const tooMany = problems({ tls: 'true', ...CERT, tls_certs: many });
    assert.match(tooMany[0] ?? '', /there are 257 certificates; expected at most 256/);
    assert.equal(tooMany.length, 1);
  });

  test('takes ciphers of OpenSSL; a version without any has the usual ones', () => {
    const ciphers = (keys: Record<string, string>) =>
      parse({ tls: 'true', ...CERT, ...keys }).pools[0]?.tls?.ciphers;
    assert.equal(ciphers({}), null);
    const old = 'ECDHE-ECDSA-AES256-GCM-SHA384';
    assert.match(ciphers({ tls_ciphers: old }) ?? '', new RegExp(`^TLS_[A-Z0-9_:]+:${old}$`));
    assert.match(
      ciphers({ tls_ciphersuites: 'TLS_AES_128_GCM_SHA256' }) ?? '',
      /^TLS_AES_128_GCM_SHA256:ECDHE/,
    );
    assert.match(
      problems({ tls: 'true', ...CERT, tls_ciphers: 'NONE' })[0] ?? '',
      /ciphers cannot be used/,
    );
  });

  test('ciphers that ask for more than the certificate has are a mistake', () => {
    const [cert, key] = [join(folder, 'weak.pem'), join(folder, 'weak.key')];
    const files = ['-keyout', key, '-out', cert];
    // Strong enough for every version of Node as it is: those with OpenSSL 3.5 begin at level 2.
    const words = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      '/CN=a',
    ];
    execFileSync('openssl', [...words, ...files], { stdio: 'ignore' });
    const weak = { tls: 'true', tls_cert_file: cert, tls_key_file: key };
    assert.deepEqual(problems(weak), []);
    const [line] = problems({ ...weak, tls_ciphers: '"HIGH:@SECLEVEL=3"' });
    assert.match(
      line ?? '',
      /^p\.tls_ciphers: the ciphers do not go with the certificate: .*small/,
    );
    assert.deepEqual(problems({ tls: 'true', ...CERT, tls_ciphers: '"HIGH:@SECLEVEL=3"' }), []);
  });

  test('ciphers that hide little get advice from ringway check', () => {
    const advice = (ciphers: string): string[] => {
      const config = parse({ tls: 'true', ...CERT, tls_ciphers: `"${ciphers}"` });
      return (compareConfigs(config, config, [])[0]?.advice ?? []).filter((line) => {
        return line.startsWith('tls_ciphers');
      });
    };
    assert.deepEqual(advice('ECDHE-ECDSA-AES256-GCM-SHA384:HIGH:!aNULL:!MD5'), []);
    assert.deepEqual(advice('HIGH:aNULL:AES128-SHA:eNULL'), [
      'tls_ciphers: aNULL is weak; expected a list without it',
      'tls_ciphers: eNULL is weak; expected a list without it',
    ]);
  });

  test('with a certificate that ends soon, or has ended, gets a warning', () => {
    const ended = authority.issue({ expired: true });
    const keys = { tls: 'true', tls_cert_file: ended.cert, tls_key_file: ended.key };
    assert.match(configWarnings(parse(keys)).join(), /tls_cert_file: the certificate ended at 20/);
  });
});

test('what is weak is told in a warning', () => {
  const key = file('open.key', readFileSync(pair.key));
  chmodSync(join(folder, key), 0o644);
  const lines = configWarnings(
    parse({ ...TLS, ...OWN, server_tls_key_file: key, server_tls_verify: 'none' }),
  );
  assert.equal(lines.length, 2, lines.join());
  assert.match(lines.join('\n'), /server_tls_verify: whoever answers is taken for the server/);
  assert.match(
    lines.join('\n'),
    /server_tls_key_file: everybody on this machine may read the file/,
  );
  assert.deepEqual(configWarnings(parse(TLS)), []);
});

describe('what is in the files', () => {
  test('is printed by nothing', () => {
    const config = parse({ ...TLS, ...OWN });
    const key = readFileSync(pair.key, 'latin1').split('\n')[1] as string;
    const secret = config.pools[0]?.servers[0]?.tls?.pair?.key;
    for (const text of [JSON.stringify(config), inspect(config, { depth: 9 }), `${secret}`]) {
      assert.ok(!text.includes(key), text);
      assert.ok(!text.includes(Buffer.from(key).toString('base64').slice(0, 30)), text);
    }
  });

  test('makes another pool of it when it changes, and no server is another', () => {
    const name = file('changes.pem', readFileSync(authority.ca));
    const before = parse({ ...TLS, server_tls_ca_file: name });
    const same = parse({ ...TLS, server_tls_ca_file: name });
    assert.deepEqual(compareConfigs(before, same, [])[0]?.change, 'same');
    file('changes.pem', readFileSync(new Authority().ca));
    const [change] = compareConfigs(before, parse({ ...TLS, server_tls_ca_file: name }), []);
    assert.equal(change?.change, 'changed');
    assert.deepEqual(change?.differences, ['server_tls, or a file of it, is another']);
  });
});
