import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PoolConfig, parseConfig, resolveListens } from '../../src/config/index.ts';
import { ConfigError, type ConfigProblem } from '../../src/errors.ts';
import { CUSTOM_COMMANDS } from '../../src/limits.ts';

function parse(text: string) {
  return parseConfig(Buffer.from(text), 'f.yml');
}

/** A pool with the given lines besides listen and servers. */
function pool(...lines: string[]): PoolConfig {
  const servers = ['servers:', ' - 127.0.0.1:6379:1 s1'];
  const body = ['listen: 127.0.0.1:22121', ...lines, ...servers];
  return parse(`alpha:\n${body.map((line) => `  ${line}\n`).join('')}`).pools[0]!;
}

function serversOf(...lines: string[]) {
  const list = lines.map((line) => `   - ${line}\n`).join('');
  return parse(`alpha:\n  listen: 127.0.0.1:1\n  servers:\n${list}`).pools[0]!.servers;
}

function problemsOf(action: () => unknown): readonly ConfigProblem[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, 'RINGWAY_CONFIG');
    return error.problems;
  }
  assert.fail('accepted');
}

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  assert.ok(Object.isFrozen(value), JSON.stringify(value));
  Object.values(value).forEach(assertFrozen);
}

/** The keys of ringway that the cases here leave alone. */
const OWN_DEFAULTS = {
  cluster: false,
  clusterView: false,
  seeds: [],
  discovery: null,
  allowClients: null,
  denyClients: null,
  protectedMode: false,
  proxyProtocol: false,
  tlsUserFromCert: false,
  users: null,
  readOnly: false,
  allowMonitor: false,
  allowConfigSet: [],
  denyCommands: [],
  renameCommands: [],
  clientRequestsPerSecond: 0,
  clientBytesPerSecond: 0,
  userRequestsPerSecond: 0,
  userBytesPerSecond: 0,
  rateAction: 'wait',
  loginsAtServer: false,
  auditLog: null,
  auditSample: 1,
  auditSize: 67108864,
  auditFiles: 8,
  maxBackendConnections: 1024,
  maxLeasedConnections: 1024,
  leaseWaitMs: 1000,
  leaseIdleMs: 30000,
  maxTransaction: 33554432,
  watchTimeoutMs: 60000,
  perKeyFailure: false,
  allowFlush: false,
  askUnknownCommands: false,
  customCommands: [],
  flushAll: false,
  joinGets: true,
  multigetFailure: 'hits',
  slowlogMs: 0,
  slowlogLength: 128,
  slowlogRedact: false,
  serverOutputLimit: 4194304,
  clientInputLimit: 67108864,
  connectTimeoutMs: 0,
  clientIdleTimeoutMs: 0,
  requestReadTimeoutMs: 60000,
  clientWriteTimeoutMs: 60000,
  loginTimeoutMs: 0,
  maxAuthFailures: 0,
  retryReads: 0,
  serverProbe: false,
  breakerFailures: 10,
  breakerMaxWaitMs: 1000,
  subscribeToAll: true,
  ownHubs: false,
  pubsubLoss: 'disconnect',
  maxSubscriptions: 65536,
  maxArguments: 1048576,
  maxBulk: 536870912,
  maxInline: 65536,
  maxScript: 1048576,
  sentinels: [],
  replicas: [],
  promote: false,
  witnesses: [],
  downAfterMs: 5000,
  promoteUnfenced: false,
  readFrom: 'master',
  dnsIntervalMs: 0,
  sentinelView: false,
  announce: [],
  dns: 'system',
  maxReplicaLag: 10485760,
  readAfterWriteMs: 100,
  followsMaster: false,
  sentinelTls: false,
  sentinelLogin: null,
  sentinelPrefix: '',
  failoverWaitMs: 0,
};

