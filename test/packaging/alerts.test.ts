import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { toolFor } from '../support/tools.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets: readonly { readonly expr: string }[];
}

const FUNCTIONS = ['rate', 'increase', 'changes', 'sum', 'histogram_quantile', 'label_values'];
const WORDS = ['by', 'on', 'and', 'or', 'unless', 'group_left', ...FUNCTIONS];

/** What can be said of an expression without Prometheus: brackets, and that each word is known. */
function checkExpression(expr: string, known: (name: string) => boolean): void {
  const opened: string[] = [];
  const pairs: Record<string, string> = { ')': '(', ']': '[', '}': '{' };
  const bare = expr.replace(/"[^"]*"/g, '""');
  for (const character of bare) {
    if ('([{'.includes(character)) opened.push(character);
    else if (character in pairs) assert.equal(opened.pop(), pairs[character], expr);
  }
  assert.deepEqual(opened, [], expr);
  const words = bare
    .replace(/\[[^\]]*\]|\{[^}]*\}/g, '')
    .replace(/\b(by|on) *\([^)]*\)/g, '')
    .match(/[a-z_]\w*/gi);
  for (const word of words ?? []) {
    assert.ok(WORDS.includes(word) || known(word), `${word} in ${expr}`);
  }
}

const documented = new Set(
  readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| `(ringway|process)_/.test(line))
    .flatMap((line) => [...line.split('|')[1].matchAll(/`(\w+)`/g)].map(([, name]) => name)),
);
// test/docs holds that table to what is really exported.
const isMetric = (name: string): boolean =>
  documented.has(name.replace(/_(bucket|sum|count)$/, ''));

type Labels = Readonly<Record<string, string>>;

const PROXY: Labels = { instance: 'i' };
const POOL: Labels = { ...PROXY, pool: 'p' };
const SHARD: Labels = { ...POOL, server: 's' };
const DONE: Labels = { ...SHARD, result: 'done' };
const FAILED: Labels = { ...SHARD, result: 'failed' };

/** A value a minute of each metric; when there is no alert yet, and when there is one. */
interface Case {
  readonly alert: string;
  readonly labels: Labels;
  readonly values: Readonly<Record<string, string>>;
  readonly quietAt: string;
  readonly at: string;
}

const CASES: readonly Case[] = [
  {
    alert: 'RingwayPromoted',
    labels: DONE,
    values: { ringway_promotions_total: '0x9 1x9' },
    ...{ quietAt: '9m', at: '11m' },
  },
  {
    alert: 'RingwayPromotionFails',
    labels: FAILED,
    values: { ringway_promotions_total: '0x9 1x9' },
    ...{ quietAt: '9m', at: '11m' },
  },
  {
    alert: 'RingwayNotFenced',
    labels: SHARD,
    values: { ringway_promotion_fenced: '1 0x19' },
    ...{ quietAt: '5m', at: '7m' },
  },
  {
    alert: 'RingwayWitnessesLost',
    labels: POOL,
    values: { ringway_witnesses: '4x20', ringway_witnesses_up: '3 2x19' },
    ...{ quietAt: '1m', at: '3m' },
  },
  {
    alert: 'RingwayWatchersMissing',
    labels: POOL,
    values: { ringway_sentinels: '3x20', ringway_sentinels_up: '3 2x19' },
    ...{ quietAt: '15m', at: '17m' },
  },
  {
    alert: 'RingwayTopologyFrozen',
    labels: PROXY,
    values: { ringway_topology_frozen: '1x90' },
    ...{ quietAt: '59m', at: '61m' },
  },
  {
    alert: 'RingwayRingShrinks',
    labels: { ...POOL, name: '_ring._tcp.test' },
    values: { ringway_srv_members_withheld: '0 4x19' },
    ...{ quietAt: '1m', at: '3m' },
  },
  {
    alert: 'RingwaySlotsUnowned',
    labels: POOL,
    values: { ringway_slots_unowned: '0 5x19' },
    ...{ quietAt: '1m', at: '3m' },
  },
  {
    alert: 'RingwayFailoverHangs',
    labels: SHARD,
    values: { ringway_server_holding: '0 1x19' },
    ...{ quietAt: '1m', at: '3m' },
  },
];

/** @returns what `promtool test rules` reads */
function ruleTests(rules: readonly Rule[]): object[] {
  return CASES.map(({ alert, labels, values, quietAt, at }) => {
    const rule = rules.find((each) => each.alert === alert);
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
    const input_series = Object.entries(values).map(([name, text]) => {
      return { series: `${name}{${pairs.join(',')}}`, values: text };
    });
    const exp_labels = { ...rule?.labels, ...labels };
    const ask = { alertname: alert };
    const alert_rule_test = [
      { eval_time: quietAt, ...ask, exp_alerts: [] },
      { eval_time: at, ...ask, exp_alerts: [{ exp_labels }] },
    ];
    return { name: alert, interval: '1m', input_series, alert_rule_test };
  });
}

describe('the alerts for Prometheus', () => {
  const file = parse(readFileSync('packaging/prometheus-alerts.yml', 'utf8')) as {
    groups: { name: string; rules: Rule[] }[];
  };
  const rules = file.groups.flatMap((group) => group.rules);

  test('each has a name of its own, a severity and a text that names who it is about', () => {
    assert.ok(rules.length >= 10);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const rule of rules) {
      const unknown = Object.keys(rule).filter(
        (key) => !['alert', 'expr', 'for', 'labels', 'annotations'].includes(key),
      );
      assert.deepEqual(unknown, [], rule.alert);
      assert.match(rule.alert, /^Ringway[A-Z]\w+$/);
      assert.match(rule.for ?? '1m', /^[1-9][0-9]*[smhd]$/);
      assert.match(rule.labels['severity'], /^(critical|warning|info)$/);
      assert.match(rule.annotations['summary'], /\{\{ \$labels\.(pool|instance) \}\}/);
      assert.ok(rule.annotations['description'].length > 10);
    }
  });

  test('each asks for metrics that there are', () => {
    for (const { expr } of rules) checkExpression(expr, isMetric);
  });

  const promtool = toolFor('promtool', 'prometheus');
  if (promtool === undefined) return;

  test('are taken by Prometheus', () => {
    const args = ['check', 'rules', 'packaging/prometheus-alerts.yml'];
    const { status, stdout, stderr } = spawnSync(promtool, args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  });

  test('come when they should, and not before', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ringway-alerts-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    // What they say is not looked at here.
    const bare = file.groups.map((group) => ({
      ...group,
      rules: group.rules.map(({ annotations: _, ...rule }) => rule),
    }));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: bare }));
    writeFileSync(
      join(folder, 'test.yml'),
      stringify({ rule_files: ['rules.yml'], tests: ruleTests(rules) }),
    );
    const args = ['test', 'rules', join(folder, 'test.yml')];
    const { status, stdout, stderr } = spawnSync(promtool, args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  });
});

describe('the dashboard', () => {
  const { panels } = JSON.parse(readFileSync('packaging/grafana-dashboard.json', 'utf8')) as {
    panels: Panel[];
  };

  test('asks for metrics that there are', () => {
    for (const { targets } of panels) {
      for (const { expr } of targets) checkExpression(expr, isMetric);
    }
  });

  test('has panels with ids of their own, none upon another', () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [i, { gridPos: a }] of panels.entries()) {
      assert.ok(a.x + a.w <= 24);
      for (const { gridPos: b } of panels.slice(i + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        assert.ok(apart, JSON.stringify([a, b]));
      }
    }
  });
});
