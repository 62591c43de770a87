/** The past of the sample estate: what the records came to say over a quarter, changes of declarations, and the evidence of the quarter. */
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import { parsePeriod } from '../../daemon/core/period.ts';
import type { CertificateRecord, CertificateStatus, FindingRecord } from '../../daemon/core/record-format.ts';
import { evidenceOf, type Evidence } from '../../daemon/commands/evidence/pack.ts';
import type { History, SiteSources, Transition } from '../../site/facts/sources.ts';
import type { LogEntry } from '../../site/src/lib/model.ts';
import { issuancesSince } from '../../site/source/evidence.ts';
import { sampleDeclared } from './sample-declared.ts';
import { digest, finding, oid } from './sample-records.ts';

const move = (
  at: string,
  certificate: string,
  before: CertificateStatus | null,
  after: CertificateStatus,
  phrase: string,
  rest: Partial<Transition> = {},
): Transition => ({
  at,
  commit: oid(`commit of ${at}`),
  certificate,
  endpoint: null,
  before,
  after,
  phrase,
  issued: [],
  proved: [],
  opened: [],
  closed: [],
  ...rest,
});

const strayed = (certificate: string, endpoint: string, since: string): FindingRecord =>
  finding(
    'served-previous',
    'error',
    `${endpoint} serves the certificate before the current one for ${certificate}.`,
    'A reload did not reach every worker.',
    {
      certificate,
      endpoint,
      address: `${endpoint}.kestrel.example:443`,
      expected: digest(`leaf ${certificate} new`),
      observed: digest(`leaf ${certificate} old`),
      since,
    },
  );

const renewed = (
  at: string,
  certificate: string,
  endpoint: string,
  from: string,
  until: string,
): Transition =>
  move(
    at,
    certificate,
    'renewal-due',
    'ok',
    `renewed, serial 04${digest(certificate).slice(0, 10)}, served by ${endpoint}`,
    {
      issued: [
        {
          endpoint,
          serial: `04${digest(certificate).slice(0, 30)}`,
          fingerprint: digest(`${certificate} ${at}`),
          because: 'renewal due',
          issuedBy: 'kestrel-ca',
          notBefore: at,
          notAfter: until,
          proof: 'served',
          replaced: { notBefore: from, notAfter: until },
        },
      ],
      proved: [{ endpoint, fingerprint: digest(`${certificate} ${at}`), at }],
    },
  );

/** Newest first, as the reader of Git gives it. */
export function sampleHistory(log: readonly LogEntry[]): History {
  const shop = strayed('web/shop', 'web-ams-01', '2026-10-11T06:00:00Z');
  const wagons = strayed('freight/wagon-tracking', 'yard-rdam-01', '2026-09-20T10:00:00Z');
  const transitions = [
    move('2026-11-21T08:55:12Z', 'passenger/wifi-portal', null, 'pending', 'declared, pending'),
    move('2026-11-21T08:45:03Z', 'passenger/timetable', 'ok', 'renewal-due', 'ok -> renewal-due'),
    move(
      '2026-11-21T07:31:06Z',
      'freight/yard-scanner',
      'ok',
      'unknown',
      'yard.kestrel.example:443 name-unresolved',
    ),
    move('2026-11-20T22:41:10Z', 'web/shop', 'ok', 'drift', '192.0.2.10:443 served-previous'),
    move('2026-11-20T15:20:15Z', 'passenger/kiosk', null, 'blocked', 'declared, blocked'),
    move('2026-11-20T02:00:04Z', 'web/press', 'renewal-due', 'overdue', 'renewal-due -> overdue'),
    move(
      '2026-11-19T04:00:05Z',
      'freight/customs-gateway',
      'overdue',
      'expired',
      'customs.kestrel.example:443 expired',
    ),
    move('2026-11-18T13:05:49Z', 'signalling/interlocking-api', 'ok', 'failing', 'ok -> failing'),
    renewed(
      '2026-11-18T04:12:40Z',
      'intranet/git',
      'corp-app-03',
      '2026-08-20T04:00:00Z',
      '2026-12-18T04:00:00Z',
    ),
    renewed('2026-11-16T04:12:39Z', 'web/shop', 'web-ams-01', '2026-09-16T04:00:00Z', '2026-12-15T04:00:00Z'),
    renewed(
      '2026-11-14T04:12:38Z',
      'freight/wagon-tracking',
      'yard-rdam-01',
      '2026-08-16T04:00:00Z',
      '2026-11-14T16:00:00Z',
    ),
    move(
      '2026-10-11T06:42:00Z',
      'web/shop',
      'drift',
      'ok',
      'web-ams-01.kestrel.example:443 serves it again',
      { closed: [shop.id] },
    ),
    move(
      '2026-10-11T06:00:00Z',
      'web/shop',
      'ok',
      'drift',
      'web-ams-01.kestrel.example:443 served-previous',
      { opened: [shop] },
    ),
    move('2026-10-01T06:00:00Z', 'intranet/payroll', null, 'non-compliant', 'declared, non-compliant'),
    move('2026-09-20T11:30:00Z', 'freight/wagon-tracking', 'drift', 'ok', 'serves it again', {
      closed: [wagons.id],
    }),
    move('2026-09-20T10:00:00Z', 'freight/wagon-tracking', 'ok', 'drift', 'served-previous', {
      opened: [wagons],
    }),
  ];
  return {
    transitions,
    knownSince: '2026-09-02T06:30:00Z',
    begun: '2026-09-02T06:30:00Z',
    commits: [
      ...log.map(({ oid: commit, at }) => ({ oid: commit, at })),
      ...transitions.slice(11).map(({ commit, at }) => ({ oid: commit, at })),
    ],
  };
}

