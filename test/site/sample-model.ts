/** A believable organisation for the tests and the picture of the site: a railway with everything that can go right and wrong. */
import type { CertificateRecord, FindingRecord } from '../../daemon/core/record-format.ts';
import { estateOf, noDataFiles, siteModel } from '../../site/facts/index.ts';
import { redactSources } from '../../site/facts/redact.ts';
import type { SiteSources } from '../../site/facts/sources.ts';
import type { LogEntry, SiteModel } from '../../site/src/lib/model.ts';
import { sampleDeclared } from './sample-declared.ts';
import { sampleChanges, sampleEvidence, sampleHistory } from './sample-history.ts';
import {
  address,
  certificate,
  digest,
  endpoint,
  finding,
  installation,
  issued,
  oid,
} from './sample-records.ts';

/** The instant of the sample build. */
export const sampleAt = '2026-11-21T09:00:00Z';

const pem = `-----BEGIN CERTIFICATE-----
MIIB8TCCAZegAwIBAgIUBHn3M0u8a1uWZ2kFhZ0m2Q0wCgYIKoZIzj0EAwIwRDEL
MAkGA1UEBhMCTkwxFTATBgNVBAoMDEtlc3RyZWwgUmFpbDEeMBwGA1UEAwwVS2Vz
dHJlbCBJc3N1aW5nIENBIDMwHhcNMjYxMTAyMDQwMDAwWhcNMjcwMTMxMDQwMDAw
-----END CERTIFICATE-----
`;

function healthy(
  id: string,
  host: string,
  at: string,
  from: string,
  until: string,
  renewAt: string,
): CertificateRecord {
  const leaf = issued(id, [host], from, until);
  return certificate(
    id,
    'ok',
    leaf.provedAt ?? from,
    [host],
    [installation(at, 'ok', leaf, [address(host, leaf)], { renewAt })],
  );
}

function expired(): CertificateRecord {
  const id = 'freight/customs-gateway';
  const leaf = issued(id, ['customs.kestrel.example'], '2026-08-21T04:00:00Z', '2026-11-19T04:00:00Z');
  const seen = { result: 'expired', since: '2026-11-19T04:00:02Z' };
  return certificate(
    id,
    'expired',
    '2026-11-19T04:00:02Z',
    ['customs.kestrel.example'],
    [
      installation('gw-utrecht-02', 'expired', leaf, [address('customs.kestrel.example', leaf, seen)], {
        renewAt: '2026-10-22T11:40:00Z',
        since: '2026-11-19T04:00:02Z',
      }),
    ],
    [
      finding(
        'certificate-expired',
        'critical',
        'customs.kestrel.example:443 serves a certificate that ended on 2026-11-19 04:00 UTC.',
        'Make gw-utrecht-02 accept SSH from the daemon again; renewd then renews at once. To renew by hand: renewd plan freight/customs-gateway.',
        {
          certificate: id,
          endpoint: 'gw-utrecht-02',
          address: 'customs.kestrel.example:443',
          expected: 'valid on 2026-11-21',
          observed: 'ended 2026-11-19T04:00:00Z',
          since: '2026-11-19T04:00:02Z',
        },
      ),
      finding(
        'endpoint-unreachable',
        'error',
        'gw-utrecht-02 refuses the SSH login: no authentication method is left.',
        'Put the public key of renewd back into authorized_keys of the user renewd on gw-utrecht-02.',
        { certificate: id, endpoint: 'gw-utrecht-02', since: '2026-10-22T11:40:19Z' },
      ),
    ],
  );
}

