/**
 * Writes metrics in the Prometheus text exposition format 0.0.4. It knows the format and nothing of renewd.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format).
 */

import { recordLine } from '../record-text.ts';

export const expositionContentType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

/** One line: a value under labels; `suffix` is `_bucket`, `_sum` or `_count` of a histogram, else empty. */
export interface Sample {
  readonly suffix?: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

/** The whole exposition, ending with a line feed. Families without samples are left out. Pure. */
export function writeExposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        ({ suffix, labels, value }) => `${name}${suffix ?? ''}${writeLabels(labels)} ${writeNumber(value)}\n`,
      );
      return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function writeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote and line feed have to be escaped". */
function escapeLabel(value: string): string {
  return escapeHelp(recordLine(value)).replaceAll('"', '\\"');
}

/** HELP: "backslash and line feed characters need to be escaped". A lone surrogate is not UTF-8. */
function escapeHelp(text: string): string {
  return text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** Go's ParseFloat spellings for the values that JavaScript spells otherwise. */
function writeNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