const change = (
  at: string,
  subject: string,
  author: string,
  rest: Partial<ChangeRecord> = {},
): ChangeRecord => ({
  apiVersion: 'renewd/v1',
  kind: 'ChangeRecord',
  commit: oid(subject),
  previous: oid(`before ${subject}`),
  subject,
  author,
  committedAt: at,
  seenAt: at,
  outcome: 'accepted',
  acceptedAt: at,
  reasons: [],
  commits: [
    {
      commit: oid(subject),
      verdict: 'good',
      principals: [`${author.toLowerCase().replace(' ', '.')}@kestrel.example`],
      key: 'SHA256:abc',
    },
  ],
  approvals: [],
  breakGlass: null,
  hash: digest(`plan ${subject}`),
  judgedBy: [],
  plan: null,
  ...rest,
});

/** Oldest first. */
export function sampleChanges(): readonly ChangeRecord[] {
  return [
    change('2026-09-02T06:31:00Z', 'Declare the estate', 'Anneke Bakker', {
      outcome: 'trusted',
      previous: null,
      hash: null,
    }),
    change('2026-10-28T09:12:00Z', 'Ask for signalling/train-position', 'Dario Marchetti', {
      approvals: [
        {
          rule: 'signalling',
          needed: 1,
          by: [{ principal: 'pki@kestrel.example', commit: oid('approval') }],
          satisfied: true,
        },
      ],
    }),
    change('2026-11-20T15:20:00Z', 'Ask for passenger/kiosk', 'Lotta Virtanen'),
    change('2026-11-20T17:02:00Z', 'Let freight have pay.kestrel.example', 'Selin Yilmaz', {
      outcome: 'refused',
      acceptedAt: null,
      reasons: [
        {
          code: 'path-not-allowed',
          message: 'selin.yilmaz@kestrel.example may not change policies/baseline.yaml',
          fix: 'Ask the signers of policies to make the change.',
        },
      ],
    }),
  ];
}

/** The running quarter as the sources would have it. */
export function sampleEvidence(certificates: readonly CertificateRecord[]): Evidence {
  const period = parsePeriod('2026-Q4');
  if (period === null) throw new Error('no quarter');
  const declared: SiteSources['declared'] = sampleDeclared();
  const byName = <Item extends { readonly name: string }>(
    items: readonly Item[],
  ): ReadonlyMap<string, Item> => new Map(items.map((each) => [each.name, each]));
  return evidenceOf({
    period,
    until: Date.parse('2026-11-21T08:55:12Z'),
    complete: false,
    commits: { declarations: oid('intent a'), recordsBefore: oid('before'), recordsAfter: oid('commit 0') },
    certificates: [...certificates].sort((a, b) =>
      `${a.metadata.team}/${a.metadata.name}` < `${b.metadata.team}/${b.metadata.name}` ? -1 : 1,
    ),
    repositoryFindings: [],
    heartbeatAt: Date.parse('2026-11-21T08:55:12Z'),
    changes: sampleChanges().filter((each) => Date.parse(each.seenAt) >= period.from),
    issuances: issuancesSince(sampleHistory([]), period.from),
    desired: {
      commit: oid('intent a'),
      teams: byName(declared.teams),
      issuers: byName(declared.issuers),
      endpoints: byName(declared.endpoints),
      profiles: byName(declared.profiles),
      policies: declared.policies,
      packs: byName(declared.packs),
      customRules: byName(declared.customRules),
      waivers: byName(declared.waivers),
      offers: byName(declared.offers),
      programs: byName(declared.programs),
      changeControl: null,
      certificates: new Map(),
      problems: [],
    },
  });
}
