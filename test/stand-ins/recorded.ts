import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)( \d+)?$/;

/**
 * What an exporter answered once, told again `seconds` later: counters have grown by `perSecond` each second, and samples carry
 * no time of their own. A line that is no sample is an error of the fixture.
 */
export function recorded(file: string, perSecond = 0.5): (seconds: number) => string {
  const bytes = readFileSync(new URL(`../fixtures/exporters/${file}`, import.meta.url));
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const counters = new Set([...text.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name));
  const totals = new Set(
    [...text.matchAll(/^# TYPE (\S+) (?:histogram|summary)$/gm)].flatMap(([, name]) => [`${name}_sum`, `${name}_count`]),
  );
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line.startsWith('#')) return () => line;
      const [, name = '', labels = '', value = ''] = sample.exec(line) ?? [];
      if (name === '') throw new Error(`${file}: "${line}" is no sample`);
      const grows = counters.has(name) || totals.has(name);
      return (seconds: number) => `${name}${labels} ${grows ? Number(value) + perSecond * seconds : value}`;
    });
  return (seconds) => `${lines.map((line) => line(seconds)).join('\n')}\n`;
}
