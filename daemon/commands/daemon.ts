/** `renewd daemon`: turns for ever, health and metrics over HTTP, the site rebuilt after each commit, a graceful end. */
import { endOf } from '../core/renewal.ts';
import type { House } from '../assembly.ts';
import type { Config } from '../config.ts';
import { runTurn, type TurnReport } from '../cycle.ts';
import { createMetrics, type CertificateExpiry, type CountedFinding, type Metrics } from '../http/metrics.ts';
import { openFindings } from './summary.ts';
import { startHttp, type HttpServer } from '../http/server.ts';
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import type { Log, Secret } from '../ports/plugin.ts';
import { leave } from '../shell/beats.ts';
import { startLoop, type Round } from '../shell/loop.ts';
import type { ProgressEvent } from '../shell/world.ts';
import { version } from '../version.ts';
import { repositoryOptions, type Command } from './command.ts';
import { createSiteKeeper, type SiteKeeper } from './site-keeper.ts';
import { exitOf } from '../exit-codes.ts';
import { configured, logOf, surroundings, withHouse } from './start.ts';

export const daemon: Command = {
  name: 'daemon',
  summary: 'keep everything matching: watch, issue, install, prove, record',
  positionals: '',
  positionalsMax: 0,
  about:
    'Runs until it is told to end. Looks for new commits every poll interval, when a certificate falls due, when the webhook is called and on SIGHUP (which also looks at every endpoint). SIGTERM finishes the step under way and ends; kill -9 loses nothing. Serves /healthz, /readyz and /metrics. One daemon a data directory.',
  options: repositoryOptions,
  examples: [
    'renewd daemon --config /etc/renewd/renewd.yaml',
    'renewd daemon --repo /srv/estate.git --data ./data',
  ],
  run: async (invocation) => {
    const config = await configured(invocation);
    const log = logOf(invocation, config, 'configured');
    const around = surroundings(invocation, log, (event) => {
      logProgress(log, event);
    });
    await withHouse(config, around, (house) => serve({ config, log, house, stop: invocation.signal }));
    log.info({}, 'ended; nothing is lost, the next start goes on');
    return exitOf('ok');
  },
};

/** What a running daemon is made of. The demo runs one too. */
export interface Service {
  readonly config: Config;
  readonly log: Log;
  readonly house: House;
  /** Fires when the daemon is to end. */
  readonly stop: AbortSignal;
  /** Told of every turn, for the demo's screen and for tests. */
  readonly onTurn?: (report: TurnReport) => void;
  /** Told once the loop runs: how to ask for a look at everything now, and how to wait for the site. */
  readonly onStarted?: (controls: Controls) => void;
  /** Told once the HTTP server listens. */
  readonly onListening?: (address: { readonly host: string; readonly port: number }) => void;
}

/** What may be asked of a running daemon from inside its process. */
export interface Controls {
  /** What SIGHUP does: a turn now that looks at everything. */
  readonly lookNow: () => void;
  /** Resolves when no build of the site is under way. */
  readonly siteSettled: () => Promise<void>;
}

/** Runs the daemon until `stop` fires. IO. Resolves when the last turn has ended. */
export async function serve(service: Service): Promise<void> {
  const { config, log, house, stop } = service;
  const metrics = createMetrics({ now: house.world.now, version });
  const health = { firstTurnAt: null as number | null, problems: [] as string[] };
  const site = createSiteKeeper({
    config,
    log,
    house,
    stop,
    onFailed: ({ code }) => {
      metrics.failed(code);
    },
  });
  const abort = abortAfterGrace(stop);
  let lookEverywhere = false;
  let hint: (why: string) => void = () => undefined;
  // First of all: a daemon that nobody can ask how it is does not begin to work, and whoever started it learns why.
  const http = await startServer(service, metrics, health, () => {
    hint('webhook');
  });
  const loop = startLoop({
    pollIntervalMs: config.turn.pollIntervalMs,
    now: house.world.now,
    stop,
    round: async () => {
      const observeAll = lookEverywhere;
      lookEverywhere = false;
      return oneRound(service, { metrics, health, site, observeAll, abort });
    },
  });
  hint = loop.hint;
  const onHangUp = (): void => {
    lookEverywhere = true;
    loop.hint('SIGHUP');
  };
  process.on('SIGHUP', onHangUp);
  service.onStarted?.({ lookNow: onHangUp, siteSettled: site.settled });
  try {
    if (http !== null) service.onListening?.(http.address);
    await loop.done;
    await leave(house, abort);
  } finally {
    process.off('SIGHUP', onHangUp);
    await http?.close();
    await site.close();
  }
}

async function startServer(
  { config, log, house }: Service,
  metrics: Metrics,
  health: { readonly firstTurnAt: number | null; readonly problems: readonly string[] },
  onHint: () => void,
): Promise<HttpServer | null> {
  if (config.http === null) return null;
  const { host, port, webhookSecret } = config.http;
  const server = await startHttp({
    listen: { host, port },
    state: () => health,
    metrics,
    webhookSecret: await readAgain(webhookSecret, (name) => house.vault.openOwn(name, 'http')),
    onHint,
    log,
    now: house.world.now,
  });
  log.info({ ...server.address }, 'health and metrics are served');
  return server;
}

/** Read at each use, and once here: what is not bound or cannot be read is said before anything begins. */
async function readAgain(
  name: string | null,
  read: (name: string) => Promise<Secret>,
): Promise<(() => Promise<Secret>) | null> {
  if (name === null) return null;
  await read(name);
  return () => read(name);
}

