/**
 * Merges with an old commit, or one of their maker's own, as first parent ("foxtrot"): whoever may push can make one. They hold up nobody, let in nobody, and take
 * nothing back, now or after the journal was lost. Real git and real OpenSSH signatures.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { auditRepository } from '../../daemon/audit/audit.ts';
import { judgeChangeRequest } from '../../daemon/commands/change-request.ts';
import { silentLog } from '../../daemon/commands/silent-log.ts';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { isPull } from '../../daemon/shell/way.ts';
import { allowedSigners, makePerson, type Person } from '../real/signed-repository.ts';
import {
  certificate,
  control,
  endpoint,
  openSignedEstate,
  team,
  type SignedEstate,
} from './signed-estate.ts';

const signedBy = (person: Person | null): string[] =>
  person === null
    ? ['-c', 'user.name=m', '-c', 'user.email=m@x', '-c', 'commit.gpgsign=false']
    : [
        ...['-c', 'user.name=m', '-c', 'user.email=m@x', '-c', 'gpg.format=ssh'],
        ...['-c', `user.signingkey=${person.keyFile}`, '-c', 'commit.gpgsign=true'],
      ];

async function opened(context: TestContext): Promise<SignedEstate> {
  const estate = await openSignedEstate();
  context.after(() => estate.close());
  return estate;
}

const ada = ({ people }: SignedEstate): Person => people['ada'] ?? assert.fail();
const pia = ({ people }: SignedEstate): Person => people['pia'] ?? assert.fail();
const head = ({ tree }: SignedEstate): string => tree.git('rev-parse', 'HEAD');
const revocation = (person: Person): Record<string, string> => ({
  'policies/revoked_keys': `${readFileSync(`${person.keyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')}\n`,
});

/** A merge of the head with a commit on `old`, that one first; the files of the head. */
function foxtrot({ tree: { git } }: SignedEstate, old: string): void {
  const now = git('rev-parse', 'HEAD');
  const side = git(...signedBy(null), 'commit-tree', `${old}^{tree}`, '-p', old, '-m', 'x');
  const merge = git(...signedBy(null), 'commit-tree', `${now}^{tree}`, '-p', side, '-p', now, '-m', 'Merge');
  git('reset', '-q', '--hard', merge);
}

/** The data directory forgets everything. */
async function loseJournal(estate: SignedEstate): Promise<void> {
  for (const name of ['journal.db', 'journal.db-wal', 'journal.db-shm'])
    rmSync(join(dirname(estate.tree.directory), 'data', name), { force: true });
  await estate.restart();
  await estate.turn();
}

async function withClone<T>({ tree }: SignedEstate, work: (clone: Repository) => Promise<T>): Promise<T> {
  const clone = await openRepository({ url: tree.directory, directory: tree.directory, now: Date.now });
  try {
    return await work(clone);
  } finally {
    await clone.close();
  }
}

/** The verdict of a pipeline over the branch `request`. */
async function check(estate: SignedEstate): ReturnType<typeof judgeChangeRequest> {
  const revisions = { base: 'refs/heads/main', head: 'refs/heads/request' };
  return withClone(estate, (clone) =>
    judgeChangeRequest(clone, revisions, Date.now(), AbortSignal.timeout(60_000)),
  );
}

async function audit(estate: SignedEstate, trusted: string | null): ReturnType<typeof auditRepository> {
  const at = (name: string): string => estate.tree.git('rev-parse', `refs/remotes/origin/${name}`);
  const question = { intent: at('main'), state: at('renewd/state'), prefix: '', trusted, anchors: [] };
  return withClone(estate, (clone) =>
    auditRepository(clone, { ...question, recordSigners: null, now: Date.now() }, silentLog),
  );
}

