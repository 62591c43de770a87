/** A small estate with change control, people with keys and a house that judges what they push. Real git and real OpenSSH signatures. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FindingRecord } from '../../daemon/core/record-format.ts';
import type { Memory } from '../../daemon/shell/memory.ts';
import { openHouse, plainConfig, turn } from '../real/estate.ts';
import {
  allowedSigners,
  makePerson,
  workTree,
  type Person,
  type WorkTree,
} from '../real/signed-repository.ts';

const head = 'apiVersion: renewd/v1\n';

export function team(name: string, dnsNames: string, signers: readonly string[]): string {
  return `${head}kind: Team\nmetadata: { name: ${name} }\nspec:\n  owners: [somebody]\n  contacts: [{ email: ${name}@example.com }]\n  dnsNames: [${dnsNames}]\n  signers: [${signers.map((each) => `${each}@example.com`).join(', ')}]\n`;
}

export function certificate(
  name: string,
  dnsName: string,
  { team: owner = 'web', endpoint = 'web-01', labels = '' } = {},
): string {
  return `${head}kind: Certificate\nmetadata: { name: ${name}, team: ${owner}, labels: { ${labels} } }\nspec:\n  dnsNames: ['${dnsName}']\n  issuer: internal-ca\n  installations:\n    - { endpoint: ${endpoint}, profile: store }\n`;
}

/** A machine of its own for each name: a port where nobody listens, and a host key. */
export function endpoint(name: string, owner: string): string {
  const digest = createHash('sha256').update(name).digest();
  const hostKey = `SHA256:${digest.toString('base64').slice(0, 43)}`;
  const port = String(600 + (digest.readUInt16BE(0) % 400));
  return `${head}kind: Endpoint\nmetadata: { name: ${name}, team: ${owner} }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: ${port}\n  user: root\n  hostKeys: ['${hostKey}']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n  directory: /tmp/renewd-nowhere\n`;
}

/** Who may change what, and what asks for approval. */
export const control = `${head}kind: ChangeControl
metadata: { name: main }
spec:
  signatures: required
  paths:
    - { paths: ['**'], signers: ['team:pki'] }
    - { paths: ['inventory/certificates/{team}/**', 'inventory/endpoints/{team}/**'], signers: [owner, 'team:pki'] }
  approvals:
    - { name: wildcard, certificates: { wildcard: true }, count: 1, from: ['team:pki'] }
  reservedLabels: [{ name: env, signers: ['team:pki'] }]
`;

export interface SignedEstate {
  readonly tree: WorkTree;
  /** By name: pia and paul of pki, ada of web, priya of payments, and those of `more`. */
  readonly people: Readonly<Record<string, Person>>;
  readonly memory: () => Memory;
  /** Pushes what is committed, and takes one turn. */
  readonly push: () => Promise<void>;
  readonly turn: () => Promise<void>;
  /** Commits on top that change nothing and nobody signed: no work tree, no shell for each. */
  readonly noise: (count: number, message: string) => void;
  readonly later: (ms: number) => void;
  readonly restart: () => Promise<void>;
  /** Empties a fact of the journal. */
  readonly forget: (fact: string) => void;
  readonly findings: () => readonly FindingRecord[];
  /** Subject and outcome of what is held. */
  readonly held: () => string[];
  readonly inForce: (certificate: string) => boolean;
  readonly close: () => Promise<void>;
}

/** Opens it with one accepted commit. */
export async function openSignedEstate(
  files: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<SignedEstate> {
  const root = mkdtempSync(join(tmpdir(), 'renewd-signed-'));
  const bare = join(root, 'estate.git');
  const work = join(root, 'work');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  mkdirSync(work);
  const names = ['pia', 'paul', 'ada', 'priya', ...more];
  const people = Object.fromEntries(names.map((each) => [each, makePerson(join(root, 'keys'), each)]));
  const tree = workTree(work);
  tree.git('init', '-q', '-b', 'main');
  tree.git('remote', 'add', 'origin', bare);
  writeFileSync(join(root, 'deploy-key'), 'x', { mode: 0o600 });
  tree.commit(
    {
      'inventory/teams/web.yaml': team('web', "'*.example.com'", ['ada']),
      'inventory/teams/payments.yaml': team('payments', "'*.payments.test'", ['priya']),
      'inventory/teams/pki.yaml': team('pki', '', ['pia', 'paul']),
      'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
      'inventory/endpoints/web-01.yaml': endpoint('web-01', 'web'),
      'inventory/certificates/web/shop.yaml': certificate('shop', 'shop.example.com'),
      'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files:\n    - { name: fullchain.pem, content: fullchain }\n    - { name: key.pem, content: key }\n`,
      'policies/change-control.yaml': control,
      'policies/allowed_signers': allowedSigners(Object.values(people)),
      ...files,
    },
    'Begin',
    { by: people['pia'] ?? null },
  );
  let offset = 0;
  const options = { clockOffsetMs: () => offset };
  let house = await openHouse(plainConfig(root, bare), options);
  const estate: SignedEstate = {
    tree,
    people,
    memory: () => house.memory,
    push: async () => {
      tree.git('push', '-q', 'origin', 'HEAD:main');
      await turn(house);
    },
    turn: async () => {
      await turn(house);
    },
    noise: (count, message) => {
      const from = tree.git('rev-parse', 'HEAD');
      const commits = Array.from({ length: count }, (_, at) => {
        const text = `Noise ${String(at)}\n\n${message}\n`;
        const parent = at === 0 ? `from ${from}\n` : '';
        return `commit refs/heads/main\ncommitter m <m@example.com> 1700000000 +0000\ndata ${String(text.length)}\n${text}${parent}\n`;
      });
      execFileSync('git', ['-C', work, 'fast-import', '--quiet', '--force'], { input: commits.join('') });
      tree.git('reset', '-q', '--hard', 'main');
    },
    later: (ms) => {
      offset += ms;
    },
    restart: async () => {
      await house.close();
      house = await openHouse(plainConfig(root, bare), options);
    },
    forget: (fact) => {
      house.world.journal.setFact(fact, '');
    },
    findings: () => {
      const show = ['-C', bare, 'show', 'renewd/state:findings/repository.json'];
      try {
        const text = execFileSync('git', show, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
        return (JSON.parse(text) as { findings: FindingRecord[] }).findings;
      } catch {
        return [];
      }
    },
    held: () => [...house.memory.held.values()].map((each) => `${each.tip.subject}: ${each.outcome}`),
    inForce: (id) => house.memory.desired?.certificates.has(id) === true,
    close: async () => {
      await house.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  await estate.push();
  return estate;
}
