/** What the sample estate declares beside certificates: read from YAML as the daemon reads it, so that it is exactly what a repository could hold. */
import { buildDesired } from '../../daemon/core/desired.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';
import { documentsOf } from '../../site/source/declared.ts';
import type { DeclaredDocuments } from '../../site/facts/sources.ts';
import { oid } from './sample-records.ts';

const team = (name: string, displayName: string, owner: string, names: string): readonly [string, string] => [
  `inventory/teams/${name}.yaml`,
  `apiVersion: renewd/v1
kind: Team
metadata: { name: ${name} }
spec:
  displayName: ${displayName}
  owners: [${owner}]
  contacts:
    - { email: ${name}@kestrel.example }
    - { url: https://chat.kestrel.example/channels/${name} }
  dnsNames: [${names}]
`,
];

const endpoint = (name: string, owner: string): readonly [string, string] => [
  `inventory/endpoints/${name}.yaml`,
  `apiVersion: renewd/v1
kind: Endpoint
metadata: { name: ${name}, team: ${owner} }
spec:
  type: ssh
  host: ${name}.kestrel.example
  user: renewd
  hostKeys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']
  auth: { key: { secret: deploy-key } }
  privilege: { mode: direct }
`,
];

const files: readonly (readonly [string, string])[] = [
  team(
    'web',
    'Web and shop',
    'Ngozi Okafor',
    "shop.kestrel.example, www.kestrel.example, '*.kestrel.example'",
  ),
  team('passenger', 'Passenger services', 'Lotta Virtanen', "'*.kestrel.example'"),
  team('signalling', 'Signalling', 'Dario Marchetti', "'*.kestrel.example'"),
  team('freight', 'Freight', 'Selin Yilmaz', "'*.kestrel.example'"),
  team('intranet', 'Office IT', 'Anneke Bakker', "'*.corp.kestrel.example'"),
  endpoint('web-ams-01', 'web'),
  endpoint('web-ams-02', 'web'),
  endpoint('pax-edge-01', 'passenger'),
  endpoint('kiosk-lb-01', 'passenger'),
  endpoint('sig-core-01', 'signalling'),
  endpoint('gw-utrecht-02', 'freight'),
  endpoint('yard-rdam-01', 'freight'),
  endpoint('corp-app-03', 'intranet'),
  [
    'inventory/issuers/kestrel-ca.yaml',
    'apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: kestrel-ca }\nspec:\n  type: ca\n  organization: Kestrel Rail\n  permittedDnsNames: [kestrel.example]\n',
  ],
  [
    'inventory/issuers/lets-encrypt.yaml',
    'apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: lets-encrypt, labels: { trust: public } }\nspec:\n  type: acme\n  directory: https://acme-v02.api.letsencrypt.org/directory\n  contacts: [pki@kestrel.example]\n  challenge: { type: standalone }\n  termsOfServiceAgreed: true\n',
  ],
  [
    'policies/baseline.yaml',
    `apiVersion: renewd/v1
kind: Policy
metadata: { name: baseline }
spec:
  description: What every certificate of the railway must keep to
  packs:
    - { pack: nist-sp-1800-16 }
  rules:
    - { rule: allowed-names, action: block }
    - rule: key-algorithms
      action: block
      lock: true
      settings: { algorithms: [ecdsa-p256, ecdsa-p384, rsa-3072, rsa-4096] }
    - rule: lifetime-max
      action: report
      settings: { max: 200d }
`,
  ],
  [
    'policies/signalling.yaml',
    `apiVersion: renewd/v1
kind: Policy
metadata: { name: signalling }
spec:
  description: Stricter for what moves trains
  selector: { teams: [signalling] }
  rules:
    - { rule: lifetime-max, action: block, settings: { max: 90d } }
`,
  ],
  [
    'policies/waivers/payroll-key.yaml',
    `apiVersion: renewd/v1
kind: Waiver
metadata: { name: payroll-key }
spec:
  rules: [key-algorithms]
  selector: { certificates: [intranet/payroll] }
  owner: Anneke Bakker
  reason: The payroll appliance cannot make elliptic keys before its update
  compensatingControl: Reached only from the office network, logs are read each day
  granted: 2026-09-01
  expires: 2027-01-31
  ticket: https://tickets.kestrel.example/SEC-1412
`,
  ],
  [
    'policies/waivers/old-wiki.yaml',
    `apiVersion: renewd/v1
kind: Waiver
metadata: { name: old-wiki }
spec:
  rules: [lifetime-max]
  selector: { certificates: [intranet/wiki-old] }
  owner: Anneke Bakker
  reason: Moved to the new wiki in autumn
  compensatingControl: Read only
  expires: 2026-10-31
`,
  ],
  [
    'policies/offers/public-web.yaml',
    `apiVersion: renewd/v1
kind: Offer
metadata: { name: public-web }
spec:
  title: Public web site
  description: A site that customers open in a browser, served by nginx
  issuer: lets-encrypt
  profile: nginx
  key: { algorithm: ecdsa-p256 }
  labels: { env: prod }
  leadTime: about ten minutes after the merge
`,
  ],
  [
    'policies/offers/service-mtls.yaml',
    `apiVersion: renewd/v1
kind: Offer
metadata: { name: service-mtls }
spec:
  title: Service to service
  description: A program that shows a certificate to others and checks theirs; key and chain as files
  issuer: kestrel-ca
  profile: files
  key: { algorithm: ecdsa-p256 }
  lifetime: 47d
  usages: [serverAuth, clientAuth]
  leadTime: about five minutes after the merge
`,
  ],
  [
    'policies/program.yaml',
    `apiVersion: renewd/v1
kind: Program
metadata: { name: program }
spec:
  title: Certificates as a service
  sponsor: Chief operating officer
  owner: Platform team
  charter: https://wiki.kestrel.example/certificates
  supportContact: pki@kestrel.example
  hoursByHand: 4
  targets: { leadTime: 1h, handsOff: 0.95, level: 4 }
  evidence:
    - { step: 5, note: 'Service desk trained, 2026-09-22' }
`,
  ],
];

/** The documents. @throws Error when a sample is not valid */
export function sampleDeclared(): DeclaredDocuments {
  const reader = documentReader();
  const parsed = files.map(([path, text]) =>
    reader.parseFile({ path, oid: oid(path), bytes: Buffer.from(text) }),
  );
  const problems = parsed.flatMap((each) => each.problems);
  const [problem] = problems;
  if (problem !== undefined)
    throw new Error(`${problem.source.file}:${String(problem.source.line)}: ${problem.message}`);
  return documentsOf(buildDesired(oid('intent a'), parsed, builtIns(reader)));
}