describe('a pool', () => {
  test('has the documented defaults', () => {
    assert.deepEqual(pool(), {
      name: 'alpha',
      listen: { kind: 'tcp', text: '127.0.0.1:22121', host: '127.0.0.1', port: 22121 },
      tlsListen: null,
      tls: null,
      servers: [
        {
          text: '127.0.0.1:6379:1 s1',
          name: 's1',
          ringName: 's1',
          kind: 'tcp',
          host: '127.0.0.1',
          port: 6379,
          path: '',
          weight: 1,
          line: 4,
          column: 6,
          tls: null,
        },
      ],
      hash: 'fnv1a_64',
      distribution: 'ketama',
      hashTag: null,
      timeoutMs: 0,
      backlog: 512,
      clientConnections: 0,
      redis: false,
      tcpKeepalive: false,
      serverLogin: null,
      clientAuth: null,
      redisDb: 0,
      preconnect: false,
      autoEjectHosts: false,
      serverConnections: 1,
      serverRetryTimeoutMs: 30000,
      serverFailureLimit: 2,
      maxAssembledRequest: 4194304,
      clientOutputLimit: 33554432,
      bulkConnections: 4,
      maxPipeline: 8192,
      ...OWN_DEFAULTS,
      loginRequired: false,
      position: { line: 1, column: 1 },
      keyPositions: { listen: { line: 2, column: 3 }, servers: { line: 3, column: 3 } },
    });
  });

  test('keeps every key it is given, quoted or not', () => {
    const given = pool(
      'hash: "murmur"',
      "distribution: 'random'",
      'hash_tag: "{}"',
      'timeout: "400"',
      'backlog: 1024',
      'client_connections: 7',
      'redis: "true"',
      'tcpkeepalive: true',
      'redis_auth: pässword',
      'redis_db: 3',
      'preconnect: true',
      'auto_eject_hosts: true',
      'server_connections: 2',
      'server_retry_timeout: 2000',
      'server_failure_limit: 1',
      'max_assembled_request: 65536',
      'client_output_limit: 65536',
      'bulk_connections: 1',
      'max_pipeline: 1048576',
    );
    const { position, keyPositions, servers, listen, tlsListen, tls, name, ...more } = given;
    const { serverLogin, clientAuth, ...values } = more;
    assert.deepEqual([serverLogin?.user, serverLogin?.file], [null, null]);
    for (const secret of [serverLogin?.password, clientAuth]) {
      assert.ok(secret?.bytes.equals(Buffer.from('pässword')));
    }
    assert.deepEqual([tlsListen, tls], [null, null]);
    assert.deepEqual(values, {
      hash: 'murmur',
      distribution: 'random',
      hashTag: [0x7b, 0x7d],
      timeoutMs: 400,
      backlog: 1024,
      clientConnections: 7,
      redis: true,
      tcpKeepalive: true,
      redisDb: 3,
      preconnect: true,
      autoEjectHosts: true,
      serverConnections: 2,
      serverRetryTimeoutMs: 2000,
      serverFailureLimit: 1,
      maxAssembledRequest: 65536,
      clientOutputLimit: 65536,
      bulkConnections: 1,
      maxPipeline: 1048576,
      ...OWN_DEFAULTS,
      loginRequired: true,
    });
    assert.deepEqual(keyPositions['redis'], { line: 9, column: 3 });
  });

  test('is frozen to the bottom, with its file', () => {
    assertFrozen(parse('a:\n  listen: /x\n  hash_tag: "{}"\n  servers:\n  - h:1:1\n'));
    assert.equal(parse('a:\n  listen: /x\n  servers:\n  - h:1:1\n').file, 'f.yml');
  });

  test('takes a hash tag of two bytes that are one character', () => {
    assert.deepEqual(pool('hash_tag: "é"').hashTag, [0xc3, 0xa9]);
  });

  test('wraps the numbers of nutcracker keys, but not of its own', () => {
    assert.equal(pool('timeout: 99999999999').timeoutMs, 1215752191);
    assert.match(
      problemsOf(() => pool('max_pipeline: 4294967297'))[0]!.message,
      /^4294967297 is out of range; expected a number from 1 to 1048576$/,
    );
    assert.match(problemsOf(() => pool('bulk_connections: 0'))[0]!.message, /out of range/);
    assert.match(problemsOf(() => pool('client_output_limit: 1_000'))[0]!.message, /plain digits/);
  });
});

describe('servers', () => {
  test('get the ring name nutcracker hashes', () => {
    const names = (...lines: string[]) => serversOf(...lines).map((server) => server.ringName);
    assert.deepEqual(names('10.0.0.1:6379:1 cache-a'), ['cache-a']);
    assert.deepEqual(names('10.0.0.1:6379:1'), ['10.0.0.1:6379']);
    assert.deepEqual(names('10.0.0.1:11211:1'), ['10.0.0.1']);
    assert.deepEqual(names('::1:6379:1'), ['::1:6379']);
    assert.deepEqual(names('/tmp/r.sock:1'), ['/tmp/r.sock:']);
    assert.deepEqual(names('/tmp/r.sock:1 n'), ['n']);
    assert.deepEqual(names('"10.0.0.1:6379:1 "'), ['']);
    assert.deepEqual(names('h:1:1 é'), ['\xc3\xa9'], 'one character per byte');
  });

  test('are taken apart from the right', () => {
    const [server] = serversOf('::1:6379:12 a:b:c');
    const { host, port, weight, kind } = server!;
    assert.deepEqual(
      { host, port, weight, kind },
      { host: '::1', port: 6379, weight: 12, kind: 'tcp' },
    );
    const [unix] = serversOf('/tmp/a b:3 n');
    assert.deepEqual([unix!.kind, unix!.path, unix!.weight], ['unix', '/tmp/a b', 3]);
    assert.match(problemsOf(() => serversOf('/tmp/:a:1'))[0]!.message, /holds a colon/);
  });

  test('are ordered by length, then bytes of the ring name', () => {
    const lines = ['h:1:1 zz', 'h:1:1 b', 'h:1:1 aaa', 'h:1:1 Z', 'h:1:1 a'];
    assert.deepEqual(
      serversOf(...lines).map((server) => [server.ringName, server.line]),
      [
        ['Z', 7],
        ['a', 8],
        ['b', 5],
        ['zz', 4],
        ['aaa', 6],
      ],
    );
  });
});

