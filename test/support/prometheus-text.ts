import assert from 'node:assert/strict';

// A strict reader of Prometheus's text format 0.0.4, as its documentation defines it.

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Samples {
  readonly names: ReadonlySet<string>;
  /** Sum of all samples of that name whose labels have these values. */
  sum(name: string, labels: Readonly<Record<string, string>>): number;
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ./;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+]?(?:\d[\d.e+-]*|Inf)|NaN)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Reads a text and fails on anything that Prometheus would not take. */
export function checkPrometheus(text: string): Samples {
  assert.ok(text.endsWith('\n'));
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '' || HELP.test(line)) continue;
    const type = TYPE.exec(line);
    if (type !== null) {
      assert.ok(!types.has(type[1]), `${type[1]} twice`);
      family = type[1];
      types.set(family, type[2]);
      continue;
    }
    const found = SAMPLE.exec(line);
    assert.ok(found !== null, `not a sample: ${line}`);
    const [, name, labels = '', value] = found;
    assert.ok(!seen.has(`${name}{${labels}}`), `${line} twice`);
    seen.add(`${name}{${labels}}`);
    const suffix = name.slice(family.length);
    const allowed = types.get(family) === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    assert.ok(name.startsWith(family) && allowed.includes(suffix), `${name} in ${family}`);
    samples.push({
      name,
      labels: labelsOf(labels),
      value: Number(value.replace('Inf', 'Infinity')),
    });
  }
  for (const [name, type] of types) {
    if (type === 'counter') assert.match(name, /_total$/);
    if (type === 'histogram') checkHistogram(name, samples);
  }
  return {
    names: new Set(samples.map(({ name }) => name)),
    sum: (name, labels) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([key, v]) => sample.labels[key] === v))
        .reduce((total, { value }) => total + value, 0),
  };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex;
    const found = LABEL.exec(text);
    assert.ok(found !== null, `no label at ${at} of ${text}`);
    labels[found[1]] = found[2];
  }
  return labels;
}

/** Buckets go up with `le`, the last is +Inf and equals the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const { le: _le, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, buckets] of groups) {
    let before = 0;
    let bound = Number.NEGATIVE_INFINITY;
    for (const { labels, value } of buckets) {
      const le = Number(labels['le'].replace('Inf', 'Infinity'));
      assert.ok(le > bound && value >= before, `${name} ${key} at ${labels['le']}`);
      before = value;
      bound = le;
    }
    assert.equal(bound, Number.POSITIVE_INFINITY);
    const count = samples.find(
      (sample) => sample.name === `${name}_count` && JSON.stringify(sample.labels) === key,
    );
    assert.equal(count?.value, before);
  }
}
