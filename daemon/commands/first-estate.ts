/** The text of a first estate: one server, one certificate, commented for the person who will edit it. Words only; no IO. */
import { patternFor } from '../core/secret-binding.ts';

import { isIpAddress } from '../core/server-name.ts';

export interface FirstEstate {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privilege: 'direct' | 'helper';
  readonly hostKey: string;
  /** null: the SSH agent. */
  readonly sshKeyFile: string | null;
  readonly name: string;
  readonly address: string;
  readonly certificatePath: string;
  readonly keyPath: string;
  /** null: a private CA. */
  readonly acmeDirectory: string | null;
  /** PEM of a private ACME CA; null: a public one. */
  readonly acmeTrust: string | null;
  readonly webroot: string;
}

/** File name to text. Pure. Every value is quoted: what comes from the command line cannot become YAML of its own. */
export function firstEstate(answers: FirstEstate): Map<string, string> {
  const { host, name } = answers;
  const endpoint = resourceName(host);
  const certificate = resourceName(name);
  const issuer = answers.acmeDirectory === null ? 'internal-ca' : 'acme';
  return new Map([
    ['renewd.yaml', configuration(answers)],
    ['.gitignore', '# journal, keys in custody and the mirror: this machine only\n.renewd/\n'],
    ['inventory/teams/platform.yaml', team(name)],
    [`inventory/issuers/${issuer}.yaml`, answers.acmeDirectory === null ? privateCa(name) : acme(answers)],
    [`inventory/endpoints/${endpoint}.yaml`, endpointText(answers, endpoint)],
    [
      `inventory/certificates/platform/${certificate}.yaml`,
      certificateText(answers, endpoint, certificate, issuer),
    ],
    ['policies/baseline.yaml', baseline(issuer)],
  ]);
}

const head = 'apiVersion: renewd/v1\n';

/** A DNS name as the name of a resource. Pure. */
export function resourceName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/** A YAML double-quoted scalar is a JSON string. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The domain that a first name belongs to: `shop.example.com` is in `example.com`. */
function domainOf(name: string): string {
  const labels = name.split('.');
  return labels.length > 2 ? labels.slice(1).join('.') : name;
}

function configuration({ sshKeyFile, host, port }: FirstEstate): string {
  const [name, source] =
    sshKeyFile === null ? ['agent', 'agent: true'] : ['deploy-key', `file: ${quoted(sshKeyFile)}`];
  const pattern = patternFor({ host, port }, 'endpoints');
  return `# How this renewd runs. Everything that can stand here: docs/configuration.md
repo: .
data: .renewd

# Declarations only name secrets. Where each is, and to which hosts it may be sent, stands here: add a host before you declare its endpoint.
secrets:
  ${name}: { ${source}, for: endpoints, hosts: [${quoted(pattern)}] }
`;
}

function team(name: string): string {
  const domain = domainOf(name);
  return `# Who owns certificates, and which names they may ask for.
${head}kind: Team
metadata: { name: platform }
spec:
  displayName: Platform
  owners: [you]
  contacts: [{ email: ${quoted(`hostmaster@${domain}`)} }]
  dnsNames: [${quoted(domain)}, ${quoted(`*.${domain}`)}]
`;
}

function privateCa(name: string): string {
  const domain = domainOf(name);
  return `# A private CA inside renewd: root and intermediate are made at first use and kept in custody.
# Its root, for your clients to trust: issuers/internal-ca/root.pem on the branch renewd/state.
${head}kind: Issuer
metadata: { name: internal-ca }
spec:
  type: ca
  organization: ${quoted(domain)}
  permittedDnsNames: [${quoted(domain)}]
  lifetime: 47d
`;
}