/** What somebody who may push writes into the records: a commit of theirs was the first that counts, and long ago. */
function forgeBeginning({ tree: { git, directory } }: SignedEstate, own: string): void {
  const ref = 'refs/remotes/origin/renewd/state';
  const place = join(dirname(directory), `records-${own.slice(0, 8)}`);
  git('worktree', 'add', '-q', '--detach', place, ref);
  const [path = '', text = ''] =
    git('ls-tree', '-r', '--name-only', ref, 'changes/')
      .split('\n')
      .map((name) => [name, readFileSync(join(place, name), 'utf8')])
      .find(([, each]) => each?.includes('"trusted"')) ?? [];
  const { commit } = JSON.parse(text) as { commit: string };
  const forged = text
    .replaceAll(commit, own)
    .replace(/"seenAt": "[^"]+"/, '"seenAt": "2020-01-01T00:00:00Z"');
  const at = join(place, path.replace(commit, own).replace(/\d{4}-\d{2}/, '2020-01'));
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, forged);
  git('-C', place, 'add', '-A');
  git('-C', place, ...signedBy(null), 'commit', '-q', '-m', 'Forged');
  git('update-ref', ref, git('-C', place, 'rev-parse', 'HEAD'));
}

describe('merges whose first parent is not where the branch stood', () => {
  test('by nobody, over pushes that were not looked at yet: each counts by itself', async (context) => {
    const estate = await opened(context);
    for (const old of [head(estate), null]) {
      const name = old === null ? 'b' : 'a';
      const from = old ?? head(estate);
      estate.tree.commit(
        { [`inventory/certificates/web/${name}.yaml`]: certificate(name, `${name}.example.com`) },
        'ada asks',
        { by: ada(estate) },
      );
      estate.tree.commit(
        { [`inventory/endpoints/web-${name}.yaml`]: endpoint(`web-${name}`, 'web') },
        'pia adds a machine',
        { by: pia(estate) },
      );
      // Also with what is accepted itself in the first place.
      if (old === null) {
        const { git } = estate.tree;
        const now = git('rev-parse', 'HEAD');
        const merge = git(
          ...signedBy(null),
          'commit-tree',
          `${now}^{tree}`,
          '-p',
          from,
          '-p',
          now,
          '-m',
          'M',
        );
        git('reset', '-q', '--hard', merge);
      } else foxtrot(estate, from);
      await estate.push();
      assert.deepEqual(estate.held(), []);
      assert.equal(estate.inForce(`web/${name}`), true);
      assert.ok(estate.memory().desired?.endpoints.has(`web-${name}`));
    }
  });

  for (const who of ['nobody', 'its holder'] as const)
    test(`by ${who}, over the revocation of a key: it counts, and the key does not`, async (context) => {
      const estate = await opened(context);
      const { git } = estate.tree;
      const base = head(estate);
      const holder = ada(estate);
      estate.tree.commit(revocation(holder), 'pia revokes a stolen key', { by: pia(estate) });
      if (who === 'nobody') foxtrot(estate, base);
      else {
        const revoked = head(estate);
        git('checkout', '-q', '-b', 'side', base);
        for (const name of ['evil', 'more'])
          estate.tree.commit(
            { [`inventory/certificates/web/${name}.yaml`]: certificate(name, `${name}.example.com`) },
            'the thief asks',
            { by: holder },
          );
        git(...signedBy(holder), 'merge', '-q', '-S', '--no-ff', '-m', 'Merge', revoked);
        git('checkout', '-q', 'main');
        git('reset', '-q', '--hard', 'side');
      }
      await estate.push();
      estate.tree.commit(
        { 'inventory/certificates/web/late.yaml': certificate('late', 'late.example.com') },
        'the thief asks again',
        { by: holder },
      );
      await estate.push();
      for (const name of ['evil', 'more', 'late']) assert.equal(estate.inForce(`web/${name}`), false, name);
      assert.ok(estate.findings().some(({ message }) => /was revoked/.test(message)));
    });

  test('a pull vouches for what its maker did, not for what others pushed meanwhile', async (context) => {
    const estate = await opened(context);
    const { git } = estate.tree;
    const base = head(estate);
    const mine = team('pki', '', ['pia', 'paul', 'ada']);
    estate.tree.commit({ 'inventory/teams/pki.yaml': mine }, 'ada makes herself pki', { by: ada(estate) });
    const adas = head(estate);
    git('checkout', '-q', '-b', 'pias', base);
    estate.tree.commit(
      { 'inventory/certificates/web/b.yaml': certificate('b', 'b.example.com') },
      'something small',
      { by: pia(estate) },
    );
    git(...signedBy(pia(estate)), 'merge', '-q', '-S', '-m', "Merge branch 'main' of ssh://git/estate", adas);
    git('checkout', '-q', 'main');
    git('reset', '-q', '--hard', 'pias');
    await estate.push();
    assert.deepEqual(estate.memory().desired?.teams.get('pki')?.signers, [
      'pia@example.com',
      'paul@example.com',
    ]);
    assert.equal(estate.inForce('web/b'), true);
  });

  test('one that changes nothing is no bomb for the day the journal is lost', async (context) => {
    const estate = await opened(context);
    const base = head(estate);
    estate.tree.commit(revocation(ada(estate)), 'pia revokes', { by: pia(estate) });
    await estate.push();
    const four = control.replace(
      '  reservedLabels',
      "    - { name: four-eyes, paths: ['policies/**'], count: 1, from: ['team:pki'] }\n  reservedLabels",
    );
    estate.tree.commit({ 'policies/change-control.yaml': four }, 'four eyes', { by: pia(estate) });
    await estate.push();
    await estate.turn();
    foxtrot(estate, base);
    await estate.push();
    await loseJournal(estate);
    const approvals = estate.memory().desired?.changeControl?.approvals.map(({ name }) => name);
    assert.deepEqual(approvals, ['wildcard', 'four-eyes']);
    estate.tree.commit(
      { 'inventory/certificates/web/late.yaml': certificate('late', 'late.example.com') },
      'with the revoked key',
      { by: ada(estate) },
    );
    await estate.push();
    assert.equal(estate.inForce('web/late'), false);
  });

  for (const seen of [true, false])
    test(`a history of their own, ${seen ? 'seen' : 'not seen'} before the journal was lost, is never taken on trust`, async (context) => {
      const estate = await opened(context);
      const { git } = estate.tree;
      estate.tree.commit(
        { 'inventory/certificates/web/a.yaml': certificate('a', 'a.example.com') },
        'ada asks',
        { by: ada(estate) },
      );
      await estate.push();
      await estate.turn();
      const honest = head(estate);
      const mal = makePerson(join(dirname(estate.tree.directory), 'keys'), 'mal');
      git('checkout', '-q', '--orphan', 'own');
      estate.tree.commit(
        {
          'inventory/teams/pki.yaml': team('pki', '', ['pia', 'paul', 'mal']),
          'policies/allowed_signers': allowedSigners([...Object.values(estate.people), mal]),
        },
        'Begin',
        { by: mal },
      );
      const own = head(estate);
      const merge = git(
        ...signedBy(mal),
        ...['commit-tree', `${own}^{tree}`, '-p', own, '-p', honest, '-S', '-m', 'Merge'],
      );
      git('checkout', '-q', 'main');
      git('reset', '-q', '--hard', merge);
      if (seen) await estate.push();
      else git('push', '-q', 'origin', 'HEAD:main');
      await loseJournal(estate);
      const signers = estate.memory().desired?.teams.get('pki')?.signers;
      assert.deepEqual(signers, ['pia@example.com', 'paul@example.com']);
      assert.equal(estate.inForce('web/a'), true);
      // Whoever judges with the clone alone does not begin there either.
      git('checkout', '-q', '-b', 'request');
      const evil = { 'inventory/certificates/web/evil.yaml': certificate('evil', 'evil.example.com') };
      estate.tree.commit(evil, 'mal asks', { by: mal });
      await assert.rejects(check(estate), /has 2 beginnings.*Fetch the branch of records/);
      git('fetch', '-q', 'origin', '+refs/heads/*:refs/remotes/origin/*');
      assert.equal((await check(estate)).verdict, 'denied');
      // Records that the daemon signed say which beginning it was; a record that nobody signed says nothing.
      assert.notEqual((await audit(estate, null)).trusted, own);
      forgeBeginning(estate, own);
      assert.equal((await check(estate)).verdict, 'denied');
    });
});