function drifted(): CertificateRecord {
  const id = 'web/shop';
  const names = ['shop.kestrel.example', 'www.shop.kestrel.example'];
  const before = issued(id, names, '2026-09-16T04:00:00Z', '2026-12-15T04:00:00Z');
  const leaf = issued(id, names, '2026-11-16T04:00:00Z', '2027-02-14T04:00:00Z');
  const second = issued(`${id} second`, names, '2026-11-16T04:00:00Z', '2027-02-14T04:00:00Z');
  return certificate(
    id,
    'drift',
    '2026-11-20T22:41:07Z',
    names,
    [
      installation(
        'web-ams-01',
        'drift',
        leaf,
        [
          address('shop.kestrel.example', before, {
            address: '192.0.2.10:443',
            result: 'served-previous',
            since: '2026-11-20T22:41:07Z',
          }),
          address('www.shop.kestrel.example', leaf, { address: '192.0.2.10:443' }),
        ],
        { previous: before, renewAt: '2027-01-15T16:20:00Z', since: '2026-11-20T22:41:07Z' },
      ),
      installation(
        'web-ams-02',
        'ok',
        second,
        [address('shop.kestrel.example', second, { address: '192.0.2.11:443' })],
        {
          renewAt: '2027-01-15T16:20:00Z',
        },
      ),
    ],
    [
      finding(
        'served-previous',
        'error',
        '192.0.2.10:443 serves the certificate before the current one for shop.kestrel.example.',
        'A reload on web-ams-01 did not reach every worker. renewd reloads it in the next turn; if it stays, look for a second nginx that binds port 443.',
        {
          certificate: id,
          endpoint: 'web-ams-01',
          address: '192.0.2.10:443',
          expected: leaf.fingerprint,
          observed: before.fingerprint,
          since: '2026-11-20T22:41:07Z',
        },
      ),
    ],
  );
}

function failing(): CertificateRecord {
  const id = 'signalling/interlocking-api';
  const leaf = issued(id, ['interlocking.kestrel.example'], '2026-09-06T04:00:00Z', '2026-12-05T04:00:00Z');
  return certificate(
    id,
    'failing',
    '2026-11-18T13:05:44Z',
    ['interlocking.kestrel.example'],
    [
      installation('sig-core-01', 'failing', leaf, [address('interlocking.kestrel.example', leaf)], {
        profile: 'haproxy',
        renewAt: '2026-11-18T13:02:00Z',
        since: '2026-11-18T13:05:44Z',
      }),
    ],
    [
      finding(
        'install-test-failed',
        'error',
        'The configuration test on sig-core-01 failed after the new files were written, so the generation before was put back.',
        'Run "haproxy -c -f /etc/haproxy/haproxy.cfg" on sig-core-01 and mend line 41; renewd tries again at 11:30 UTC.',
        {
          certificate: id,
          endpoint: 'sig-core-01',
          expected: 'exit code 0',
          observed:
            "exit code 1: [ALERT] (2811) : parsing [haproxy.cfg:41] : unknown keyword 'ssl-default-bind-curve'",
          since: '2026-11-18T13:05:44Z',
        },
      ),
    ],
  );
}

function blocked(): CertificateRecord {
  const id = 'passenger/kiosk';
  return certificate(
    id,
    'blocked',
    '2026-11-20T15:20:10Z',
    ['kiosk.kestrel.example'],
    [
      installation('kiosk-lb-01', 'blocked', null, [
        address('kiosk.kestrel.example', null, { result: 'connection-failed' }),
      ]),
    ],
    [
      finding(
        'policy-blocked',
        'error',
        'RSA with 2048 bits is not allowed for new keys in production.',
        'Set spec.key.algorithm to ecdsa-p256, or ask the owners of baseline for a waiver.',
        {
          certificate: id,
          expected: 'ecdsa-p256, ecdsa-p384, rsa-3072 or more',
          observed: 'rsa-2048',
          rule: { id: 'key-algorithms', policy: 'baseline', at: 'policies/baseline.yaml:14:5' },
          at: 'inventory/certificates/passenger/kiosk.yaml:9:5',
          since: '2026-11-20T15:20:10Z',
        },
      ),
    ],
    { keyAlgorithm: 'rsa-2048' },
  );
}

