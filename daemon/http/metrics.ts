/**
 * What renewd counts about itself for Prometheus. The cycle records, the server renders; nothing here decides or reads the world
 * beyond its own process. Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters. Labels are words of renewd,
 * and of declarations only `team` and `certificate` (its name, no host name), each bounded by `limits.http.metricSeriesMaxCount`.
 */
import type { CertificateStatus } from '../core/record-format.ts';
import { limits } from '../limits.ts';
import { type Labels, type MetricFamily, type Sample, writeExposition } from './exposition.ts';

export type TurnResult = 'changed' | 'unchanged' | 'failed';
export type ActionResult = 'done' | 'pending' | 'failed';
export type WebhookResult = 'accepted' | 'replayed' | 'refused';

/** Recording functions; none throws, none does IO. Instants are UTC epoch ms. */
export interface Metrics {
  readonly turnEnded: (turn: { readonly result: TurnResult; readonly durationMs: number }) => void;
  /** How many certificates have each status now; statuses that are left out are 0. */
  readonly certificatesCounted: (counts: Readonly<Partial<Record<CertificateStatus, number>>>) => void;
  /** When the first installed certificate of each declaration ends. Beyond the bound those that end last are left out, so that the minimum stays true. */
  readonly expiriesKnown: (expiries: readonly CertificateExpiry[]) => void;
  /** Every open finding, each with the team that it concerns; empty for one of the repository. */
  readonly findingsCounted: (findings: readonly CountedFinding[]) => void;
  /** An operation failed, by its code from `ports/failure.ts`. */
  readonly failed: (code: string) => void;
  /** An action of the plan ended; `kind` is the word of the plan (`issue`, `install`, ...). */
  readonly acted: (kind: string, result: ActionResult) => void;
  /** When the facts behind the published records were last confirmed by looking at the world. */
  readonly dataObserved: (at: number) => void;
  readonly webhookReceived: (result: WebhookResult) => void;
  /** How many changes of declarations are not in force, and how many emergencies nobody reviewed. */
  readonly changesCounted: (counts: {
    readonly refused: number;
    readonly waiting: number;
    readonly unreviewed: number;
  }) => void;
  /** The whole text for `/metrics`. */
  readonly render: () => string;
}

export interface CertificateExpiry {
  readonly team: string;
  /** Its name within the team. */
  readonly certificate: string;
  /** UTC epoch ms. */
  readonly endsAt: number;
}

export interface CountedFinding {
  readonly code: string;
  readonly severity: string;
  readonly team: string;
}

export interface MetricsOptions {
  /** UTC epoch ms. */
  readonly now: () => number;
  readonly version: string;
}

/** Upper bounds in seconds: a quiet turn takes milliseconds, one that issues and installs minutes. */
const durationBucketsSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] as const;

const statuses: readonly CertificateStatus[] = [
  'expired',
  'failing',
  'drift',
  'blocked',
  'overdue',
  'unknown',
  'non-compliant',
  'renewal-due',
  'pending',
  'retired',
  'ok',
];

