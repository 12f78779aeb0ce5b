// What Prometheus's own linter asks of metrics beside their form: facts of `promtool check
// metrics`, so that they hold where it is not installed.

/** Units that are not the base ones, alone or abbreviated. */
const ODD_UNITS = [
  ...['milliseconds', 'microseconds', 'nanoseconds', 'minutes', 'hours', 'days', 'weeks'],
  ...['kilobytes', 'megabytes', 'gigabytes', 'bits', 'percent'],
  ...['s', 'ms', 'us', 'ns', 'sec', 'b', 'kb', 'mb', 'gb', 'tb', 'kib', 'mib', 'gib', 'pct'],
];
const KINDS = ['gauge', 'counter', 'summary', 'histogram'];

interface Family {
  help: string;
  type: string;
  labels: Set<string>;
}

function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const of = (name: string): Family => {
    const family = families.get(name) ?? { help: '', type: '', labels: new Set() };
    families.set(name, family);
    return family;
  };
  let last = '';
  for (const line of text.split('\n')) {
    const [, what, name, rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (what !== undefined) {
      last = name;
      if (what === 'HELP') of(name).help = rest;
      else of(name).type = rest;
      continue;
    }
    const labels = /\{(.*)\}/.exec(line)?.[1] ?? '';
    for (const [, label] of labels.matchAll(/(?:^|,)(\w+)="/g)) of(last).labels.add(label);
  }
  return families;
}

/** @returns what is wrong with the names, helps and labels of metrics in the text format */
export function problemsOfMetrics(text: string): string[] {
  const problems: string[] = [];
  for (const [name, { help, type, labels }] of familiesOf(text)) {
    const words = name.split('_');
    const bad = (isBad: boolean, why: string): void => {
      if (isBad) problems.push(`${name}: ${why}`);
    };
    bad(help === '', 'no help');
    bad(!KINDS.includes(type), 'no type');
    bad((type === 'counter') !== name.endsWith('_total'), '_total is for counters, each of them');
    bad(/_(count|sum|bucket)$/.test(name), 'a suffix of histograms');
    bad(type !== 'histogram' && labels.has('le'), 'le is for histograms');
    bad(labels.has('quantile'), 'quantile is for summaries');
    bad(
      words.some((word) => KINDS.includes(word)),
      'the type is no part of the name',
    );
    bad(
      words.some((word) => ODD_UNITS.includes(word)),
      'not a base unit',
    );
    bad(name.includes(':'), 'colons are for rules');
    bad(
      [name, ...labels].some((each) => /[a-z][A-Z]/.test(each)),
      'camel case',
    );
  }
  return problems;
}