function unknown(): CertificateRecord {
  const id = 'freight/yard-scanner';
  const leaf = issued(id, ['yard.kestrel.example'], '2026-10-28T04:00:00Z', '2027-01-26T04:00:00Z');
  return certificate(
    id,
    'unknown',
    '2026-11-21T07:31:00Z',
    ['yard.kestrel.example'],
    [
      installation(
        'yard-rdam-01',
        'unknown',
        leaf,
        [address('yard.kestrel.example', null, { result: 'name-unresolved', since: '2026-11-21T07:31:00Z' })],
        {
          renewAt: '2026-12-27T02:10:00Z',
          since: '2026-11-21T07:31:00Z',
        },
      ),
    ],
    [
      finding(
        'address-not-seen',
        'warning',
        'DNS has no address for yard.kestrel.example.',
        'Put the record back, or take the address out of the declaration.',
        {
          certificate: id,
          endpoint: 'yard-rdam-01',
          address: 'yard.kestrel.example:443',
          expected: leaf.fingerprint,
          observed: 'NXDOMAIN',
          since: '2026-11-21T07:31:00Z',
        },
      ),
    ],
  );
}

function overdue(): CertificateRecord {
  const id = 'web/press';
  const leaf = issued(id, ['press.kestrel.example'], '2026-09-12T04:00:00Z', '2026-12-11T04:00:00Z', {
    issuer: "CN=R13,O=Let's Encrypt,C=US",
    issuedBy: 'lets-encrypt',
  });
  return certificate(
    id,
    'overdue',
    '2026-11-20T02:00:00Z',
    ['press.kestrel.example'],
    [
      installation('web-ams-02', 'overdue', leaf, [address('press.kestrel.example', leaf)], {
        renewAt: '2026-11-12T01:12:00Z',
        since: '2026-11-20T02:00:00Z',
      }),
    ],
    [
      finding(
        'renewal-overdue',
        'warning',
        'Renewal was due on 2026-11-12 01:12 UTC and lets-encrypt has not issued yet: too many certificates for kestrel.example this week.',
        'Nothing yet: renewd tries again on 2026-11-22. If it must be sooner, choose another issuer in the declaration.',
        {
          certificate: id,
          observed: 'urn:ietf:params:acme:error:rateLimited',
          since: '2026-11-12T01:14:09Z',
        },
      ),
    ],
    { issuer: 'lets-encrypt' },
  );
}

function nonCompliant(): CertificateRecord {
  const id = 'intranet/payroll';
  const leaf = issued(id, ['payroll.corp.kestrel.example'], '2026-03-01T00:00:00Z', '2027-02-28T23:59:59Z', {
    keyAlgorithm: 'rsa-2048',
    keyBits: 2048,
    signatureAlgorithm: 'sha256WithRSAEncryption',
    because: null,
    issuedBy: null,
    csr: null,
    installedAt: null,
    generation: null,
  });
  return certificate(
    id,
    'non-compliant',
    '2026-10-01T06:00:00Z',
    ['payroll.corp.kestrel.example'],
    [
      installation('corp-app-03', 'non-compliant', leaf, [address('payroll.corp.kestrel.example', leaf)], {
        profile: 'apache',
        renewAt: '2027-01-04T09:00:00Z',
      }),
    ],
    [
      finding(
        'policy-violation',
        'warning',
        'It is valid for 365 days; 200 days are allowed.',
        'Set spec.lifetime, or wait for the renewal on 2027-01-04, which will hold the rule.',
        {
          certificate: id,
          expected: 'at most 200 days',
          observed: '365 days',
          rule: { id: 'lifetime-max', policy: 'baseline', at: 'policies/baseline.yaml:19:5' },
          since: '2026-10-01T06:00:00Z',
        },
      ),
    ],
    { drift: 'report', labels: { env: 'prod', zone: 'corp' } },
  );
}