describe('listen', () => {
  const listen = (text: string) =>
    parse(`a:\n  listen: ${text}\n  servers:\n  - h:1:1\n`).pools[0]!.listen;

  test('splits at the last colon', () => {
    assert.deepEqual(listen('::1:22121'), {
      kind: 'tcp',
      text: '::1:22121',
      host: '::1',
      port: 22121,
    });
  });

  test('has a unix path with an octal mode, other text counting as none', () => {
    const text = '/run/x.sock';
    assert.deepEqual(listen(text), { kind: 'unix', text, path: text, mode: 0 });
    const modes = ['0666', '777', '888', 'abc', '78', '"+6"'].map((mode) => {
      const typed = mode.replaceAll('"', '');
      const parsed = listen(`"${text} ${typed}"`);
      assert.equal(parsed.kind, 'unix');
      return (parsed as { mode: number }).mode;
    });
    assert.deepEqual(modes, [0o666, 0o777, 0, 0, 7, 6]);
  });

  test('takes * for loopback as glibc does', () => {
    assert.match((listen('"*:1"') as { host: string }).host, /^(::1|127\.0\.0\.1)$/);
  });

  test('must have a host with an address', async () => {
    const pools = (host: string) =>
      parse(`a:\n  listen: "${host}:1"\n  servers:\n  - no.such.host.invalid:1:1\n`);
    await resolveListens(pools('127.0.0.1'));
    await resolveListens(pools('::1'));
    await resolveListens(pools('localhost'));
    for (const host of ['no.such.host.invalid', '[::1]', '', 'localhost\ufeff']) {
      await assert.rejects(resolveListens(pools(host)), (error: ConfigError) => {
        assert.match(error.message, /^f\.yml:2:3: a\.listen: the host .* has no address \(/);
        return error instanceof ConfigError;
      });
    }
  });
});

describe('pools', () => {
  test('are ordered by length, then bytes of their names', () => {
    const one = (name: string, port: number) =>
      `${name}:\n  listen: 127.0.0.1:${port}\n  servers:\n  - h:1:1\n`;
    const { pools } = parse(
      one('gamma', 1) + one('b', 2) + one('é', 3) + one('zz', 4) + one('a', 5),
    );
    assert.deepEqual(
      pools.map(({ name }) => name),
      ['a', 'b', 'zz', 'é', 'gamma'],
    );
  });
});

describe('custom_commands', () => {
  const commands = (text: string) =>
    pool('redis: true', `custom_commands: "${text}"`).customCommands.map(
      ({ name, keys, firstKey, lastKey, step, numkeys }) =>
        [name, keys, firstKey, lastKey, step, numkeys].join(' '),
    );

  test('say where the keys are', () => {
    assert.deepEqual(
      commands('my.get 1, MY.MERGE 1 -1, MY.PUT 1 -1 2, MY.RUN numkeys 2, MY.TIME none'),
      [
        'MY.GET range 1 1 1 0',
        'MY.MERGE range 1 -1 1 0',
        'MY.PUT range 1 -1 2 0',
        'MY.RUN numkeys 0 0 0 2',
        'MY.TIME none 0 0 0 0',
      ],
    );
  });

  test('are refused when they are not clear', () => {
    for (const text of [
      'MY.GET',
      'MY.GET 0',
      'MY.GET x',
      'MY.RUN numkeys',
      'MY.GET 2 1',
      'A 1, a 1',
      ',',
    ]) {
      assert.throws(() => commands(text), /custom_commands/, text);
    }
  });

  test('are so many at most', () => {
    const many = Array.from({ length: CUSTOM_COMMANDS }, (_, i) => `MY.${i} 1`);
    assert.equal(commands(many.join(',')).length, CUSTOM_COMMANDS);
    const wrong = /there are 1025 commands; expected at most 1024/;
    assert.throws(() => commands([...many, 'MORE 1'].join(',')), wrong);
  });
});
