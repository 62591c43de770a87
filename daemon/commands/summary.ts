/** How a turn, its actions and the records read to a person. Words only; everything is decided elsewhere. */
import { counted } from '../core/count.ts';
import { endsAt } from '../core/renewal.ts';
import type { Action } from '../core/plan.ts';
import type {
  CertificateRecord,
  EndpointRecord,
  FindingRecord,
  RepositoryFindings,
} from '../core/record-format.ts';
import { statusPrecedence } from '../core/status.ts';
import type { Outcome } from '../shell/apply.ts';
import type { ProgressEvent } from '../shell/world.ts';
import { escapeControls, statusCell, statusMark, table, wrap, type Terminal } from '../terminal.ts';
import { spanOf } from '../core/renewal.ts';

/** The records of an estate, however they were come by. */
export interface Records {
  readonly certificates: ReadonlyMap<string, CertificateRecord>;
  readonly endpoints: ReadonlyMap<string, EndpointRecord>;
  readonly repository: RepositoryFindings | null;
}

const order: Readonly<Record<FindingRecord['severity'], number>> = {
  critical: 0,
  error: 1,
  warning: 2,
  info: 3,
};

/** Every open finding that asks something of somebody, worst first, then oldest first. */
export function openFindings(records: Records): FindingRecord[] {
  const all = [
    ...[...records.certificates.values()].flatMap((record) => record.findings),
    ...[...records.endpoints.values()].flatMap((record) => record.findings),
    ...(records.repository?.findings ?? []),
  ];
  return all
    .filter((finding) => finding.severity !== 'info')
    .sort(
      (left, right) =>
        order[left.severity] - order[right.severity] ||
        (left.since < right.since ? -1 : left.since > right.since ? 1 : 0) ||
        (left.id < right.id ? -1 : 1),
    );
}

/** True when everything declared is served and compliant: no finding, nothing under way. */
export function allIsWell(records: Records): boolean {
  const waiting = [...records.certificates.values()].some(
    (record) => record.status !== 'ok' && record.status !== 'retired',
  );
  return !waiting && openFindings(records).length === 0;
}

/** `8 ok, 1 drift`, worst first. */
export function countStatuses(records: Records, terminal: Terminal): string {
  const counts = statusPrecedence.flatMap((status) => {
    const count = [...records.certificates.values()].filter((record) => record.status === status).length;
    return count === 0 ? [] : [`${String(count)} ${statusMark(status, terminal)}`];
  });
  return counts.length === 0 ? 'no certificate is on record' : counts.join(', ');
}

const verbs: Readonly<Record<Action['kind'], string>> = {
  issue: 'issue and install',
  continue: 'go on with',
  abandon: 'drop what was begun for',
  restore: 'put back',
  reload: 'reload',
  adopt: 'take over',
};

/** One line for an action of the plan. */
export function actionLine(action: Action): string {
  const names = action.dnsNames.slice(0, 3).join(', ') + (action.dnsNames.length > 3 ? ', ...' : '');
  return escapeControls(
    `${verbs[action.kind]} ${action.installation} (${names}; ${action.issuer}): ${action.because}`,
  );
}

/** One line for what became of it. */
export function outcomeLine(outcome: Outcome, terminal: Terminal): string {
  const { action, state, failure } = outcome;
  if (state === 'done') return `${terminal.style('green', '✓')} ${actionLine(action)}`;
  if (state === 'pending')
    return `${terminal.style('blue', '…')} ${actionLine(action)}: the issuer is not done yet`;
  return `${terminal.style('red', '✗')} ${actionLine(action)}: ${escapeControls(failure?.message ?? 'failed')}`;
}

/** A finding as a short paragraph: what, where, since when, what to do. */
export function findingLines(finding: FindingRecord, terminal: Terminal): string {
  const style = finding.severity === 'warning' ? 'yellow' : 'red';
  const where = finding.certificate ?? finding.endpoint ?? finding.at ?? 'the repository';
  const lines = [
    `${terminal.style(style, finding.severity)} ${terminal.style('bold', escapeControls(where))} ${finding.code}, since ${finding.since}`,
    wrap(escapeControls(finding.message), terminal.widthColumns, '  '),
  ];
  if (finding.expected !== null || finding.observed !== null) {
    lines.push(
      wrap(
        escapeControls(
          `expected ${finding.expected ?? 'nothing'}, observed ${finding.observed ?? 'nothing'}`,
        ),
        terminal.widthColumns,
        '  ',
      ),
    );
  }
  if (finding.rule !== null) lines.push(`  rule ${finding.rule.id} in ${finding.rule.at}`);
  lines.push(wrap(`do: ${escapeControls(finding.remedy)}`, terminal.widthColumns, '  '));
  return `${lines.join('\n')}\n`;
}

/** The table of certificates of `renewd status`. */
export function certificateTable(records: Records, terminal: Terminal): string {
  // The id is what other commands take: on a narrow screen it stays whole and the first name goes.
  const wide = !terminal.interactive || terminal.widthColumns >= 110;
  const rows = [...records.certificates.entries()]
    .sort(
      ([, left], [, right]) => statusPrecedence.indexOf(left.status) - statusPrecedence.indexOf(right.status),
    )
    .map(([id, record]) => {
      const ends = record.installations
        .flatMap((each) => (each.issued === null ? [] : endsAt(each.issued)))
        .sort();
      const renewals = record.installations.flatMap((each) => each.renewAt ?? []).sort();
      return [
        statusCell(record.status),
        id,
        ...(wide ? [record.declaration.dnsNames[0] ?? record.declaration.ipAddresses[0] ?? ''] : []),
        dayOrMinute(ends[0], isShort(record)),
        dayOrMinute(renewals[0], isShort(record)),
        record.installations.map((each) => each.endpoint).join(' '),
      ];
    });
  const names = wide ? ['name'] : [];
  return table(['status', 'certificate', ...names, 'expires', 'renews', 'endpoints'], rows, terminal);
}

/** Of a certificate that lives less than this, the day says too little: it may be renewed twice in it. */
const shortMs = 10 * 86_400_000;

function isShort({ installations }: CertificateRecord): boolean {
  return installations.some(({ issued }) => {
    if (issued === null) return false;
    const { notBefore, notAfter } = spanOf(issued);
    return notAfter - notBefore < shortMs;
  });
}

/** `2026-11-28`, or `2026-11-28 14:05Z` where it is short. */
function dayOrMinute(at: string | undefined, short: boolean): string {
  if (at === undefined) return '-';
  return short ? `${at.slice(0, 10)} ${at.slice(11, 16)}Z` : at.slice(0, 10);
}

/** What a person watching sees while work goes on: one plain line an event. */
export function progressLine(event: ProgressEvent, terminal: Terminal): string | null {
  switch (event.kind) {
    case 'turn-started':
      return null;
    case 'observing':
      return `looking at ${counted(event.installations, 'installation')}`;
    case 'step':
      return `${terminal.style('dim', escapeControls(event.installation))}  ${event.step}${event.detail === '' ? '' : `: ${escapeControls(event.detail)}`}`;
    case 'proved':
    case 'installed':
      return `${terminal.style('green', '✓')} ${escapeControls(event.installation)}  ${escapeControls(event.detail)}`;
    case 'failed':
      return `${terminal.style('red', '✗')} ${escapeControls(event.installation)}  ${event.step}: ${escapeControls(event.message)}`;
    case 'published':
      return `${terminal.style('green', '✓')} committed ${counted(event.files, 'record')} as ${event.commit.slice(0, 10)}`;
  }
}