/** Makes the counters of one process, all at their start. */
export function createMetrics({ now, version }: MetricsOptions): Metrics {
  const startedAt = now();
  const durations = createHistogram(durationBucketsSeconds);
  const turns = createCounter();
  const failures = createCounter();
  const actions = createCounter();
  const webhooks = createCounter();
  let certificates: Readonly<Partial<Record<CertificateStatus, number>>> | null = null;
  let expiries: readonly CertificateExpiry[] = [];
  let findings = createCounter();
  let observedAt: number | null = null;
  let changes = { refused: 0, waiting: 0, unreviewed: 0 };
  for (const result of ['changed', 'unchanged', 'failed']) turns.add({ result }, 0);

  const families = (): MetricFamily[] => [
    counter('renewd_turns_total', 'Turns by result.', turns.samples()),
    {
      name: 'renewd_turn_duration_seconds',
      help: 'How long turns took.',
      type: 'histogram',
      samples: durations.samples(),
    },
    gauge(
      'renewd_certificates',
      'Declared certificates by status.',
      certificates === null
        ? []
        : statuses.map((status) => ({ labels: { status }, value: certificates?.[status] ?? 0 })),
    ),
    gauge(
      'renewd_certificate_expiry_timestamp_seconds',
      'When the first installed certificate of a declaration ends, in seconds since the Unix epoch; of many those that end first.',
      expiries.map(({ team, certificate, endsAt }) => ({
        labels: { team, certificate },
        value: endsAt / 1000,
      })),
    ),
    gauge('renewd_findings', 'Open findings by code, severity and team.', findings.samples()),
    gauge(
      'renewd_data_age_seconds',
      'Age of the facts behind the published records.',
      observedAt === null ? [] : one(Math.max(0, now() - observedAt) / 1000),
    ),
    gauge('renewd_changes_held', 'Changes of declarations that are not in force, by why.', [
      { labels: { outcome: 'refused' }, value: changes.refused },
      { labels: { outcome: 'waiting' }, value: changes.waiting },
    ]),
    gauge(
      'renewd_emergency_reviews_open',
      'Changes by emergency key that nobody else has reviewed.',
      one(changes.unreviewed),
    ),
    counter('renewd_failures_total', 'Failed operations by code.', failures.samples()),
    counter('renewd_actions_total', 'Actions by kind and result.', actions.samples()),
    counter('renewd_webhook_deliveries_total', 'Webhook deliveries by result.', webhooks.samples()),
    gauge('renewd_build_info', 'Always 1; the labels say what runs.', [
      { labels: { version, node: process.version }, value: 1 },
    ]),
    ...processFamilies(startedAt),
  ];

  return {
    turnEnded: ({ result, durationMs }) => {
      turns.add({ result }, 1);
      durations.observe(durationMs / 1000);
    },
    certificatesCounted: (counts) => {
      certificates = { ...counts };
    },
    expiriesKnown: (known) => {
      expiries = [...known]
        .sort((one, other) => one.endsAt - other.endsAt)
        .slice(0, limits.http.metricSeriesMaxCount);
    },
    findingsCounted: (open) => {
      findings = createCounter();
      for (const { code, severity, team } of open) findings.add({ code, severity, team }, 1);
    },
    failed: (code) => failures.add({ code }, 1),
    acted: (kind, result) => actions.add({ kind, result }, 1),
    dataObserved: (at) => {
      observedAt = at;
    },
    changesCounted: (counts) => {
      changes = { ...counts };
    },
    webhookReceived: (result) => webhooks.add({ result }, 1),
    render: () => writeExposition(families()),
  };
}

function one(value: number): Sample[] {
  return [{ labels: {}, value }];
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'counter', samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

/** The names Prometheus client libraries agree on. */
function processFamilies(startedAt: number): MetricFamily[] {
  const usage = process.cpuUsage();
  const memory = process.memoryUsage();
  return [
    counter(
      'process_cpu_seconds_total',
      'User and system CPU time spent in seconds.',
      one((usage.user + usage.system) / 1e6),
    ),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', one(memory.rss)),
    gauge(
      'process_start_time_seconds',
      'Start time since the Unix epoch in seconds.',
      one(Math.floor(startedAt / 1000)),
    ),
    gauge('nodejs_heap_size_used_bytes', 'Used heap of V8 in bytes.', one(memory.heapUsed)),
  ];
}

/** Counts by label set. Bounded: label sets beyond `limits.http.metricSeriesMaxCount` are counted under `other`. */
function createCounter(): { add: (labels: Labels, by: number) => void; samples: () => Sample[] } {
  const series = new Map<string, { labels: Labels; value: number }>();
  return {
    add: (labels, by) => {
      let key = JSON.stringify(labels);
      let kept = labels;
      if (!series.has(key) && series.size >= limits.http.metricSeriesMaxCount) {
        kept = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']));
        key = JSON.stringify(kept);
      }
      const entry = series.get(key) ?? { labels: kept, value: 0 };
      entry.value += by;
      series.set(key, entry);
    },
    samples: () => [...series.values()].map(({ labels, value }) => ({ labels, value })),
  };
}

/** Cumulative buckets; "the bucket {le="+Inf"} must exist, its value identical to _count". */
function createHistogram(bounds: readonly number[]): {
  observe: (value: number) => void;
  samples: () => Sample[];
} {
  const counts = bounds.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    observe: (value) => {
      sum += value;
      count++;
      for (const [index, bound] of bounds.entries()) {
        if (value <= bound) counts[index] = (counts[index] ?? 0) + 1;
      }
    },
    samples: () => [
      ...bounds.map((bound, index) => ({
        suffix: '_bucket',
        labels: { le: String(bound) },
        value: counts[index] ?? 0,
      })),
      { suffix: '_bucket', labels: { le: '+Inf' }, value: count },
      { suffix: '_sum', labels: {}, value: sum },
      { suffix: '_count', labels: {}, value: count },
    ],
  };
}
