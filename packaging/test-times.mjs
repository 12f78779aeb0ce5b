// A reporter for node --test: at the end, the files that took longest. A suite stays quick only if
// somebody looks.

const LISTED = 15;

export default async function* testTimes(source) {
  const millis = new Map();
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting !== 0) continue;
    const file = (data.file ?? data.name).replace(/^.*\/test\//, 'test/');
    millis.set(file, (millis.get(file) ?? 0) + data.details.duration_ms);
  }
  const slowest = [...millis].sort(([, a], [, b]) => b - a).slice(0, LISTED);
  yield '\nthe slowest files, in seconds:\n';
  for (const [file, ms] of slowest) yield `${(ms / 1000).toFixed(1).padStart(7)} ${file}\n`;
}