function moving(): readonly CertificateRecord[] {
  const due = 'passenger/timetable';
  const leaf = issued(due, ['timetable.kestrel.example'], '2026-09-22T04:00:00Z', '2026-12-21T04:00:00Z');
  const old = 'intranet/wiki-old';
  const oldLeaf = issued(
    old,
    ['wiki-old.corp.kestrel.example'],
    '2026-10-01T04:00:00Z',
    '2026-12-30T04:00:00Z',
  );
  return [
    certificate(
      due,
      'renewal-due',
      '2026-11-21T08:45:00Z',
      ['timetable.kestrel.example'],
      [
        installation('pax-edge-01', 'renewal-due', leaf, [address('timetable.kestrel.example', leaf)], {
          renewAt: '2026-11-21T08:45:00Z',
        }),
      ],
    ),
    certificate(
      'passenger/wifi-portal',
      'pending',
      '2026-11-21T08:55:00Z',
      ['wifi.kestrel.example'],
      [installation('pax-edge-01', 'pending', null, [])],
    ),
    certificate(
      old,
      'retired',
      '2026-11-03T10:00:00Z',
      ['wiki-old.corp.kestrel.example'],
      [
        installation('corp-app-03', 'retired', oldLeaf, [address('wiki-old.corp.kestrel.example', oldLeaf)], {
          profile: 'apache',
        }),
      ],
      [],
      { state: 'retired', withdrawn: true },
    ),
  ];
}

const well = [
  healthy(
    'web/www',
    'www.kestrel.example',
    'web-ams-01',
    '2026-11-02T04:00:00Z',
    '2027-01-31T04:00:00Z',
    '2027-01-01T19:33:00Z',
  ),
  healthy(
    'web/api',
    'api.kestrel.example',
    'web-ams-02',
    '2026-10-30T04:00:00Z',
    '2027-01-28T04:00:00Z',
    '2026-12-29T07:02:00Z',
  ),
  healthy(
    'passenger/tickets',
    'tickets.kestrel.example',
    'pax-edge-01',
    '2026-11-12T04:00:00Z',
    '2027-02-10T04:00:00Z',
    '2027-01-11T21:48:00Z',
  ),
  healthy(
    'passenger/seat-map',
    'seats.kestrel.example',
    'pax-edge-01',
    '2026-11-08T04:00:00Z',
    '2027-02-06T04:00:00Z',
    '2027-01-07T13:15:00Z',
  ),
  healthy(
    'signalling/balise-registry',
    'balise.kestrel.example',
    'sig-core-01',
    '2026-11-05T04:00:00Z',
    '2027-02-03T04:00:00Z',
    '2027-01-04T05:57:00Z',
  ),
  healthy(
    'signalling/train-position',
    'position.kestrel.example',
    'sig-core-01',
    '2026-10-29T04:00:00Z',
    '2027-01-27T04:00:00Z',
    '2026-12-28T23:40:00Z',
  ),
  healthy(
    'freight/wagon-tracking',
    'wagons.kestrel.example',
    'yard-rdam-01',
    '2026-11-14T04:00:00Z',
    '2027-02-12T04:00:00Z',
    '2027-01-13T10:31:00Z',
  ),
  healthy(
    'intranet/wiki',
    'wiki.corp.kestrel.example',
    'corp-app-03',
    '2026-11-09T04:00:00Z',
    '2027-02-07T04:00:00Z',
    '2027-01-08T17:26:00Z',
  ),
  healthy(
    'intranet/git',
    'git.corp.kestrel.example',
    'corp-app-03',
    '2026-11-18T04:00:00Z',
    '2027-02-16T04:00:00Z',
    '2027-01-17T08:09:00Z',
  ),
];

const repositoryFindings: readonly FindingRecord[] = [
  finding(
    'document-invalid',
    'error',
    'spec.installations.0.serves.0: "shop.kestrel.example" has no port.',
    'Write host:port, for example shop.kestrel.example:443.',
    {
      at: 'inventory/certificates/web/newsletter.yaml:11:17',
      observed: 'shop.kestrel.example',
      expected: 'host:port',
      since: '2026-11-20T16:02:00Z',
    },
  ),
];

