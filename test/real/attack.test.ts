/**
 * Who tries to get a certificate, a policy or a command in without being allowed to, with real git, real OpenSSH signatures and a real endpoint. Each is refused and
 * named, and the certificate that is there goes on being served and renewed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { FindingRecord, RepositoryFindings } from '../../daemon/core/record-format.ts';
import {
  declarations,
  missingServers,
  recordOf,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';
import { allowedSigners, makePerson, workTree, type Person, type WorkTree } from './signed-repository.ts';

const day = 86_400_000;
const head = 'apiVersion: renewd/v1\n';

const changeControl = `${head}kind: ChangeControl
metadata: { name: main }
spec:
  signatures: required
  paths:
    - { paths: ['**'], signers: ['team:pki'] }
    - { paths: ['inventory/certificates/{team}/**'], signers: [owner, 'team:pki'] }
  approvals:
    - name: production-wildcard
      certificates: { wildcard: true }
      count: 2
      from: ['team:pki']
  breakGlass: { signers: [bea@example.com], reviewWithin: 2d }
`;

const team = (name: string, dnsNames: string, signers: string): string =>
  `${head}kind: Team\nmetadata: { name: ${name} }\nspec:\n  owners: [somebody]\n  contacts: [{ email: ${name}@example.com }]\n  dnsNames: [${dnsNames}]\n  signers: [${signers}]\n`;

const certificate = (name: string, names: string, more = ''): string =>
  `${head}kind: Certificate\nmetadata: { name: ${name}, team: web${more} }\nspec:\n  dnsNames: [${names}]\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: store }\n`;

describe('attacks', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  let tree: WorkTree;
  let clockOffsetMs = 0;
  let ada: Person, pia: Person, paul: Person, bea: Person, mallory: Person;

  const push = async (...flags: string[]): Promise<void> => {
    tree.git('push', '-q', ...flags, 'origin', 'main');
    await turn(house);
  };
  const findings = async (): Promise<readonly FindingRecord[]> =>
    (JSON.parse(await stateFile(estate, 'findings/repository.json')) as RepositoryFindings).findings;
  const codes = async (): Promise<string[]> =>
    [...new Set((await findings()).map((each) => each.observed ?? each.code))].sort();
  const undo = async (): Promise<void> => {
    // Somebody who may puts back what is in force; what was held is then wanted by nobody.
    tree.git('reset', '-q', '--hard', 'HEAD');
    const inForce = tree.git('rev-parse', 'good');
    tree.git('checkout', '-q', inForce, '--', '.');
    for (const path of tree
      .git('diff', '--name-only', '--diff-filter=A', inForce, 'HEAD')
      .split('\n')
      .filter(Boolean)) {
      tree.git('rm', '-q', '-f', '--ignore-unmatch', path);
    }
    tree.commit({}, 'Put back what is in force', { by: pia });
    await push();
    tree.git('tag', '-f', 'good');
    assert.deepEqual(await findings().catch(() => []), []);
  };
  const inForce = (id: string): boolean => house.memory.desired?.certificates.has(id) === true;

  before(async () => {
    estate = await startEstate();
    const keys = join(estate.root, 'keys');
    [ada, pia, paul, bea, mallory] = ['ada', 'pia', 'paul', 'bea', 'mallory'].map((name) =>
      makePerson(keys, name),
    ) as [Person, Person, Person, Person, Person];
    tree = workTree(join(estate.root, 'work'));
    tree.commit(
      {
        ...declarations(estate),
        'inventory/teams/web.yaml': team('web', "'*.example.com'", 'ada@example.com'),
        'inventory/teams/payments.yaml': team('payments', "'*.payments.test'", 'priya@example.com'),
        'inventory/teams/pki.yaml': team('pki', '', 'pia@example.com, paul@example.com'),
        'policies/change-control.yaml': changeControl,
        'policies/allowed_signers': allowedSigners([ada, pia, paul, bea]),
        'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files:\n    - { name: fullchain.pem, content: fullchain }\n    - { name: key.pem, content: key }\n`,
        'policies/baseline.yaml': `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256] } }\n`,
      },
      'Begin',
      { by: pia },
    );
    tree.git('tag', 'good');
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
    await push();
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('an unsigned commit, under a forged author, asks for nothing', async () => {
    tree.commit(
      { 'inventory/certificates/web/new.yaml': certificate('new', 'new.example.com') },
      'Ask \u001b[2J\u202e',
      {
        by: null,
        as: 'ada',
      },
    );
    await push();
    assert.deepEqual(await codes(), ['commit-unsigned', 'path-not-permitted']);
    assert.doesNotMatch((await findings())[0]?.message ?? '', /[\p{Cc}\p{Cf}]/u);
    const said = execFileSync('git', ['-C', estate.bare, 'log', '-1', '--format=%B', 'renewd/state'], {
      encoding: 'utf8',
    });
    assert.doesNotMatch(said.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    assert.match((await findings())[0]?.message ?? '', /it says it is by ada <ada@example\.com>/);
    assert.equal(inForce('web/new'), false);
    await undo();
  });

  test('a key nobody knows signs for nobody', async () => {
    tree.commit({ 'inventory/certificates/web/new.yaml': certificate('new', 'new.example.com') }, 'Ask', {
      by: mallory,
      as: 'ada',
    });
    await push();
    assert.deepEqual(await codes(), ['path-not-permitted', 'signer-unknown']);
    assert.equal(inForce('web/new'), false);
    await undo();
  });

  test('a known signer changes only what is theirs: not policies, not teams, not who may change what', async () => {
    for (const [path, text] of [
      [
        'policies/baseline.yaml',
        `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules: [{ rule: allowed-names, action: 'off' }]\n`,
      ],
      ['inventory/teams/web.yaml', team('web', "'*.example.com', '*.payments.test'", 'ada@example.com')],
      ['policies/change-control.yaml', changeControl.replace('signatures: required', 'signatures: optional')],
      ['policies/allowed_signers', allowedSigners([ada, pia, paul, bea, mallory])],
      [
        'inventory/certificates/payments/mine.yaml',
        certificate('mine', 'a.payments.test').replace('team: web', 'team: payments'),
      ],
    ] as const) {
      tree.commit({ [path]: text }, `Change ${path}`, { by: ada });
      await push();
      assert.deepEqual(await codes(), ['path-not-permitted'], path);
      assert.match(
        (await findings())[0]?.message ?? '',
        new RegExp(`${path}.* was changed by ada@example\\.com; .*pia@example\\.com.* may change it`),
      );
      await undo();
    }
    assert.equal(house.memory.desired?.changeControl?.signatures, 'required');
  });

  test('a change that widens its policy and uses it at once waits for the next commit, also from those who may change policy', async () => {
    tree.commit(
      {
        'policies/baseline.yaml': `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256, rsa-2048] } }\n`,
        'inventory/certificates/web/old.yaml': certificate('old', 'old.example.com').replace(
          '  issuer:',
          '  key: { algorithm: rsa-2048 }\n  issuer:',
        ),
      },
      'Allow RSA and use it',
      { by: pia },
    );
    await push();
    assert.deepEqual(await codes(), ['policy-widened']);
    assert.equal(inForce('web/old'), false);
    tree.commit({}, 'Go on', { by: pia });
    await push();
    assert.deepEqual(await codes(), []);
    assert.equal(inForce('web/old'), true);
    tree.git('tag', '-f', 'good');
  });

  test("a team does not get another team's name, however it is written", async () => {
    for (const name of [
      'pay.payments.test',
      "'*.payments.test'",
      'PAY.Payments.TEST',
      'pay.payments.test.',
      "'*.test'",
      'xn--py-7kc.payments.test',
      'раy.payments.test',
      'payments.test',
    ]) {
      tree.commit(
        { 'inventory/certificates/web/theirs.yaml': certificate('theirs', name) },
        'Ask for theirs',
        { by: ada },
      );
      await push();
      const record = inForce('web/theirs') ? await recordOf(estate, 'web/theirs') : null;
      const invalid = (await codes()).length > 0;
      assert.ok(record?.status === 'blocked' || invalid, `${name}: ${record?.status ?? 'none'}`);
      assert.ok(record === null || record.installations.every((each) => each.issued === null), name);
      tree.git('tag', '-f', 'theirs');
    }
    tree.commit({ 'inventory/certificates/web/theirs.yaml': null }, 'Never mind', { by: ada });
    await push();
    tree.git('tag', '-f', 'good');
  });

  test('a production wildcard waits for two others who approve exactly its plan', async () => {
    const star = (name: string): string =>
      certificate('star', `'*.${name}.example.com'`, ', labels: { env: prod }');
    tree.commit({ 'inventory/certificates/web/star.yaml': star('one') }, 'Ask for a wildcard', { by: ada });
    await push();
    assert.deepEqual(await codes(), ['approval-missing']);
    const [held] = [...house.memory.held.values()];
    assert.ok(held !== undefined);
    const approve = (by: Person, hash: string): string =>
      tree.commit({}, 'Approve', { by, trailers: [`Renewd-Approve: ${hash}`] });
    // The same plan as a pull request job sees it.
    const planned = execFileSync(
      'bin/renewd',
      ['plan', '--repo', tree.directory, '--base', `${held.commit}~1`, '--head', held.commit, '--json'],
      { encoding: 'utf8' },
    );
    assert.equal((JSON.parse(planned) as { hash: string }).hash, held.hash);

    approve(ada, held.hash);
    approve(pia, 'f'.repeat(64));
    await push();
    assert.deepEqual(
      await codes(),
      ['approval-missing'],
      'who asks does not approve, and nothing approves another plan',
    );
    approve(pia, held.hash);
    approve(pia, held.hash);
    await push();
    assert.deepEqual(await codes(), ['approval-missing'], 'one person counts once');

    // A restart forgets neither what waits nor who approved it.
    await house.close();
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
    // Another wildcard under the same approvals: a replay.
    tree.commit({ 'inventory/certificates/web/star.yaml': star('two') }, 'Ask for another', { by: ada });
    approve(paul, held.hash);
    await push();
    assert.deepEqual(await codes(), ['approval-missing'], 'approvals of one plan do not approve another');
    assert.equal(inForce('web/star'), false);

    tree.commit({ 'inventory/certificates/web/star.yaml': star('one') }, 'Back to the first', { by: ada });
    await push();
    const again = [...house.memory.held.values()].find((each) => each.outcome === 'waiting');
    assert.equal(again?.hash, held.hash, 'the same change on the same state has the same plan');
    approve(pia, held.hash);
    approve(paul, held.hash);
    await push();
    assert.deepEqual(await codes(), []);
    assert.equal(inForce('web/star'), true);
    assert.equal((await recordOf(estate, 'web/star')).status, 'ok');
    const record = JSON.parse(
      await stateFile(estate, changeFile(again.commit, again.seenAt)),
    ) as ChangeRecord;
    assert.equal(record.outcome, 'accepted');
    assert.deepEqual(
      record.approvals[0]?.by.map((each) => each.principal),
      ['pia@example.com', 'paul@example.com'],
    );
    tree.git('tag', '-f', 'good');
  });

  test('a merge that brings back an old content by the side needs somebody who may', async () => {
    const before = tree.git('rev-parse', 'HEAD');
    tree.commit(
      {
        'policies/baseline.yaml': `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [ecdsa-p256, ecdsa-p384, rsa-2048] } }\n`,
      },
      'Change the policy',
      { by: pia },
    );
    await push();
    tree.git('tag', '-f', 'good');
    tree.git('checkout', '-q', '-b', 'side', before);
    tree.commit(
      { 'inventory/certificates/web/extra.yaml': certificate('extra', 'extra.example.com') },
      'Ask',
      { by: ada },
    );
    tree.git('checkout', '-q', 'main');
    tree.git('merge', '-q', '--no-ff', '--no-commit', 'side');
    tree.git('checkout', '-q', before, '--', 'policies/baseline.yaml');
    tree.commit({}, 'Merge side', { by: ada });
    await push();
    assert.deepEqual(await codes(), ['path-not-permitted']);
    assert.match((await findings())[0]?.message ?? '', /policies\/baseline\.yaml/);
    await undo();
  });

  test('the emergency key works at once, and the debt stays until somebody else reviews it', async () => {
    const commit = tree.commit(
      {
        'inventory/certificates/web/urgent.yaml': certificate(
          'urgent',
          "'*.urgent.example.com'",
          ', labels: { env: prod }',
        ),
      },
      'Site is down',
      { by: bea, trailers: ['Renewd-Break-Glass: outage 4711'] },
    );
    await push();
    assert.equal(inForce('web/urgent'), true);
    assert.deepEqual(
      (await findings()).map((each) => each.code),
      ['emergency-open'],
    );
    assert.match((await findings())[0]?.message ?? '', /bea@example\.com changed .* outage 4711/);
    tree.commit({}, 'Reviewed', { by: bea, trailers: [`Renewd-Review: ${commit}`] });
    clockOffsetMs += 3 * day;
    await push();
    assert.deepEqual(
      (await findings()).map((each) => each.code),
      ['emergency-overdue'],
      'nobody reviews their own',
    );
    tree.commit({}, 'Reviewed', { by: paul, trailers: [`Renewd-Review: ${commit}`] });
    await push();
    assert.deepEqual(await findings(), []);
    tree.git('tag', '-f', 'good');
    tree.commit(
      { 'inventory/certificates/web/more.yaml': certificate('more', 'more.example.com') },
      'No emergency',
      { by: mallory, trailers: ['Renewd-Break-Glass: let me in'] },
    );
    await push();
    assert.deepEqual(await codes(), ['path-not-permitted', 'signer-unknown']);
    await undo();
  });

  test('a revoked signer signs nothing any more, though the key is still listed', async () => {
    tree.commit({ 'policies/revoked_keys': `# ada left\n${ada.publicKey}\n` }, 'Ada left', { by: pia });
    await push();
    assert.deepEqual(await findings(), []);
    tree.git('tag', '-f', 'good');
    tree.commit(
      { 'inventory/certificates/web/after.yaml': certificate('after', 'after.example.com') },
      'Still here',
      { by: ada },
    );
    await push();
    assert.deepEqual(await codes(), ['path-not-permitted', 'signer-revoked']);
    await undo();
    tree.commit({ 'policies/revoked_keys': '# nobody\n' }, 'Ada is back', { by: paul });
    await push();
    tree.git('tag', '-f', 'good');
  });

  test('a change that would lock everybody out is refused: an unreadable list of revoked keys, nobody left to sign, every key revoked', async () => {
    for (const [path, text] of [
      ['policies/revoked_keys', 'what is this\n'],
      ['policies/allowed_signers', allowedSigners([ada])],
      ['policies/change-control.yaml', changeControl.replaceAll('team:pki', 'team:payments')],
      ['policies/revoked_keys', [ada, pia, paul].map((each) => `${each.publicKey}\n`).join('')],
    ] as const) {
      tree.commit({ [path]: text }, `Change ${path}`, { by: pia });
      await push();
      assert.deepEqual(await codes(), ['would-lock-out'], path);
      await undo();
    }
  });

  test('a daemon that is told where to begin judges everything after it, and begins nowhere else', async () => {
    const first = tree.git('rev-list', '--max-parents=0', 'main');
    const elsewhere = join(estate.root, 'second');
    const other = await estate.openHouse({
      config: {
        dataDirectory: elsewhere,
        trust: { commit: first },
        state: { branch: 'second/state', prefix: '' },
      },
    });
    await turn(other, { dryRun: true });
    assert.equal(other.memory.accepted, tree.git('rev-parse', 'main'));
    // The unsigned commit of the first test was undone since, and never was in force here either.
    assert.equal(
      [...other.memory.changeRecords.values()].find((each) => each.commit === first)?.outcome,
      'trusted',
    );
    assert.ok([...other.memory.changeRecords.values()].some((each) => each.outcome === 'refused'));
    assert.deepEqual(
      other.memory.desired?.certificates.keys().toArray().sort(),
      house.memory.desired?.certificates.keys().toArray().sort(),
    );
    await other.close();
    const lost = await estate.openHouse({
      config: {
        dataDirectory: join(estate.root, 'third'),
        trust: { commit: 'f'.repeat(40) },
        state: { branch: 'third/state', prefix: '' },
      },
    });
    const report = await turn(lost, { dryRun: true });
    assert.match(report.troubles[0]?.message ?? '', /the trusted commit f+ is not in the history of main/);
    assert.equal(lost.memory.desired, null);
    await lost.close();
  });

  test('a YAML bomb and a linked policy are refused by name, and the policy before them stays in force', async () => {
    tree.commit(
      {
        'policies/bomb.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\n`,
      },
      'Bomb',
      { by: pia },
    );
    await push();
    assert.ok(
      (await findings()).some(
        (each) => each.code === 'document-invalid' && /anchors and aliases/.test(each.message),
      ),
    );
    await undo();
    tree.commit({ 'policies/baseline.yaml': null }, 'Make room', { by: pia });
    symlinkSync('/etc/passwd', join(tree.directory, 'policies/linked.yaml'));
    tree.commit({}, 'Link', { by: pia });
    await push();
    assert.ok((await findings()).some((each) => /symbolic link/.test(each.message)));
    await undo();
    assert.deepEqual(
      house.memory.desired?.policies.find((each) => each.name === 'baseline')?.rules[0]?.settings,
      { algorithms: ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'] },
    );
  });

  test('text of declarations is never run, wherever it stands', async () => {
    const canary = join(estate.root, 'canary');
    for (const evil of [
      `$(touch ${canary})`,
      `; touch ${canary} #`,
      `\`touch ${canary}\``,
      '{{constructor}}',
      "'; touch x; '",
    ]) {
      const text = JSON.stringify(evil);
      tree.commit(
        {
          'inventory/teams/web.yaml': team('web', "'*.example.com'", 'ada@example.com').replace(
            'owners: [somebody]',
            `owners: [${text}]\n  displayName: ${text}`,
          ),
          'inventory/certificates/web/evil.yaml': certificate(
            'evil',
            'evil.example.com',
            `, labels: { note: ${text} }`,
          ),
          'policies/w.yaml': `${head}kind: Waiver\nmetadata: { name: w }\nspec:\n  rules: [key-algorithms]\n  selector: { certificates: [web/evil] }\n  owner: ${text}\n  reason: ${text}\n  compensatingControl: ${text}\n  expires: 2030-01-01\n`,
        },
        `Ask ${evil}`,
        { by: pia },
      );
      await push();
      assert.equal((await recordOf(estate, 'web/evil')).status, 'ok', evil);
      assert.equal(existsSync(canary), false, evil);
    }
    tree.git('tag', '-f', 'good');
  });

  test('a rewritten history freezes changes until it is pushed back', async () => {
    const good = tree.git('rev-parse', 'HEAD');
    tree.git('reset', '-q', '--hard', 'HEAD~2');
    tree.commit(
      { 'inventory/certificates/web/rewritten.yaml': certificate('rewritten', 'r.example.com') },
      'Rewrite',
      { by: pia },
    );
    await push('--force');
    assert.deepEqual(
      (await findings()).map((each) => each.code),
      ['history-rewritten'],
    );
    assert.equal(inForce('web/rewritten'), false);
    tree.git('reset', '-q', '--hard', good);
    await push('--force');
    assert.deepEqual(await findings(), []);
  });

  test('after all that the certificate that was there is still served, and is renewed when its time comes', async () => {
    const before = await servedFingerprint(estate.nginx.port, 'shop.example.com');
    tree.commit(
      { 'inventory/certificates/web/late.yaml': certificate('late', 'late.example.com') },
      'Unsigned again',
      { by: null },
    );
    clockOffsetMs += 80 * day;
    await push();
    assert.ok((await codes()).includes('commit-unsigned'));
    assert.notEqual(await servedFingerprint(estate.nginx.port, 'shop.example.com'), before);
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });
});

function changeFile(commit: string, seenAt: number): string {
  return `changes/${new Date(seenAt).toISOString().slice(0, 7)}/${commit}.json`;
}
