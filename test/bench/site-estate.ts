/** A repository with records of any number of certificates, for measuring the site: one in ten needs a person, names and serials differ as real ones do. Made by `git fast-import`. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type {
  CertificateRecord,
  CertificateStatus,
  EndpointRecord,
  FindingRecord,
  IssuedRecord,
} from '../../daemon/core/record-format.ts';
import { renderRecord } from '../../daemon/documents/write.ts';

const dayMs = 86_400_000;
export const siteEstateNow = Date.parse('2026-11-24T12:00:00Z');
const teams = 40;
const words = [
  ...[
    'atlas',
    'birch',
    'cobalt',
    'delta',
    'ember',
    'fjord',
    'garnet',
    'harbor',
    'indigo',
    'juniper',
    'kestrel',
    'lumen',
  ],
  ...[
    'meadow',
    'nimbus',
    'onyx',
    'pebble',
    'quartz',
    'raven',
    'sierra',
    'tundra',
    'umber',
    'violet',
    'willow',
    'zephyr',
  ],
];

const hex = (text: string, length = 64): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length);
const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const number = (text: string, below: number): number => parseInt(hex(text, 8), 16) % below;

/** Name, team and endpoint of the n-th certificate. */
function place(index: number): { readonly name: string; readonly team: string; readonly host: string } {
  const word = (salt: string): string => words[number(`${salt}${String(index)}`, words.length)] ?? 'x';
  const name = `${word('a')}-${word('b')}-${String(index)}`;
  return {
    name,
    team: `team-${String(number(`t${String(index)}`, teams))}`,
    host: `${name}.${word('c')}.example.com`,
  };
}

/** Out of a thousand, as in an estate that is looked after. */
function statusOf(index: number): CertificateStatus {
  const roll = number(`s${String(index)}`, 1000);
  if (roll < 5) return 'expired';
  if (roll < 10) return 'failing';
  if (roll < 30) return 'drift';
  if (roll < 40) return 'overdue';
  if (roll < 50) return 'unknown';
  if (roll < 80) return 'non-compliant';
  return roll < 100 ? 'renewal-due' : 'ok';
}

const codes: Partial<Record<CertificateStatus, string>> = {
  expired: 'installed-expired',
  failing: 'install-failed',
  drift: 'served-previous',
  overdue: 'renewal-overdue',
  unknown: 'name-unresolved',
  'non-compliant': 'policy-violation',
};

function findingsOf(id: string, endpoint: string, status: CertificateStatus, since: string): FindingRecord[] {
  const code = codes[status];
  if (code === undefined) return [];
  return [
    {
      id: `${id}@${endpoint} ${code}`,
      code,
      severity: status === 'expired' ? 'critical' : status === 'non-compliant' ? 'warning' : 'error',
      message: `${endpoint} shows ${code} for ${id}, seen by a handshake at its declared address.`,
      remedy: 'Read the failed step in the findings and remove its cause; renewd tries again by itself.',
      certificate: id,
      endpoint,
      address: `${endpoint}.example.com:443`,
      expected: hex(`leaf ${id}`, 16),
      observed: hex(`other ${id}`, 16),
      rule:
        status === 'non-compliant'
          ? { id: 'lifetime-max', policy: 'baseline', at: 'policies/baseline.yaml:14:7' }
          : null,
      at: null,
      since,
    },
  ];
}

/** The record of the n-th certificate of `certificates`. Pure. */
export function siteRecord(index: number, certificates: number): CertificateRecord {
  const { name, team, host } = place(index);
  const id = `${team}/${name}`;
  const endpoint = `edge-${String(index % endpointCount(certificates))}`;
  const status = statusOf(index);
  const age = number(`g${String(index)}`, 60);
  const issued = issuedOf(id, host, age, status);
  const since = stamp(siteEstateNow - number(`z${String(index)}`, age + 1) * dayMs);
  return {
    apiVersion: 'renewd/v1',
    kind: 'CertificateRecord',
    metadata: { name, team },
    declaration: {
      file: `inventory/certificates/${team}/${name}.yaml`,
      blob: hex(`blob ${id}`, 40),
      dnsNames: [host, `www.${host}`],
      ipAddresses: [],
      issuer: number(`i${String(index)}`, 3) === 0 ? 'lets-encrypt' : 'internal-ca',
      keyAlgorithm: issued.keyAlgorithm,
      state: 'present',
      drift: 'enforce',
      labels: { env: number(`e${String(index)}`, 4) === 0 ? 'test' : 'prod' },
      withdrawn: false,
    },
    status,
    since,
    installations: [
      {
        endpoint,
        profile: 'nginx',
        status,
        issued,
        previous: null,
        renewAt: stamp(Date.parse(issued.notBefore) + 60 * dayMs),
        addresses: [
          {
            address: `${host}:443`,
            serverName: host,
            result:
              status === 'drift'
                ? 'served-previous'
                : status === 'unknown'
                  ? 'name-unresolved'
                  : 'served-match',
            fingerprint:
              status === 'unknown' ? null : status === 'drift' ? hex(`other ${id}`) : issued.fingerprint,
            served:
              status === 'unknown'
                ? null
                : { subject: issued.subject, issuer: issued.issuer, notAfter: issued.notAfter },
            since,
          },
        ],
        since,
      },
    ],
    findings: findingsOf(id, endpoint, status, since),
  };
}

