/** A synthetic estate of any size: a bare repository made by `git fast-import`, and a journal in which everything is installed, seen and well. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Observation } from '../../daemon/core/model.ts';
import type { IssuedRecord } from '../../daemon/core/record-format.ts';
import { openJournal } from '../../daemon/journal/journal.ts';

const day = 86_400_000;
const teams = 20;
const endpoints = 200;

export interface Synthetic {
  readonly bare: string;
  readonly data: string;
  readonly certificates: number;
}

/** Makes repository and journal below `root`. IO: needs git. */
export async function makeSynthetic(root: string, certificates: number): Promise<Synthetic> {
  const bare = join(root, `estate-${String(certificates)}.git`);
  const data = join(root, `data-${String(certificates)}`);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  await importFiles(bare, [...sharedFiles(), ...certificateFiles(certificates)]);
  fillJournal(data, certificates);
  return { bare, data, certificates };
}

function* sharedFiles(): Generator<readonly [string, string]> {
  const head = 'apiVersion: renewd/v1\n';
  for (let team = 0; team < teams; team++) {
    yield [
      `inventory/teams/team-${String(team)}.yaml`,
      `${head}kind: Team\nmetadata: { name: team-${String(team)} }\nspec:\n  displayName: Team ${String(team)}\n  owners: [ada]\n  contacts: [{ email: t@example.com }]\n  dnsNames: ['*.example.com']\n  endpoints: ['*']\n`,
    ];
  }
  yield [
    'inventory/issuers/internal-ca.yaml',
    `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n`,
  ];
  for (let endpoint = 0; endpoint < endpoints; endpoint++) {
    yield [
      `inventory/endpoints/web-${String(endpoint)}.yaml`,
      `${head}kind: Endpoint\nmetadata: { name: web-${String(endpoint)} }\nspec:\n  type: ssh\n  host: web-${String(endpoint)}.example.com\n  user: deploy\n  hostKeys: ['SHA256:${String(endpoint).padStart(5, 'A').padStart(43, 'A')}']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n`,
    ];
  }
  yield [
    'policies/baseline.yaml',
    `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  description: Baseline\n  rules:\n    - rule: allowed-names\n      action: block\n    - rule: required-owner\n      action: block\n    - { rule: allowed-issuers, action: block, settings: { issuers: [internal-ca] } }\n    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256] } }\n    - { rule: lifetime-max, action: report, settings: { max: 398d } }\n`,
  ];
}

/** Name, team and endpoint of the n-th certificate. */
function place(index: number): { readonly name: string; readonly team: string; readonly endpoint: string } {
  return {
    name: `service-${String(index)}`,
    team: `team-${String(index % teams)}`,
    endpoint: `web-${String(index % endpoints)}`,
  };
}

/** The text of the n-th certificate's document. */
export function certificateText(index: number): string {
  const { name, team, endpoint } = place(index);
  return `apiVersion: renewd/v1
kind: Certificate
metadata: { name: ${name}, team: ${team}, labels: { env: prod } }
spec:
  dnsNames: [${name}.example.com]
  issuer: internal-ca
  key: { algorithm: ecdsa-p256 }
  installations:
    - endpoint: ${endpoint}
      profile: nginx
      serves: ['${name}.example.com:443']
`;
}

function* certificateFiles(certificates: number): Generator<readonly [string, string]> {
  for (let index = 0; index < certificates; index++) {
    const { name, team } = place(index);
    yield [`inventory/certificates/${team}/${name}.yaml`, certificateText(index)];
  }
}

async function importFiles(bare: string, files: Iterable<readonly [string, string]>): Promise<void> {
  const child = spawn('git', ['-C', bare, 'fast-import', '--quiet'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const done = new Promise<void>((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`git fast-import ended with ${String(code)}`));
    });
  });
  const write = async (text: string): Promise<void> => {
    if (!child.stdin.write(text)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  };
  await write(
    'commit refs/heads/main\ncommitter bench <bench@example.com> 1790000000 +0000\ndata 5\nbench\n',
  );
  for (const [path, text] of files) {
    await write(`M 100644 inline ${path}\ndata ${String(Buffer.byteLength(text))}\n${text}\n`);
  }
  child.stdin.end('\n');
  await done;
}

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');

function issuedOf(index: number, now: number): IssuedRecord {
  const { name } = place(index);
  const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
  return {
    generation: 'g1',
    serial: hex(name).slice(0, 32),
    fingerprint: hex(`leaf ${name}`),
    spki: hex(`key ${name}`),
    subject: `CN=${name}.example.com`,
    issuer: 'CN=Example Intermediate',
    dnsNames: [`${name}.example.com`],
    ipAddresses: [],
    notBefore: stamp(now - 10 * day),
    notAfter: stamp(now + 80 * day),
    keyAlgorithm: 'ecdsa-p256',
    keyBits: 256,
    signatureAlgorithm: 'ecdsa-with-SHA256',
    because: 'declared and not yet installed',
    issuedBy: 'internal-ca',
    csr: hex(`csr ${name}`),
    installedAt: stamp(now - 10 * day),
    provedAt: stamp(now - 10 * day),
  };
}

function observationOf(index: number, issued: IssuedRecord, now: number): Observation {
  const { name, team, endpoint } = place(index);
  const leaf = {
    fingerprint: issued.fingerprint,
    spki: issued.spki,
    serial: issued.serial,
    subject: issued.subject,
    issuer: issued.issuer,
    dnsNames: issued.dnsNames,
    ipAddresses: [],
    notBefore: Date.parse(issued.notBefore),
    notAfter: Date.parse(issued.notAfter),
    keyAlgorithm: 'ecdsa-p256',
    keyBits: 256,
    signatureAlgorithm: issued.signatureAlgorithm,
    usages: ['serverAuth'],
    isCa: false,
    selfSigned: false,
  };
  return {
    installation: `${team}/${name}@${endpoint}`,
    at: now,
    store: {
      current: 'g1',
      previous: null,
      generations: ['g1'],
      leaf,
      leaves: { g1: issued.fingerprint },
      keyMatches: true,
      brokenLinks: [],
    },
    storeFailure: null,
    handshakes: [
      {
        address: { host: `${name}.example.com`, port: 443, serverName: `${name}.example.com` },
        leaf,
        chain: [],
        failure: null,
        trust: 'trusted',
        protocol: 'TLSv1.3',
      },
    ],
  };
}

function fillJournal(directory: string, certificates: number): void {
  mkdirSync(directory, { recursive: true });
  const journal = openJournal(directory);
  const now = Date.now();
  journal.atomically(() => {
    for (let index = 0; index < certificates; index++) {
      const { name, team, endpoint } = place(index);
      const issued = issuedOf(index, now);
      const installed = { issued, previous: null, renewAt: now + 50 * day, keyLost: false };
      journal.saveInstallation(`${team}/${name}@${endpoint}`, { installed, chain: null, certificate: null });
    }
  });
  for (let from = 0; from < certificates; from += 5000) {
    const part = Array.from({ length: Math.min(5000, certificates - from) }, (_, index) =>
      observationOf(from + index, issuedOf(from + index, now), now),
    );
    journal.saveObservations(part);
  }
  journal.close();
}