/** A merge signed by this person, with these parents and files of the first that has all. */
function mergeOf({ tree: { git } }: SignedEstate, by: Person, treeish: string, parents: string[]): void {
  const merge = git(
    ...signedBy(by),
    'commit-tree',
    `${treeish}^{tree}`,
    ...parents.flatMap((each) => ['-p', each]),
    ...['-S', '-m', 'Merge'],
  );
  git('checkout', '-q', 'main');
  git('reset', '-q', '--hard', merge);
}

/** The same is in force after the journal was lost, and an audit agrees. */
async function assertProved(estate: SignedEstate, inForce: () => unknown): Promise<void> {
  await estate.turn();
  const before = inForce();
  await loseJournal(estate);
  assert.deepEqual(inForce(), before);
  await estate.turn();
  estate.tree.git('fetch', '-q', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  const { claims } = await audit(estate, null);
  assert.deepEqual(
    claims.filter(({ verdict }) => verdict === 'failed' || verdict === 'unproven'),
    [],
  );
}

describe('merges signed by somebody who may sign, over pushes of others that nobody looked at yet', () => {
  test('stop none of them: what is refused is what their maker put there', async (context) => {
    const estate = await opened(context);
    const { git } = estate.tree;
    const { priya } = estate.people;
    assert.ok(priya !== undefined);
    const base = head(estate);
    estate.tree.commit(revocation(priya), 'pia revokes a stolen key', { by: pia(estate) });
    const revoked = head(estate);
    const theirs = team('payments', "'*.payments.test'", ['priya', 'ada']);
    estate.tree.commit({ 'inventory/teams/payments.yaml': theirs }, 'x', { by: ada(estate) });
    mergeOf(estate, ada(estate), git('rev-parse', 'HEAD'), [base, revoked]);
    await estate.push();
    assert.deepEqual(estate.held(), ['Merge: refused']);
    const late = certificate('pay', 'a.payments.test', { team: 'payments' });
    estate.tree.commit({ 'inventory/certificates/payments/pay.yaml': late }, 'the thief', { by: priya });
    await estate.push();
    assert.equal(estate.inForce('payments/pay'), false);
    await assertProved(estate, () => [estate.inForce('payments/pay'), estate.held()]);
  });

  test('stop no request of others either, and a request waits alone', async (context) => {
    const estate = await opened(context);
    const { git } = estate.tree;
    const base = head(estate);
    const { priya } = estate.people;
    assert.ok(priya !== undefined);
    const path = 'inventory/certificates/payments/pay.yaml';
    const files = { [path]: certificate('pay', 'a.payments.test', { team: 'payments' }) };
    estate.tree.commit(files, 'priya asks', { by: priya });
    const asked = head(estate);
    estate.tree.commit({ 'policies/offer.yaml': '# not theirs\n' }, 'x', { by: ada(estate) });
    estate.tree.commit(
      { 'inventory/certificates/web/all.yaml': certificate('all', '*.example.com') },
      'ada asks for much',
      { by: ada(estate) },
    );
    mergeOf(estate, ada(estate), git('rev-parse', 'HEAD'), [base, asked]);
    await estate.push();
    assert.ok(estate.memory().desired?.certificates.has('payments/pay'));
    assert.equal(estate.inForce('web/all'), false);
  });

  test('put their own work before nothing that takes their rights away', async (context) => {
    const estate = await opened(context);
    const { git } = estate.tree;
    const base = head(estate);
    estate.tree.commit({ 'inventory/teams/web.yaml': team('web', "'*.example.com'", ['paul']) }, 'ada left', {
      by: pia(estate),
    });
    const left = head(estate);
    git('checkout', '-q', '-b', 'side', base);
    for (const name of ['late', 'later'])
      estate.tree.commit(
        { [`inventory/certificates/web/${name}.yaml`]: certificate(name, `${name}.example.com`) },
        'ada asks',
        { by: ada(estate) },
      );
    git(...signedBy(ada(estate)), 'merge', '-q', '-S', '--no-ff', '-m', 'Merge', left);
    git('checkout', '-q', 'main');
    git('reset', '-q', '--hard', 'side');
    await estate.push();
    const signers = (): unknown => estate.memory().desired?.teams.get('web')?.signers;
    assert.deepEqual(signers(), ['paul@example.com']);
    for (const name of ['late', 'later']) assert.equal(estate.inForce(`web/${name}`), false);
    await assertProved(estate, () => [signers(), estate.inForce('web/late')]);
  });

  test('nor in one line with it, merged as if it were a request', async (context) => {
    const estate = await opened(context);
    const base = head(estate);
    estate.tree.commit({ 'inventory/teams/web.yaml': team('web', "'*.example.com'", ['paul']) }, 'ada left', {
      by: pia(estate),
    });
    estate.tree.commit(
      { 'inventory/certificates/web/late.yaml': certificate('late', 'late.example.com') },
      'ada asks',
      { by: ada(estate) },
    );
    mergeOf(estate, ada(estate), head(estate), [base, head(estate)]);
    await estate.push();
    assert.deepEqual(estate.memory().desired?.teams.get('web')?.signers, ['paul@example.com']);
    assert.equal(estate.inForce('web/late'), false);
  });

  test('are judged again from where the daemon stood, also where no record was made of that', async (context) => {
    const estate = await opened(context);
    const base = head(estate);
    estate.tree.commit({ 'readme.md': 'nothing declared' }, 'pia writes', { by: pia(estate) });
    await estate.push();
    const stood = head(estate);
    estate.tree.git('checkout', '-q', '-b', 'request', base);
    const path = 'inventory/certificates/web/all.yaml';
    estate.tree.commit({ [path]: certificate('all', '*.example.com') }, 'ada asks', { by: ada(estate) });
    const asked = head(estate);
    estate.tree.git('checkout', '-q', 'main');
    estate.tree.git(...signedBy(pia(estate)), 'merge', '-q', '-S', '--no-ff', '-m', 'Merge', asked);
    assert.equal(estate.tree.git('rev-parse', 'HEAD^'), stood);
    await estate.push();
    assert.deepEqual(estate.held(), ['Merge: waiting']);
    await assertProved(estate, () => estate.held());
  });

  test('vouch for none of them, whatever the subject says; a request that is merged they vouch for', async (context) => {
    const estate = await opened(context);
    const { git } = estate.tree;
    const signers = (): readonly string[] => estate.memory().desired?.teams.get('pki')?.signers ?? [];
    const mine = team('pki', '', ['pia', 'paul', 'ada']);
    for (const subject of ["Merge remote-tracking branch 'origin/main' into feature", 'Merge']) {
      const base = head(estate);
      estate.tree.commit({ 'inventory/teams/pki.yaml': `${mine}# ${subject}\n` }, 'ada makes herself pki', {
        by: ada(estate),
      });
      const adas = head(estate);
      const name = `c${subject.length.toString()}`;
      git('checkout', '-q', '-b', name, base);
      const path = `inventory/certificates/web/${name}.yaml`;
      estate.tree.commit({ [path]: certificate(name, `${name}.example.com`) }, 'small', { by: pia(estate) });
      git(...signedBy(pia(estate)), 'merge', '-q', '-S', '--no-ff', '-m', subject, adas);
      git('checkout', '-q', 'main');
      git('reset', '-q', '--hard', name);
      await estate.push();
      assert.deepEqual(signers(), ['pia@example.com', 'paul@example.com']);
      assert.equal(estate.inForce(`web/${name}`), true);
    }
    await assertProved(estate, signers);
    const base = head(estate);
    estate.tree.commit({ 'inventory/teams/pki.yaml': `${mine}# again\n` }, 'ada asks', { by: ada(estate) });
    mergeOf(estate, pia(estate), head(estate), [base, head(estate)]);
    await estate.push();
    assert.equal(signers().length, 3);
  });
});

test('what git pull writes is told from what is written when a branch is merged into the main one', () => {
  for (const pull of [
    "Merge branch 'main' of https://git.example.com/estate",
    "Merge branch 'main' of ssh://git@git.example.com/estate into main",
    "Merge remote-tracking branch 'origin/main'",
    "Merge branch 'production' of git.example.com:estate into production",
    "Merge remote-tracking branch 'origin/team/live' into team/live",
  ])
    assert.equal(isPull(pull), true, pull);
  for (const other of [
    "Merge branch 'feature'",
    "Merge branch 'main'",
    "Merge branch 'feature' of https://git.example.com/fork",
    "Merge branch 'main' of https://git.example.com/estate into feature",
    "Merge branch 'main' into main",
    'Merge pull request #7 from ada/main',
    "See: Merge branch 'main' of https://git.example.com/estate",
  ])
    assert.equal(isPull(other), false, other);
});
