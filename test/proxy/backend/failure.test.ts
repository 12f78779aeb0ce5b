import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REASON_TEXT } from '../../../src/limits.ts';
import {
  counterOf,
  FAILURE_EOF,
  FAILURE_INTERNAL,
  FAILURE_INVALID,
  FAILURE_REFUSED,
  FAILURE_SYSTEM,
  FAILURE_TIMEOUT,
  FAILURE_TLS,
  FAILURE_TOO_MANY,
  failureCause,
  failureOf,
  failureText,
  notGranted,
  systemFailure,
  TLS_TIMEOUT,
  tlsFailure,
} from '../../../src/proxy/backend/failure.ts';
import { SERVER_EOF, SERVER_ERR, SERVER_TIMEDOUT } from '../../../src/stats/counters.ts';

const NO_COUNTER = null;

function errorOf(code: string): Error {
  return Object.assign(new Error('a text of Node'), { code });
}

describe('why a request failed', () => {
  test('is told to clients in the words of twemproxy', () => {
    const texts: [number, string][] = [
      [FAILURE_EOF, 'unknown'],
      [FAILURE_TIMEOUT, 'Connection timed out'],
      [FAILURE_INVALID, 'Invalid argument'],
      [FAILURE_REFUSED, 'Connection refused'],
      [FAILURE_TOO_MANY, 'max number of backend connections reached'],
      [FAILURE_INTERNAL, 'internal error'],
    ];
    for (const [code, text] of texts) {
      assert.equal(failureOf(code).code, code);
      assert.equal(failureText(failureOf(code)), text);
      const told = code === FAILURE_EOF ? 'it closed the connection' : text;
      assert.equal(failureCause(failureOf(code), 'cache-1'), told);
    }
    assert.equal(failureText(systemFailure(errorOf('ECONNREFUSED'))), 'Connection refused');
    assert.equal(failureText(systemFailure(errorOf('EHOSTUNREACH'))), 'No route to host');
    assert.equal(failureText(notGranted('DB index is out of range')), 'DB index is out of range');
  });

  test('names an error of the system that has no text, or says its own, cut and in one line', () => {
    assert.equal(failureText(systemFailure(errorOf('ENOBUFS'))), 'ENOBUFS');
    const long = new Error(`${'x'.repeat(REASON_TEXT - 1)}\r\n${'y'.repeat(1000)}`);
    assert.equal(failureText(systemFailure(long)), `${'x'.repeat(REASON_TEXT - 1)} ...`);
  });

  test('a name that does not resolve is a host that is down; the log has the name, and why', () => {
    const failure = systemFailure(errorOf('ENOTFOUND'));
    assert.equal(failureText(failure), 'Host is down');
    const cause = 'Host is down: the name "cache\\n1" does not resolve (ENOTFOUND)';
    assert.equal(failureCause(failure, 'cache\n1'), cause);
  });

  test('a connection that the system gave up is one that timed out', () => {
    assert.equal(systemFailure(errorOf('ETIMEDOUT')), failureOf(FAILURE_TIMEOUT));
    assert.equal(systemFailure(errorOf('EPIPE')).code, FAILURE_SYSTEM);
  });

  test('counts as twemproxy counts it, and not where the server is not to blame', () => {
    assert.equal(counterOf(failureOf(FAILURE_EOF)), SERVER_EOF);
    assert.equal(counterOf(failureOf(FAILURE_TIMEOUT)), SERVER_TIMEDOUT);
    assert.equal(counterOf(failureOf(FAILURE_INVALID)), SERVER_ERR);
    assert.equal(counterOf(systemFailure(errorOf('ECONNRESET'))), SERVER_ERR);
    assert.equal(counterOf(failureOf(FAILURE_INTERNAL)), NO_COUNTER);
    assert.equal(counterOf(notGranted('NOAUTH')), NO_COUNTER);
  });
});

describe('trouble with TLS', () => {
  const cases: readonly (readonly [code: string, hint: RegExp])[] = [
    ['ERR_TLS_CERT_ALTNAME_INVALID', /; server_tls_name is the name to expect instead$/],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      /; it wants a certificate: server_tls_cert_file$/,
    ],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /; does it speak TLS on this port\?$/],
    ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', /\(ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR\)$/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /; its issuer is not in server_tls_ca_file$/],
    ['ECONNRESET', /; does it speak TLS on this port\?$/],
  ];

  for (const [code, hint] of cases) {
    test(`${code}: one text for clients, and the log says what to do`, () => {
      const failure = tlsFailure(errorOf(code), false);
      assert.equal(failure.code, FAILURE_TLS);
      assert.equal(failureText(failure), 'TLS handshake failed');
      assert.match(failureCause(failure, 'h'), hint);
      assert.equal(counterOf(failure), SERVER_ERR);
    });
  }

  test('what the system or an open connection has is no such trouble', () => {
    const refused = Object.assign(errorOf('ECONNREFUSED'), { syscall: 'connect' });
    assert.equal(failureText(tlsFailure(refused, false)), 'Connection refused');
    assert.equal(failureText(tlsFailure(errorOf('ECONNRESET'), true)), 'Connection reset by peer');
  });

  test('time that runs out in the handshake is told as such to the log alone', () => {
    assert.equal(failureText(TLS_TIMEOUT), 'Connection timed out');
    assert.match(failureCause(TLS_TIMEOUT, 'h'), /^Connection timed out: in the TLS handshake; /);
    assert.equal(counterOf(TLS_TIMEOUT), SERVER_TIMEDOUT);
  });

  test('what a server wrote into its certificate is cut and has no control characters', () => {
    const error = Object.assign(errorOf('ERR_TLS_CERT_ALTNAME_INVALID'), {
      reason: `\x1b[2J${'x'.repeat(1000)}`,
    });
    const cause = failureCause(tlsFailure(error, false), 'h');
    assert.ok(cause.length < REASON_TEXT + 200 && !cause.includes('\x1b'), cause);
  });
});