function commits(): readonly LogEntry[] {
  const lines: readonly (readonly [string, string, string, string | null])[] = [
    ['2026-11-21T08:55:12Z', 'certificate passenger/wifi-portal: declared, not issued yet', 'declared', 'a'],
    [
      '2026-11-21T08:45:03Z',
      'certificate passenger/timetable: renewal is due',
      'renewal instant passed',
      null,
    ],
    [
      '2026-11-21T07:31:06Z',
      'certificate freight/yard-scanner: unknown, no address for yard.kestrel.example',
      'observation',
      null,
    ],
    [
      '2026-11-20T22:41:10Z',
      'certificate web/shop: drift, web-ams-01 serves the one before',
      'observation',
      null,
    ],
    ['2026-11-20T15:20:15Z', 'certificate passenger/kiosk: blocked by rule key-algorithm', 'declared', 'b'],
    [
      '2026-11-19T04:00:05Z',
      'certificate freight/customs-gateway: expired at customs.kestrel.example:443',
      'observation',
      null,
    ],
    [
      '2026-11-18T13:05:49Z',
      'certificate signalling/interlocking-api: failing, test of sig-core-01 refused the configuration',
      'renewal was due',
      null,
    ],
    [
      '2026-11-18T04:12:40Z',
      'certificate intranet/git: renewed, served by git.corp.kestrel.example:443',
      'renewal was due',
      null,
    ],
    [
      '2026-11-16T04:12:39Z',
      'certificate web/shop: renewed, served by web-ams-01 and web-ams-02',
      'renewal was due',
      null,
    ],
    [
      '2026-11-14T04:12:38Z',
      'certificate freight/wagon-tracking: renewed, served by wagons.kestrel.example:443',
      'renewal was due',
      null,
    ],
  ];
  return lines.map(([at, subject, because, source], index) => ({
    oid: oid(`commit ${String(index)}`),
    at,
    author: 'renewd',
    subject,
    trailers: [
      { key: 'Renewd-Because', value: because },
      ...(source === null ? [] : [{ key: 'Renewd-Source', value: oid(`intent ${source}`) }]),
    ],
    signed: index === 9 ? null : true,
  }));
}

const sampleThresholds: SiteSources['settings']['thresholds'] = [
  {
    label: 'Repository',
    value: '1 minute',
    meaning: 'How often new commits are looked for; a webhook makes it sooner.',
  },
  {
    label: 'Endpoints',
    value: '6 hours',
    meaning: 'How often an installation that gives no cause for worry is looked at.',
  },
];

