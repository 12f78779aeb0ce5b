import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { usageText } from '../../src/usage.ts';
import { runCli } from '../support/command.ts';
import { startFakeCluster } from '../support/fake-cluster.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// docs/operations.md against the program: its samples and its table of options; docs/metrics.md.

const SHIPPED = ['packaging/grafana-dashboard.json', 'packaging/prometheus-alerts.yml'];
const document = readFileSync('docs/operations.md', 'utf8');

/** The fenced blocks of a language. */
function blocks(language: string): string[] {
  const found = document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return [...found].map(([, text]) => text);
}

describe('samples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-docs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  before(() => {
    const file = blocks('yaml').find((text) => text.includes('shard4')) as string;
    writeFileSync(join(folder, 'nutcracker.yml'), file);
    const added = /`(10\.\S+ shard5)`/.exec(document) as RegExpExecArray;
    writeFileSync(join(folder, 'next.yml'), `${file}    - ${added[1]}\n`);
  });

  const samples = blocks('console').filter((text) => /^\$ ringway (explain|check) /.test(text));
  test('there are some', () => assert.ok(samples.length >= 2));

  for (const sample of samples) {
    const [line, ...output] = sample.split('\n');
    test(line, async () => {
      const { stdout, stderr } = await runCli(line.split(' ').slice(2), { cwd: folder });
      assert.equal(stdout.trimEnd(), output.join('\n').trimEnd());
      assert.equal(stderr, '');
    });
  }
});

describe('the table of metrics', () => {
  /** Real metrics, with the labels of their samples; `le` is every histogram's. */
  const real = new Map<string, string>();

  before(async () => {
    const redis = await startRedis();
    const http = await freePort();
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${redis.port}`] });
    const pool = {
      servers: shards([redis.port]),
      replicas: [`127.0.0.1:${replica.port} shard1`],
    };
    const cluster = await startFakeCluster(1, () => undefined);
    const dead = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];
    const pools = [
      pool,
      { servers: shards([redis.port]), sentinels: [...dead, 'srv:_redis._tcp.invalid'] },
      { ...pool, promote: true, witnesses: dead, down_after: 5000 },
      { servers: [`127.0.0.1:${cluster.ports[0]}`], cluster: true },
      { servers: ['srv:_ring._tcp.invalid'], discover_members: 'follow' },
    ];
    const ringway = await startChild(pools, { args: [`--http-addr=${http}`] });
    const client = await RespClient.open(ringway.port);
    await client.command('GET', 'a');
    client.close();
    let text = '';
    await waitFor('the replica to be known', async () => {
      text = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
      const late = ['replica_lag_bytes', 'promotion_fenced', 'topology_age_seconds'];
      return late.every((name) => text.includes(`ringway_${name}{`));
    });
    await ringway.stop();
    await Promise.all([redis.stop(), replica.stop(), cluster.stop()]);
    for (const [, name] of text.matchAll(/^# TYPE (\S+) /gm)) {
      const sample = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(text);
      assert.ok(sample !== null, name);
      const labels = [...(sample[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label);
      real.set(
        name,
        labels
          .filter((label) => label !== 'le')
          .sort()
          .join(', '),
      );
    }
  });

  const rows = readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| `(ringway|process)_/.test(line));
  const documented = rows.flatMap((row) => {
    const [, names, labels] = row.split('|');
    const sorted = labels.trim().split(', ').sort().join(', ');
    return [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name, sorted] as const);
  });

  test('has each, and no other', () => {
    assert.ok(real.size > 30);
    const names = documented.map(([name]) => name).sort();
    assert.deepEqual(names, [...real.keys()].sort());
  });

  test('says which labels they have', () => {
    for (const [name, labels] of documented) assert.equal(labels, real.get(name), name);
  });

  test('the text, the dashboard and other pages name none that there is not', () => {
    const pages = ['docs/metrics.md', 'docs/operations.md', 'docs/reliability.md', 'README.md'];
    for (const file of [...pages, ...SHIPPED]) {
      for (const [name] of readFileSync(file, 'utf8').matchAll(/\bringway_[a-z_]+[a-z]\b/g)) {
        const family = name.replace(/_(bucket|sum|count)$/, '');
        assert.ok(real.has(family) || real.has(name), `${file}: ${name}`);
      }
    }
  });
});

test('each option stands in the table, or is nutcracker’s, and in the man page', () => {
  const manual = readFileSync('packaging/ringway.1', 'utf8').replaceAll('\\-', '-');
  const own = usageText().slice(usageText().indexOf('Options of ringway only'));
  const names = [...own.matchAll(/^ {6}--([a-z-]+)/gm)].map(([, name]) => name);
  assert.ok(names.length >= 10);
  for (const name of names) {
    assert.match(document, new RegExp(`^\\| \`--${name}(=\\S+)?\` \\|`, 'm'));
    assert.match(manual, new RegExp(`--${name}\\b`));
  }
});