function issuedOf(id: string, host: string, age: number, status: CertificateStatus): IssuedRecord {
  const from = siteEstateNow - (status === 'expired' ? 95 : age) * dayMs;
  return {
    generation: `${stamp(from).replaceAll(/[-:]/g, '')}-${hex(id, 6)}`,
    serial: hex(`serial ${id}`, 32),
    fingerprint: hex(`leaf ${id}`),
    spki: hex(`key ${id}`),
    subject: `CN=${host}`,
    issuer: 'CN=Example Issuing CA 2, O=Example',
    dnsNames: [host, `www.${host}`],
    ipAddresses: [],
    notBefore: stamp(from),
    notAfter: stamp(from + 90 * dayMs),
    keyAlgorithm: number(`k${id}`, 5) === 0 ? 'rsa-3072' : 'ecdsa-p256',
    keyBits: number(`k${id}`, 5) === 0 ? 3072 : 256,
    signatureAlgorithm: 'ecdsa-with-SHA256',
    because: 'renewal due',
    issuedBy: 'internal-ca',
    csr: hex(`csr ${id}`),
    installedAt: stamp(from + 30_000),
    provedAt: stamp(from + 33_000),
  };
}

/** Fifty certificates a machine. */
function endpointCount(certificates: number): number {
  return Math.max(1, Math.ceil(certificates / 50));
}

function endpointRecord(index: number, ids: readonly string[]): EndpointRecord {
  return {
    apiVersion: 'renewd/v1',
    kind: 'EndpointRecord',
    metadata: { name: `edge-${String(index)}`, team: `team-${String(index % teams)}` },
    type: 'ssh',
    location: `edge-${String(index)}.example.com:22`,
    status: index % 97 === 0 ? 'unreachable' : 'reachable',
    since: stamp(siteEstateNow - 40 * dayMs),
    certificates: ids,
    findings: [],
  };
}

function* intentFiles(): Generator<readonly [string, string]> {
  const head = 'apiVersion: renewd/v1\n';
  for (let team = 0; team < teams; team++)
    yield [
      `inventory/teams/team-${String(team)}.yaml`,
      `${head}kind: Team\nmetadata: { name: team-${String(team)} }\nspec:\n  displayName: Team ${String(team)}\n  owners: [ada]\n  contacts: [{ email: t@example.com }]\n  dnsNames: ['*.example.com']\n`,
    ];
  yield [
    'policies/baseline.yaml',
    `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  description: Baseline\n  rules:\n    - rule: allowed-names\n      action: block\n    - { rule: lifetime-max, action: report, settings: { max: 47d } }\n`,
  ];
}

function* stateFiles(certificates: number, source: string): Generator<readonly [string, string]> {
  const placed = new Map<string, string[]>();
  for (let index = 0; index < certificates; index++) {
    const record = siteRecord(index, certificates);
    const id = `${record.metadata.team}/${record.metadata.name}`;
    const endpoint = record.installations[0]?.endpoint ?? '';
    placed.set(endpoint, [...(placed.get(endpoint) ?? []), id]);
    yield [`certificates/${id}.json`, renderRecord(record)];
  }
  for (let index = 0; index < endpointCount(certificates); index++) {
    const ids = placed.get(`edge-${String(index)}`) ?? [];
    yield [`endpoints/edge-${String(index)}.json`, renderRecord(endpointRecord(index, ids.sort()))];
  }
  yield [
    'heartbeat.json',
    renderRecord({
      apiVersion: 'renewd/v1',
      kind: 'Heartbeat',
      instance: 'bench',
      version: '0.1.0',
      at: stamp(siteEstateNow - 600_000),
      source,
    }),
  ];
}

export interface SiteEstate {
  readonly bare: string;
  readonly state: string;
  readonly intent: string;
}

/** Makes the repository below `root`. IO: needs git. */
export async function makeSiteEstate(root: string, certificates: number): Promise<SiteEstate> {
  const bare = join(root, `site-${String(certificates)}.git`);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  const tip = (ref: string): string =>
    execFileSync('git', ['-C', bare, 'rev-parse', ref], { encoding: 'utf8' }).trim();
  await importCommit(bare, 'refs/heads/main', intentFiles());
  const intent = tip('refs/heads/main');
  await importCommit(bare, 'refs/heads/renewd/state', stateFiles(certificates, intent));
  return { bare, intent, state: tip('refs/heads/renewd/state') };
}

async function importCommit(
  bare: string,
  ref: string,
  files: Iterable<readonly [string, string]>,
): Promise<void> {
  const child = spawn('git', ['-C', bare, 'fast-import', '--quiet'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const ended = once(child, 'close');
  const write = async (text: string): Promise<void> => {
    if (!child.stdin.write(text)) await once(child.stdin, 'drain');
  };
  const at = Math.floor(siteEstateNow / 1000) - 86_400;
  await write(`commit ${ref}\ncommitter bench <bench@example.com> ${String(at)} +0000\ndata 5\nbench\n`);
  for (const [path, text] of files)
    await write(`M 100644 inline ${path}\ndata ${String(Buffer.byteLength(text))}\n${text}\n`);
  child.stdin.end('\n');
  const [code] = (await ended) as [number];
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
}