function acme({ acmeDirectory, acmeTrust, webroot }: FirstEstate): string {
  const pem = (acmeTrust ?? '').trim().replaceAll('\n', '\n    ');
  const trusted =
    acmeTrust === null
      ? ''
      : `  # The CA is a private one. trust: what its own HTTPS is verified by. roots: what clients of its certificates trust.\n  trust: |\n    ${pem}\n  roots: |\n    ${pem}\n`;
  return `# A CA that speaks ACME. It checks http://<name>/.well-known/acme-challenge/ on port 80, so nginx must serve that from the webroot.
${head}kind: Issuer
metadata: { name: acme }
spec:
  type: acme
  directory: ${quoted(acmeDirectory ?? '')}
  termsOfServiceAgreed: true
${trusted}  challenge: { type: webroot, path: ${quoted(webroot)} }
`;
}

function endpointText(answers: FirstEstate, name: string): string {
  const { host, port, user, hostKey, sshKeyFile } = answers;
  const auth = sshKeyFile === null ? '{ agent: true }' : '{ key: { secret: deploy-key } }';
  return `# A server, reached over SSH. Its host key is pinned: a changed key is refused.
${head}kind: Endpoint
metadata: { name: ${name}, team: platform }
spec:
  type: ssh
  host: ${quoted(host)}
  port: ${String(port)}
  user: ${quoted(user)}
  hostKeys:
    - ${quoted(hostKey)}
  auth: ${auth}
  # direct: the user may write the files and reload the server itself. helper: one root-owned script with an allow-list does (docs/endpoint-helper.md).
  privilege: { mode: ${answers.privilege} }
  # What you say of the servers on it: where certificate files may stand, and what is run there. A certificate cannot say the second.
${networksText(answers)}  profiles:
    nginx:
      paths: [${placesOf(answers).map(quoted).join(', ')}]
      parameters: {} # config: /etc/nginx/nginx.conf, when it is not the one nginx was built with
`;
}

/** The daemon looks at the endpoint's own addresses; at others only where that stands here. */
function networksText({ address }: FirstEstate): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const example =
    "networks: [] # where else it may be looked at, e.g. the addresses of a load balancer: ['203.0.113.0/24']";
  return isIpAddress(host) ? `  networks: [${quoted(host)}]\n` : `  ${example}\n`;
}

/** The directories of the first files; a file that stands right below a directory of the system is named itself. */
function placesOf({ certificatePath, keyPath }: FirstEstate): string[] {
  const directory = (path: string): string =>
    path.split('/').length > 3 ? path.slice(0, path.lastIndexOf('/')) : path;
  return [...new Set([directory(certificatePath), directory(keyPath)])];
}

function certificateText(
  answers: FirstEstate,
  endpoint: string,
  certificate: string,
  issuer: string,
): string {
  const { name, address, certificatePath, keyPath } = answers;
  const serves =
    address.slice(0, address.lastIndexOf(':')) === name
      ? quoted(address)
      : `{ address: ${quoted(address)}, serverName: ${quoted(name)} }`;
  return `# What is wanted, where it is installed, and where clients must see it.
${head}kind: Certificate
metadata: { name: ${certificate}, team: platform }
spec:
  dnsNames: [${quoted(name)}]
  issuer: ${issuer}
  key: { algorithm: ecdsa-p256 } # made on the server; never leaves it
  installations:
    - endpoint: ${endpoint}
      profile: nginx
      parameters:
        certificate: ${quoted(certificatePath)}
        key: ${quoted(keyPath)}
      serves:
        - ${serves}
`;
}

function baseline(issuer: string): string {
  return `# What is allowed. A rule with action block stops an issuance before it starts; one with report only says so.
${head}kind: Policy
metadata: { name: baseline }
spec:
  description: What every certificate must keep to
  rules:
    - { rule: allowed-names, action: block }
    - { rule: required-owner, action: block }
    - { rule: allowed-issuers, action: block, settings: { issuers: [${issuer}] } }
    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256, ecdsa-p384, rsa-3072, rsa-4096] } }
    - { rule: lifetime-max, action: report, settings: { max: 90d } }
`;
}