/** The step under way may end by itself for a while; then everything is aborted, which is safe at any point. */
function abortAfterGrace(stop: AbortSignal): AbortSignal {
  const controller = new AbortController();
  stop.addEventListener('abort', () => {
    setTimeout(() => {
      controller.abort(new Error('the time for a graceful end is over'));
    }, limits.turn.stopGraceMs).unref();
  });
  return controller.signal;
}

interface RoundTools {
  readonly metrics: Metrics;
  readonly health: { firstTurnAt: number | null; problems: string[] };
  readonly site: SiteKeeper;
  readonly observeAll: boolean;
  readonly abort: AbortSignal;
}

async function oneRound(service: Service, tools: RoundTools): Promise<Round> {
  const { house, log } = service;
  const { metrics, health } = tools;
  const started = performance.now();
  try {
    const unread = await house.refresh();
    // Who wants everything to be looked at has corrected something.
    const asked = tools.observeAll;
    const options = { observeAll: tools.observeAll, asked, dryRun: false, heartbeat: true, living: true };
    const report = await runTurn(house.world, house.estate, house.memory, options, tools.abort);
    const durationMs = performance.now() - started;
    const first = health.firstTurnAt === null;
    health.firstTurnAt ??= house.world.now();
    const old = tools.site.trouble();
    // Readiness says it as long as the site is the one of before.
    health.problems = [unread, ...report.troubles, old].flatMap((each) =>
      each === null ? [] : [each.message],
    );
    if (unread !== null) log.error({ code: unread.code }, unread.message);
    count(metrics, house, report, durationMs, first);
    tellOf(log, report, durationMs);
    service.onTurn?.(report);
    if (report.published !== null || (asked && old !== null)) tools.site.build();
    // What an action changed is judged again at once: the next need may follow from it.
    const moved = report.outcomes.some((outcome) => outcome.state === 'done');
    return { nextDueAt: moved ? house.world.now() : report.nextDueAt };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    health.problems = [error.message];
    metrics.turnEnded({ result: 'failed', durationMs: performance.now() - started });
    metrics.failed(error.code);
    log.error({ code: error.code }, error.message);
    return { nextDueAt: null };
  }
}

function count(metrics: Metrics, house: House, report: TurnReport, durationMs: number, first: boolean): void {
  const { memory, world } = house;
  const failed = report.troubles.length > 0;
  const changed = report.published !== null || report.outcomes.length > 0;
  metrics.turnEnded({ result: failed ? 'failed' : changed ? 'changed' : 'unchanged', durationMs });
  metrics.certificatesCounted(report.statuses);
  metrics.findingsCounted(findingsOf(memory));
  const held = [...house.memory.held.values()];
  metrics.changesCounted({
    refused: held.filter((each) => each.outcome === 'refused').length,
    waiting: held.filter((each) => each.outcome !== 'refused').length,
    unreviewed: house.memory.openReviews.size,
  });
  for (const trouble of report.troubles) metrics.failed(trouble.code);
  for (const { failure } of report.unexpected) metrics.failed(failure.code);
  for (const { action, state, failure } of report.outcomes) {
    metrics.acted(action.kind, state);
    // Those nobody foresaw are counted above, whatever they met.
    if (failure !== null && failure.code !== 'unexpected') metrics.failed(failure.code);
  }
  if (first || changed || report.observed > 0) {
    metrics.expiriesKnown(expiriesOf(memory));
  }
  if (!failed) metrics.dataObserved(world.now());
}

/** Of each declared certificate the installation that ends first. */
function expiriesOf({ installations }: House['memory']): CertificateExpiry[] {
  const first = new Map<string, number>();
  for (const [id, { installed }] of installations) {
    const endsAt = installed === null ? Number.NaN : endOf(installed.issued);
    const certificate = id.slice(0, id.lastIndexOf('@'));
    if (!Number.isNaN(endsAt)) first.set(certificate, Math.min(endsAt, first.get(certificate) ?? endsAt));
  }
  return [...first].map(([id, endsAt]) => {
    const [team = '', certificate = ''] = id.split('/');
    return { team, certificate, endsAt };
  });
}

function findingsOf({
  certificateRecords,
  endpointRecords,
  repositoryRecord,
  desired,
}: House['memory']): CountedFinding[] {
  const records = {
    certificates: certificateRecords,
    endpoints: endpointRecords,
    repository: repositoryRecord,
  };
  return openFindings(records).map(({ code, severity, certificate, endpoint }) => ({
    code,
    severity,
    team: certificate?.split('/')[0] ?? desired?.endpoints.get(endpoint ?? '')?.team ?? '',
  }));
}

function tellOf(log: Log, report: TurnReport, durationMs: number): void {
  for (const trouble of report.troubles) log.error({ code: trouble.code }, trouble.message);
  const quiet = report.outcomes.length === 0 && report.published === null;
  const fields = {
    durationMs: Math.round(durationMs),
    source: report.source,
    judged: report.judged,
    observed: report.observed,
    actions: report.outcomes.length,
    published: report.published,
  };
  if (quiet) log.debug(fields, 'turn');
  else log.info(fields, 'turn');
}

function logProgress(log: Log, event: ProgressEvent): void {
  switch (event.kind) {
    case 'turn-started':
    case 'observing':
      log.debug({ ...event }, event.kind);
      return;
    case 'failed':
      log.warn({ installation: event.installation, step: event.step }, event.message);
      return;
    case 'step':
    case 'proved':
    case 'installed':
    case 'published':
      log.info({ ...event }, event.kind);
  }
}
