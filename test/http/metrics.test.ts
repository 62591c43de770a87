import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { findingCodes } from '../../daemon/core/finding-codes.ts';
import * as fc from 'fast-check';
import { writeExposition } from '../../daemon/http/exposition.ts';
import { createMetrics, type Metrics } from '../../daemon/http/metrics.ts';
import { recordLine } from '../../daemon/record-text.ts';
import { limits } from '../../daemon/limits.ts';
import { parseExposition } from './exposition-reader.ts';

const day = 86_400_000;

function metricsAt(clock: { now: number }): Metrics {
  return createMetrics({ now: () => clock.now, version: '1.2.3' });
}

function valueOf(metrics: Metrics, line: string): number | undefined {
  return parseExposition(metrics.render()).get(line);
}

test('a fresh process has counters at zero and no claims about certificates', () => {
  const metrics = metricsAt({ now: 0 });
  assert.equal(valueOf(metrics, 'renewd_turns_total{result="failed"}'), 0);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_count'), 0);
  assert.doesNotMatch(
    metrics.render(),
    /^renewd_(certificates|certificate_expiry|findings|data_age_seconds)/m,
    'a gauge that says 0 before the first look would be a lie',
  );
});

test('turns are counted by result and their duration falls into cumulative buckets', () => {
  const metrics = metricsAt({ now: 0 });
  metrics.turnEnded({ result: 'changed', durationMs: 250 });
  metrics.turnEnded({ result: 'changed', durationMs: 251 });
  metrics.turnEnded({ result: 'failed', durationMs: 3_600_000 });
  assert.equal(valueOf(metrics, 'renewd_turns_total{result="changed"}'), 2);
  assert.equal(valueOf(metrics, 'renewd_turns_total{result="failed"}'), 1);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_bucket{le="0.1"}'), 0);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_bucket{le="0.25"}'), 1);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_bucket{le="0.5"}'), 2);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_bucket{le="600"}'), 2);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_bucket{le="+Inf"}'), 3);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_count'), 3);
  assert.equal(valueOf(metrics, 'renewd_turn_duration_seconds_sum'), 3600.501);
});

test('certificates are counted by status, and one that left a status is 0 there', () => {
  const metrics = metricsAt({ now: 0 });
  metrics.certificatesCounted({ ok: 10, drift: 2 });
  metrics.certificatesCounted({ ok: 12 });
  assert.equal(valueOf(metrics, 'renewd_certificates{status="ok"}'), 12);
  assert.equal(valueOf(metrics, 'renewd_certificates{status="drift"}'), 0);
  assert.equal(valueOf(metrics, 'renewd_certificates{status="expired"}'), 0);
});

test('the age of the facts moves with the clock, without a turn', () => {
  const clock = { now: 100 * day };
  const metrics = metricsAt(clock);
  metrics.dataObserved(100 * day - 30_000);
  assert.equal(valueOf(metrics, 'renewd_data_age_seconds'), 30);
  clock.now = 113 * day;
  assert.equal(valueOf(metrics, 'renewd_data_age_seconds'), 13 * 86_400 + 30);
});

test('each certificate has its end, and of too many those that end last are left out', () => {
  const metrics = metricsAt({ now: 0 });
  const series = (): string[] =>
    [...parseExposition(metrics.render()).keys()].filter((each) =>
      each.startsWith('renewd_certificate_expiry'),
    );
  metrics.expiriesKnown([{ team: 'web', certificate: 'shop', endsAt: 112 * day }]);
  const shop = 'renewd_certificate_expiry_timestamp_seconds{team="web",certificate="shop"}';
  assert.equal(valueOf(metrics, shop), 112 * 86_400);
  const max = limits.http.metricSeriesMaxCount;
  const many = Array.from({ length: max + 10 }, (_, index) => ({
    team: 'web',
    certificate: `c${String(index)}`,
    endsAt: (max + 10 - index) * day,
  }));
  metrics.expiriesKnown(many);
  assert.equal(series().length, max);
  assert.equal(valueOf(metrics, shop.replace('shop', `c${String(max + 9)}`)), 86_400);
  assert.equal(valueOf(metrics, shop.replace('shop', 'c0')), undefined);
});

test('findings are counted by code and team, and those that ended are gone', () => {
  const metrics = metricsAt({ now: 0 });
  const finding = { code: 'expired', severity: 'critical', team: 'web' };
  metrics.findingsCounted([finding, finding, { ...finding, team: '' }]);
  const line = 'renewd_findings{code="expired",severity="critical",team="web"}';
  assert.equal(valueOf(metrics, line), 2);
  metrics.findingsCounted([]);
  assert.equal(valueOf(metrics, line), undefined);
});