/** What a reader of Git would hand over for this estate. */
export function sampleSources(): SiteSources {
  const certificates = [
    expired(),
    drifted(),
    failing(),
    blocked(),
    unknown(),
    overdue(),
    nonCompliant(),
    ...moving(),
    ...well,
  ];
  const placed = (name: string): readonly string[] =>
    certificates
      .filter((each) => each.installations.some((one) => one.endpoint === name))
      .map(({ metadata }) => `${metadata.team}/${metadata.name}`)
      .sort();
  const unreachable = expired().findings.filter(({ code }) => code === 'endpoint-unreachable');
  const log = commits();
  return {
    at: sampleAt,
    state: log[0]?.oid ?? '',
    intent: oid('intent a'),
    statePrefix: '',
    repository: 'git.kestrel.example/pki/estate',
    settings: {
      redaction: 'full',
      forge: { kind: 'forgejo', url: 'https://git.kestrel.example/pki/estate', branch: 'main' },
      staleAfterMs: 3 * 3_600_000,
      staticDetailMax: 10_000,
      thresholds: sampleThresholds,
    },
    records: {
      certificates,
      endpoints: [
        endpoint('web-ams-01', 'web', '192.0.2.10:22', placed('web-ams-01')),
        endpoint('web-ams-02', 'web', '192.0.2.11:22', placed('web-ams-02')),
        endpoint('pax-edge-01', 'passenger', 'pax-edge-01.kestrel.example:22', placed('pax-edge-01')),
        endpoint('kiosk-lb-01', 'passenger', 'kiosk-lb-01.kestrel.example:22', placed('kiosk-lb-01'), {
          status: 'unknown',
          since: '2026-11-20T15:20:10Z',
        }),
        endpoint('sig-core-01', 'signalling', 'sig-core-01.kestrel.example:2222', placed('sig-core-01')),
        endpoint('gw-utrecht-02', 'freight', '198.51.100.7:22', placed('gw-utrecht-02'), {
          status: 'unreachable',
          since: '2026-10-22T11:40:19Z',
          findings: unreachable,
        }),
        endpoint('yard-rdam-01', 'freight', '198.51.100.31:22', placed('yard-rdam-01')),
        endpoint('corp-app-03', 'intranet', 'corp-app-03.corp.kestrel.example:22', placed('corp-app-03')),
      ],
      repository: { apiVersion: 'renewd/v1', kind: 'RepositoryFindings', findings: repositoryFindings },
      heartbeat: {
        apiVersion: 'renewd/v1',
        kind: 'Heartbeat',
        instance: 'renewd-ams',
        version: '0.1.0',
        at: '2026-11-21T08:55:12Z',
        source: oid('intent a'),
      },
    },
    declared: sampleDeclared(),
    history: sampleHistory(log),
    log,
    logTruncated: false,
    recordSigner: 'configured',
    changes: sampleChanges(),
    evidence: [sampleEvidence(certificates)],
    authorities: [
      {
        issuer: 'kestrel-ca',
        role: 'root',
        subject: 'CN=Kestrel Root CA, O=Kestrel Rail, C=NL',
        notBefore: '2024-01-10T00:00:00Z',
        notAfter: '2044-01-10T00:00:00Z',
        fingerprint: digest('root'),
        keyAlgorithm: 'ecdsa-p384',
        signatureAlgorithm: 'ecdsa-with-SHA384',
      },
      {
        issuer: 'kestrel-ca',
        role: 'intermediate',
        subject: 'CN=Kestrel Issuing CA 3, O=Kestrel Rail, C=NL',
        notBefore: '2025-02-01T00:00:00Z',
        notAfter: '2028-02-01T00:00:00Z',
        fingerprint: digest('intermediate'),
        keyAlgorithm: 'ecdsa-p256',
        signatureAlgorithm: 'ecdsa-with-SHA384',
      },
    ],
    texts: Object.fromEntries(
      certificates.map((each) => [
        `${each.metadata.team}/${each.metadata.name}`,
        `apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: ${each.metadata.name}, team: ${each.metadata.team} }\nspec:\n  dnsNames: [${each.declaration.dnsNames.join(', ')}]\n  issuer: ${each.declaration.issuer}\n`,
      ]),
    ),
    chains: Object.fromEntries(
      certificates.flatMap((each) =>
        each.installations
          .filter((one) => one.issued !== null)
          .map((one): [string, string] => [
            `${each.metadata.team}/${each.metadata.name}@${one.endpoint}`,
            pem,
          ]),
      ),
    ),
  };
}

/** The model that a build makes of sources, without files of data. */
export function modelOf(sources: SiteSources): SiteModel {
  const redacted = redactSources(sources);
  return siteModel(redacted, estateOf(redacted), noDataFiles);
}

/** The model of the sample estate. */
export function sampleModel(): SiteModel {
  return modelOf(sampleSources());
}

/** Sources of a repository in which nothing was declared or seen. */
export function emptySources(): SiteSources {
  const { settings } = sampleSources();
  return {
    at: sampleAt,
    state: '',
    intent: '',
    statePrefix: '',
    repository: null,
    settings: { ...settings, forge: null, thresholds: [] },
    records: { certificates: [], endpoints: [], repository: null, heartbeat: null },
    declared: {
      teams: [],
      issuers: [],
      endpoints: [],
      profiles: [],
      policies: [],
      packs: [],
      customRules: [],
      waivers: [],
      offers: [],
      programs: [],
    },
    history: { transitions: [], knownSince: null, begun: null, commits: [] },
    log: [],
    logTruncated: false,
    recordSigner: 'first-commit',
    changes: [],
    evidence: [],
    authorities: [],
    texts: {},
    chains: {},
  };
}

/** One text, unique and recognisable, from the sample: tests that look for it fail when the page is empty. */
export const sampleFingerprint = digest('leaf web/shop 2026-11-16T04:00:00Z');
