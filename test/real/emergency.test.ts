/**
 * The emergency key does not buy silence: who may review is what was in force before the change, and a change that is taken in part owes its review at once. Real git
 * and real OpenSSH signatures; the audit judges the same history again.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { auditRepository, type AuditReport } from '../../daemon/audit/audit.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { createLog } from '../../daemon/log.ts';
import { openHouse, plainConfig, turn } from './estate.ts';
import { allowedSigners, makePerson, workTree, type Person, type WorkTree } from './signed-repository.ts';

const head = 'apiVersion: renewd/v1\n';
const control = (paths: string, breakGlass = 'bea@example.com'): string => `${head}kind: ChangeControl
metadata: { name: main }
spec:
  signatures: required
  paths:
${paths}  breakGlass: { signers: [${breakGlass}], reviewWithin: 2d }
`;
const usual = `    - { paths: ['**'], signers: ['team:pki'] }
    - { paths: ['inventory/certificates/{team}/**'], signers: [owner] }
`;
const team = (name: string, names: string, signers: string): string =>
  `${head}kind: Team\nmetadata: { name: ${name} }\nspec:\n  owners: [somebody]\n  contacts: [{ email: ${name}@example.com }]\n  dnsNames: [${names}]\n  signers: [${signers}]\n`;
const certificate = (name: string, key = 'ecdsa-p256'): string =>
  `${head}kind: Certificate\nmetadata: { name: ${name}, team: web }\nspec:\n  dnsNames: [${name}.example.com]\n  key: { algorithm: ${key} }\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: store }\n`;
const policy = (algorithms: string): string =>
  `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [${algorithms}] } }\n`;
const controlFile = 'policies/change-control.yaml';
const signersFile = 'policies/allowed_signers';
const shopFile = 'inventory/certificates/web/shop.yaml';
const baitFile = 'inventory/certificates/web/bait.yaml';

describe(
  'an emergency',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    let root: string, bare: string;
    let house: House;
    let tree: WorkTree;
    let ada: Person, pia: Person, paul: Person, bea: Person, mallory: Person;

    beforeEach(async () => {
      root = mkdtempSync(join(tmpdir(), 'renewd-emergency-'));
      bare = join(root, 'estate.git');
      execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
      [ada, pia, paul, bea, mallory] = ['ada', 'pia', 'paul', 'bea', 'mallory'].map((name) =>
        makePerson(join(root, 'keys'), name),
      ) as [Person, Person, Person, Person, Person];
      mkdirSync(join(root, 'work'));
      tree = workTree(join(root, 'work'));
      tree.git('init', '-q', '-b', 'main');
      tree.git('remote', 'add', 'origin', bare);
      writeFileSync(join(root, 'deploy-key'), 'x', { mode: 0o600 });
      tree.commit(
        {
          'inventory/teams/web.yaml': team('web', "'*.example.com'", 'ada@example.com'),
          'inventory/teams/pki.yaml': team('pki', '', 'pia@example.com, paul@example.com'),
          'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
          'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: 9\n  user: root\n  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n  directory: ${join(root, 'machine')}\n`,
          'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files:\n    - { name: fullchain.pem, content: fullchain }\n    - { name: key.pem, content: key }\n`,
          'policies/baseline.yaml': policy('ecdsa-p256'),
          [shopFile]: certificate('shop'),
          [controlFile]: control(usual),
          [signersFile]: allowedSigners([ada, pia, paul, bea]),
        },
        'Begin',
        { by: pia },
      );
      house = await openHouse(plainConfig(root, bare));
      await push();
    });
    afterEach(async () => {
      await house.close();
      rmSync(root, { recursive: true, force: true });
    });

    const push = async (): Promise<void> => {
      tree.git('push', '-q', 'origin', 'HEAD:main');
      await turn(house);
    };
    const emergency = async (files: Readonly<Record<string, string | null>>, by = bea): Promise<string> => {
      const commit = tree.commit(files, 'Emergency', { by, trailers: ['Renewd-Break-Glass: outage'] });
      await push();
      return commit;
    };
    const review = async (by: Person, ...commits: string[]): Promise<string[]> => {
      tree.commit({}, 'Reviewed', { by, trailers: commits.map((each) => `Renewd-Review: ${each}`) });
      await push();
      return open();
    };
    const open = (): string[] => [...house.memory.openReviews.keys()];
    const records = (commit: string): ChangeRecord[] => {
      const git = (...words: string[]): string =>
        execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8' });
      return git('ls-tree', '-r', '--name-only', 'renewd/state', 'changes/')
        .split('\n')
        .filter((path) => path.includes(commit))
        .map((path) => JSON.parse(git('show', `renewd/state:${path}`)) as ChangeRecord);
    };
    const audit = async (): Promise<AuditReport> => {
      const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
      const of = (ref: string): string =>
        execFileSync('git', ['-C', bare, 'rev-parse', ref], { encoding: 'utf8' }).trim();
      const log = createLog({
        level: 'error',
        destination: { write: () => true },
        pretty: false,
        style: (_, text) => text,
      });
      try {
        return await auditRepository(
          repository,
          {
            intent: of('main'),
            state: of('renewd/state'),
            prefix: '',
            trusted: null,
            recordSigners: null,
            now: Date.now(),
            anchors: [],
          },
          log,
        );
      } finally {
        await repository.close();
      }
    };

    test('is not reviewed by a key that came with it, nor by its own under another name', async () => {
      const list = allowedSigners([ada, pia, paul, bea]);
      const first = await emergency({
        [signersFile]:
          list.replace('bea@example.com ', 'bee@example.com ') +
          allowedSigners([mallory]) +
          // Her key under the name of somebody who may.
          `paul@example.com ${mallory.publicKey}\n`,
        'inventory/teams/pki.yaml': team(
          'pki',
          '',
          'pia@example.com, paul@example.com, mallory@example.com, bee@example.com',
        ),
      });
      assert.deepEqual(open(), [first]);
      assert.deepEqual(await review(mallory, first), [first], 'listed by the change itself');
      assert.deepEqual(await review(bea, first), [first], 'the very same key');
      assert.deepEqual(await review(paul, first), []);
    });
    test('is not reviewed by its own key in a certificate for another name', async () => {
      const ca = makePerson(join(root, 'keys'), 'ca');
      execFileSync('ssh-keygen', [
        '-q',
        '-s',
        ca.keyFile,
        '-I',
        'x',
        '-n',
        'paul@example.com',
        `${bea.keyFile}.pub`,
      ]);
      const authority = `*@example.com cert-authority,namespaces="git" ${ca.publicKey}\n`;
      tree.commit({ [signersFile]: allowedSigners([ada, pia, paul, bea]) + authority }, 'CA', { by: pia });
      await push();
      const first = await emergency({ 'policies/baseline.yaml': policy('ecdsa-p384') });
      assert.deepEqual(await review({ ...bea, keyFile: `${bea.keyFile}-cert.pub` }, first), [first]);
      assert.deepEqual(await review(paul, first), []);
    });
    test('is reviewed by those who could change its files before it, each file by one of them, over a restart', async () => {
      const takeOver = `    - { paths: ['**'], signers: [bea@example.com, ada@example.com] }\n`;
      const first = await emergency({
        [controlFile]: control(takeOver),
        [shopFile]: certificate('shop').replace('shop.ex', 'shop2.ex'),
      });
      assert.deepEqual(
        house.memory.desired?.changeControl?.paths.map((each) => each.signers),
        [['bea@example.com', 'ada@example.com']],
      );
      await house.close();
      house = await openHouse(plainConfig(root, bare));
      await turn(house);
      assert.deepEqual(
        await review(ada, first),
        [first],
        'her file only, and who may change the other is what was',
      );
      assert.deepEqual(await review(bea, first), [first]);
      assert.deepEqual(await review(pia, first), []);
    });
    test('that nobody reviewed does not choose who reviews the next one, nor by when', async () => {
      const first = await emergency({
        [controlFile]: control(`    - { paths: ['**'], signers: [mallory@example.com] }\n`).replace(
          '2d',
          '365d',
        ),
        [signersFile]: allowedSigners([ada, pia, paul, bea, mallory]),
      });
      const second = await emergency({ 'policies/baseline.yaml': policy('ecdsa-p384') });
      assert.deepEqual(open(), [first, second]);
      const { openedAt = 0, dueAt = 0 } = house.memory.openReviews.get(second) ?? {};
      assert.equal(dueAt - openedAt, 2 * 86_400_000);
      assert.deepEqual(await review(mallory, first, second), [first, second]);
      assert.deepEqual(await review(paul, first), [second]);
      assert.deepEqual(await review(mallory, second), [second]);
    });
    test('that is taken in part owes its review at once, and the part in force has its record', async () => {
      const first = await emergency({
        'policies/baseline.yaml': policy('ecdsa-p256, rsa-2048'),
        [baitFile]: certificate('bait', 'rsa-2048'),
      });
      assert.deepEqual(open(), [first]);
      tree.commit({ [baitFile]: null }, 'Never mind', { by: bea });
      await push();
      assert.equal(house.memory.held.size, 0);
      assert.deepEqual(open(), [first]);
      const found = records(first).map(({ outcome, acceptedAt, part }) => [
        outcome,
        acceptedAt !== null,
        part?.paths,
      ]);
      assert.deepEqual(
        found.toSorted((left, right) => String(left[0]).localeCompare(String(right[0]))),
        [
          ['accepted', true, ['policies/baseline.yaml']],
          ['waiting', false, undefined],
        ],
      );
      const { claims } = await audit();
      const ours = claims.filter((each) => each.subject.startsWith(`change ${first.slice(0, 10)}`));
      assert.deepEqual(
        ours.map((each) => `${/^was (\w+)/.exec(each.claim)?.[1] ?? each.claim} ${each.verdict}`).toSorted(),
        ['accepted proved', 'waiting proved'],
      );
      assert.deepEqual(await review(paul, first), []);
    });
    test('or not: what takes effect of any change is recorded as accepted, the rest when it follows', async () => {
      tree.commit(
        { [controlFile]: control(`    - { paths: ['**'], signers: ['team:pki'] }\n`) },
        'PKI does it all',
        { by: pia },
      );
      await push();
      const commit = tree.commit(
        {
          'policies/baseline.yaml': policy('ecdsa-p256, rsa-2048'),
          [baitFile]: certificate('bait', 'rsa-2048'),
        },
        'Widen and use',
        { by: pia },
      );
      await push();
      assert.deepEqual(
        records(commit)
          .map((each) => each.outcome)
          .sort(),
        ['accepted', 'waiting'],
      );
      tree.commit({}, 'Go on', { by: paul });
      await push();
      assert.deepEqual(
        records(commit).map((each) => [each.outcome, each.acceptedAt !== null]),
        [
          ['accepted', true],
          ['accepted', true],
        ],
      );
      const { claims } = await audit();
      assert.deepEqual(
        claims.filter((each) => each.verdict === 'failed' || each.verdict === 'unproven'),
        [],
      );
      assert.deepEqual(open(), []);
    });
  },
);
