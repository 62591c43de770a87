/** A strict reader of the Prometheus text format 0.0.4, written from its specification, to check the writer. Test only. */
import assert from 'node:assert/strict';

/** Series (`name{label="value"}`, values as JSON strings) to value. Throws for anything the format does not allow. */
export function parseExposition(text: string): ReadonlyMap<string, number> {
  assert.ok(text.endsWith('\n'), 'the last line must end with a line feed');
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      assert.ok(!types.has(type[1] ?? ''), `a second TYPE line: ${line}`);
      types.set(type[1] ?? '', type[2] ?? '');
      continue;
    }
    if (/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* (?:[^\\]|\\\\|\\n)*$/.test(line)) continue;
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
    assert.ok(sample !== null, `not a line of the format: ${JSON.stringify(line)}`);
    const name = sample[1] ?? '';
    const family = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
    assert.ok(types.has(family), `${name} has no TYPE before it`);
    const labels = readLabels(sample[2] ?? '');
    const key = labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
    assert.ok(!samples.has(key), `${key} stands twice`);
    samples.set(key, readNumber(sample[3] ?? ''));
  }
  return samples;
}

function readLabels(text: string): string[] {
  const labels: string[] = [];
  const pattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/gsy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    assert.ok(match !== null, `bad labels: ${text}`);
    const value = (match[2] ?? '').replace(/\\(.)/g, (_, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
    labels.push(`${match[1] ?? ''}=${JSON.stringify(value)}`);
  }
  return labels;
}

function readNumber(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  const value = Number(text);
  assert.ok(!Number.isNaN(value), `not a number: ${text}`);
  return value;
}
