/**
 * What was signed once counts once, and who clears an unreadable commit away stands behind nothing but that. Real git and OpenSSH signatures, judged by the
 * replay that daemon and audit share.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { replay, type Replay } from '../../daemon/audit/replay.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { allowedSigners, makePerson, workTree, type Person, type WorkTree } from './signed-repository.ts';

const head = 'apiVersion: renewd/v1\n';
const control = `${head}kind: ChangeControl
metadata: { name: main }
spec:
  signatures: required
  paths:
    - { paths: ['**'], signers: ['team:pki'] }
    - { paths: ['inventory/certificates/{team}/**'], signers: [owner, 'team:pki'] }
  approvals:
    - { name: wildcard, certificates: { wildcard: true }, count: 1, from: ['team:pki'] }
  breakGlass: { signers: [bea@example.com], reviewWithin: 2d }
`;
const team = (name: string, signers: string): string =>
  `${head}kind: Team\nmetadata: { name: ${name} }\nspec:\n  owners: [somebody]\n  contacts: [{ email: ${name}@example.com }]\n  dnsNames: ['*.example.com']\n  signers: [${signers}]\n`;
const policy = (algorithms: string): string =>
  `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [${algorithms}] } }\n`;
const star = `${head}kind: Certificate\nmetadata: { name: star, team: web }\nspec:\n  dnsNames: ['*.example.com']\n  issuer: ca\n  installations:\n    - { endpoint: web-01, profile: nginx, parameters: { certificate: /etc/nginx/tls/star.crt, key: /etc/nginx/tls/star.key } }\n`;
const policyFile = 'policies/baseline.yaml';
const starFile = 'inventory/certificates/web/star.yaml';
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

describe('replayed and laundered commits', () => {
  let root: string;
  let tree: WorkTree;
  let ada: Person, pia: Person, bea: Person;
  let first = '';
  const tip = (): string => tree.git('rev-parse', 'HEAD');
  const judge = async (at = tip()): Promise<Replay> => {
    const repository = await openRepository({
      url: tree.directory,
      directory: tree.directory,
      now: Date.now,
    });
    try {
      return await replay({
        repository,
        trusted: first,
        head: at,
        recorded: [],
        seenAt: () => Date.now(),
        now: Date.now(),
        log: quiet,
      });
    } finally {
      await repository.close();
    }
  };
  const algorithms = ({ desired }: Replay): string =>
    JSON.stringify(desired.policies.find((each) => each.name === 'baseline')?.rules[0]?.settings);
  const reasons = (result: Replay, commit = tip()): string[] =>
    (result.records.get(commit)?.reasons ?? []).map((each) => each.code);

  /** The same signed content under another id: in ways that no signature covers. */
  const twin = (commit: string, how: 'header' | 'armor'): string => {
    const raw = execFileSync('git', ['-C', tree.directory, 'cat-file', 'commit', commit], {
      encoding: 'latin1',
    });
    const blank = raw.indexOf('\n\n');
    const other =
      how === 'header'
        ? `${raw.slice(0, blank)}\ngpgsig-sha256 x${raw.slice(blank)}`
        : raw.replace(/(gpgsig -----BEGIN SSH SIGNATURE-----\n )(.{10})/, '$1$2\n ');
    assert.notEqual(other, raw);
    return execFileSync(
      'git',
      ['-C', tree.directory, 'hash-object', '-t', 'commit', '-w', '--literally', '--stdin'],
      { input: Buffer.from(other, 'latin1'), encoding: 'utf8' },
    ).trim();
  };
  const merge = (other: string, by: Person | null, words: readonly string[] = []): void => {
    tree.git('update-ref', 'refs/heads/side', other);
    tree.git('merge', '-q', '--no-ff', '--no-commit', ...words, 'side');
    tree.commit({}, 'Merge', { by });
  };

  /** Ada changes files, and Pia approves exactly that. Returns the approval. */
  const agreedTo = async (files: Readonly<Record<string, string | null>>): Promise<string> => {
    const asked = tree.commit(files, 'Ask', { by: ada });
    const hash = (await judge()).records.get(asked)?.hash ?? '';
    return tree.commit({}, 'Approve', { by: pia, trailers: [`Renewd-Approve: ${hash}`] });
  };

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'renewd-replayed-'));
    const directory = join(root, 'work');
    execFileSync('git', ['init', '-q', '-b', 'main', directory]);
    tree = workTree(directory);
    [ada, pia, bea] = ['ada', 'pia', 'bea'].map((name) => makePerson(join(root, 'people'), name)) as [
      Person,
      Person,
      Person,
    ];
    first = tree.commit(
      {
        'policies/allowed_signers': allowedSigners([ada, pia, bea]),
        'policies/main.yaml': control,
        [policyFile]: policy('ecdsa-p256'),
        'inventory/teams/web.yaml': team('web', 'ada@example.com'),
        'inventory/teams/pki.yaml': team('pki', 'pia@example.com'),
        'inventory/issuers/ca.yaml': `${head}kind: Issuer\nmetadata: { name: ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n`,
        'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: web-01.example.com\n  user: renewd\n  hostKeys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']\n  auth: { key: { secret: deploy-key } }\n`,
      },
      'Begin',
      { by: pia },
    );
  });
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  for (const how of ['header', 'armor'] as const) {
    test(`a policy that was taken back does not come back as a twin (${how})`, async () => {
      tree.git('reset', '-q', '--hard', first);
      const weak = tree.commit({ [policyFile]: policy('ecdsa-p256, rsa-2048') }, 'For a day', { by: pia });
      tree.commit({ [policyFile]: policy('ecdsa-p256') }, 'Back', { by: pia });
      assert.equal(algorithms(await judge()), '{"algorithms":["ecdsa-p256"]}');
      merge(twin(weak, how), ada);
      const result = await judge();
      assert.equal(algorithms(result), '{"algorithms":["ecdsa-p256"]}');
      assert.ok(reasons(result).includes('signature-bad'));
    });

    test(`an emergency and an approval of before count no second time (${how})`, async () => {
      tree.git('reset', '-q', '--hard', first);
      const urgent = tree.commit({ [starFile]: star }, 'Down', {
        by: bea,
        trailers: ['Renewd-Break-Glass: outage'],
      });
      assert.ok((await judge()).desired.certificates.has('web/star'), 'it counted once');
      await agreedTo({ [starFile]: null });
      const over = tip();
      assert.ok(!(await judge()).desired.certificates.has('web/star'), 'it is over');
      merge(twin(urgent, how), ada);
      assert.ok(!(await judge()).desired.certificates.has('web/star'));

      tree.git('reset', '-q', '--hard', over);
      const agreed = await agreedTo({ [starFile]: star });
      assert.ok((await judge()).desired.certificates.has('web/star'), 'the approval counted once');
      await agreedTo({ [starFile]: null });
      tree.commit({ [starFile]: star }, 'Ask again', { by: ada });
      merge(twin(agreed, how), ada, ['-s', 'ours']);
      assert.ok(!(await judge()).desired.certificates.has('web/star'));
    });
  }

  test('who removes a file that nobody can read does not stand behind what came with it', async () => {
    tree.git('reset', '-q', '--hard', first);
    const big = 'inventory/certificates/web/big.yaml';
    tree.commit(
      { [policyFile]: policy('ecdsa-p256, rsa-2048'), [big]: `#${' '.repeat(17 * 1024 * 1024)}` },
      'Mine',
      { by: ada },
    );
    tree.commit({ [big]: null }, 'Remove the file nobody can read', { by: pia });
    const result = await judge();
    assert.equal(algorithms(result), '{"algorithms":["ecdsa-p256"]}');
    assert.ok(reasons(result).includes('path-not-permitted'));
    tree.commit({ [policyFile]: policy('ecdsa-p384') }, 'A change of my own', { by: pia });
    assert.equal(
      algorithms(await judge()),
      '{"algorithms":["ecdsa-p384"]}',
      'and the next good change counts',
    );
  });

  test('one content at tens of thousands of paths is refused by name, before it is read', async () => {
    tree.git('reset', '-q', '--hard', first);
    const blob = execFileSync('git', ['-C', tree.directory, 'hash-object', '-w', '--stdin'], {
      input: star,
      encoding: 'utf8',
    }).trim();
    const folder = execFileSync('git', ['-C', tree.directory, 'mktree'], {
      input: Array.from(
        { length: 1000 },
        (_, index) => `100644 blob ${blob}\t${String(index).padStart(4, '0')}.yaml\n`,
      ).join(''),
      encoding: 'utf8',
    }).trim();
    const folders = execFileSync('git', ['-C', tree.directory, 'mktree'], {
      input: Array.from(
        { length: 30 },
        (_, index) => `040000 tree ${folder}\tf${String(index).padStart(2, '0')}\n`,
      ).join(''),
      encoding: 'utf8',
    }).trim();
    tree.git('read-tree', '--prefix=inventory/certificates/flood/', folders);
    tree.git('-c', 'user.name=m', '-c', 'user.email=m@example.com', 'commit', '-q', '-m', 'Flood');
    const flood = tip();
    const result = await judge();
    assert.deepEqual(reasons(result, flood), ['change-too-large']);
    assert.equal(result.desired.certificates.size, 0);
    tree.git('reset', '-q', '--hard', first);
  });
});