/** A process with a value for everything. */
function everything(): Metrics {
  const metrics = metricsAt({ now: day });
  metrics.turnEnded({ result: 'changed', durationMs: 1 });
  metrics.certificatesCounted({ ok: 1 });
  metrics.expiriesKnown([{ team: 'web', certificate: 'shop', endsAt: day }]);
  metrics.findingsCounted([{ code: 'expired', severity: 'critical', team: 'web' }]);
  metrics.failed('ssh-auth');
  metrics.acted('issue', 'done');
  metrics.webhookReceived('refused');
  metrics.dataObserved(0);
  return metrics;
}

/** Name to type of every metric. */
function typesOf(metrics: Metrics): Map<string, string> {
  const types = metrics.render().matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map([...types].map(([, name = '', type = '']) => [name, type]));
}

test('names follow the conventions of Prometheus: base units, _total for counters alone, help for each', () => {
  const metrics = everything();
  const text = metrics.render();
  const types = typesOf(metrics);
  assert.ok(types.size >= 14);
  for (const [name, type] of types) {
    assert.match(name, /^(renewd|process|nodejs)_[a-z][a-z0-9_]*$/);
    assert.match(text, new RegExp(`^# HELP ${name} \\S.*[.]$`, 'm'), name);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(
      name,
      /_(days|hours|minutes|milliseconds|ms|kilobytes|megabytes|percent|count|sum|bucket)(_|$)/,
    );
    assert.doesNotMatch(name, /_(gauge|counter|histogram|summary)(_|$)/, name);
  }
});

test('the alert rules that ship ask for metrics and codes there are, and say what to do', () => {
  const path = join(import.meta.dirname, '../../docs/alerts/renewd.rules.yaml');
  const { groups } = parse(readFileSync(path, 'utf8')) as {
    groups: {
      rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[];
    }[];
  };
  const types = typesOf(everything());
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length >= 6);
  for (const { alert, expr, annotations } of rules) {
    assert.match(alert, /^Renewd[A-Z]/);
    const named = expr.match(/renewd_[a-z_]+/g) ?? [];
    for (const name of named) assert.ok(types.has(name), `${alert}: ${name}`);
    assert.ok(named.length > 0 || expr.includes('up{'), alert);
    for (const [, code = ''] of expr.matchAll(/code="([a-z-]+)"/g)) assert.ok(code in findingCodes, code);
    assert.ok(annotations.summary !== '' && annotations.description !== '', alert);
  }
});

test('failures and actions are counted by their words', () => {
  const metrics = metricsAt({ now: 0 });
  metrics.failed('ssh-auth');
  metrics.failed('ssh-auth');
  metrics.acted('issue', 'done');
  metrics.webhookReceived('refused');
  assert.equal(valueOf(metrics, 'renewd_failures_total{code="ssh-auth"}'), 2);
  assert.equal(valueOf(metrics, 'renewd_actions_total{kind="issue",result="done"}'), 1);
  assert.equal(valueOf(metrics, 'renewd_webhook_deliveries_total{result="refused"}'), 1);
});

test('label sets are bounded: further ones are counted together', () => {
  const metrics = metricsAt({ now: 0 });
  for (let index = 0; index < limits.http.metricSeriesMaxCount + 50; index++) metrics.failed(`code-${index}`);
  assert.equal(valueOf(metrics, 'renewd_failures_total{code="other"}'), 50);
});

test('process basics and the build are there', () => {
  const metrics = metricsAt({ now: 5000 });
  assert.equal(valueOf(metrics, 'process_start_time_seconds'), 5);
  assert.ok((valueOf(metrics, 'process_resident_memory_bytes') ?? 0) > 1_000_000);
  assert.ok((valueOf(metrics, 'process_cpu_seconds_total') ?? 0) > 0);
  assert.equal(valueOf(metrics, `renewd_build_info{version="1.2.3",node="${process.version}"}`), 1);
});

test('any label value and help text survives being written and read, controls being visible', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true }),
      (value, help, number) => {
        const text = writeExposition([
          { name: 'a_total', help, type: 'counter', samples: [{ labels: { x: value }, value: number }] },
        ]);
        const samples = parseExposition(text);
        assert.equal(samples.size, 1);
        const [key, read] = [...samples][0] ?? ['', Number.NaN];
        assert.equal(key, `a_total{x=${JSON.stringify(recordLine(value))}}`);
        assert.equal(read, number === 0 ? 0 : number);
      },
    ),
  );
});
