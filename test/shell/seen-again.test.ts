/** When the journal is lost, what no record names was seen now: the date in a commit is chosen by whoever makes it. Real git and real OpenSSH signatures. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { auditRepository } from '../../daemon/audit/audit.ts';
import { silentLog } from '../../daemon/commands/silent-log.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { timesOf } from '../../daemon/shell/retrace.ts';
import { allowedSigners } from '../real/signed-repository.ts';
import { certificate, openSignedEstate, type SignedEstate } from './signed-estate.ts';

const day = 86_400_000;

async function opened(context: TestContext): Promise<SignedEstate> {
  const estate = await openSignedEstate();
  context.after(() => estate.close());
  return estate;
}

async function loseJournal(estate: SignedEstate): Promise<void> {
  for (const name of ['journal.db', 'journal.db-wal', 'journal.db-shm'])
    rmSync(join(dirname(estate.tree.directory), 'data', name), { force: true });
  await estate.restart();
  await estate.turn();
}

async function notProved({ tree }: SignedEstate, now: number): Promise<unknown> {
  tree.git('fetch', '-q', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  const at = (name: string): string => tree.git('rev-parse', `refs/remotes/origin/${name}`);
  const clone = await openRepository({ url: tree.directory, directory: tree.directory, now: () => now });
  try {
    const question = {
      intent: at('main'),
      state: at('renewd/state'),
      prefix: '',
      trusted: null,
      anchors: [],
    };
    const { claims } = await auditRepository(clone, { ...question, recordSigners: null, now }, silentLog);
    return claims.filter(({ verdict }) => verdict === 'failed' || verdict === 'unproven');
  } finally {
    await clone.close();
  }
}

test('what is silent was seen with the next that is told of, at the end now, and time never goes back', () => {
  const told = new Map([
    ['b', 20],
    ['d', 10],
    ['e', 40],
  ]);
  const seen = (commit: string): number | null => told.get(commit) ?? null;
  assert.deepEqual(
    timesOf(['a', 'b', 'c', 'd', 'e', 'f'], seen, { since: 0, now: 90 }),
    [10, 10, 10, 10, 40, 90],
  );
  assert.deepEqual(timesOf(['a', 'b'], seen, { since: 30, now: 90 }), [30, 30]);
  assert.deepEqual(timesOf(['x'], seen, { since: 30, now: 90 }), [90]);
});

test('a key that ended signs nothing by a date of before, pushed while nobody looks', async (context) => {
  const estate = await opened(context);
  const { pia, ada } = estate.people;
  assert.ok(pia !== undefined && ada !== undefined);
  await estate.turn();
  const end = `${new Date(Date.now() + 600_000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
  const own = 'ada@example.com namespaces="git"';
  const lists = allowedSigners(Object.values(estate.people)).replace(own, `${own},valid-before="${end}"`);
  estate.tree.commit({ 'policies/allowed_signers': lists }, 'ada ends', { by: pia });
  await estate.push();
  await estate.turn();
  const before = Date.now();
  estate.later(30 * day);
  estate.tree.commit(
    { 'inventory/certificates/web/late.yaml': certificate('late', 'late.example.com') },
    'ada asks long after',
    { by: ada, at: before + 300_000 },
  );
  estate.tree.git('push', '-q', 'origin', 'HEAD:main');
  await loseJournal(estate);
  assert.equal(estate.inForce('web/late'), false);
  assert.deepEqual(estate.held(), ['ada asks long after: refused']);
  await estate.turn();
  assert.deepEqual(await notProved(estate, Date.now() + 30 * day), []);
});

test('an approval that counted in its time counts again, however long ago', async (context) => {
  const estate = await opened(context);
  const { pia, ada } = estate.people;
  assert.ok(pia !== undefined && ada !== undefined);
  const asks = async (name: string, dnsName: string): Promise<void> => {
    const path = `inventory/certificates/web/${name}.yaml`;
    estate.tree.commit({ [path]: certificate(name, dnsName) }, `ada asks for ${name}`, { by: ada });
    await estate.push();
    await estate.turn();
  };
  await asks('all', '*.example.com');
  const [waits] = estate.memory().held.values();
  estate.tree.commit({}, 'Approve', { by: pia, trailers: [`Renewd-Approve: ${waits?.hash ?? ''}`] });
  await estate.push();
  assert.equal(estate.inForce('web/all'), true);
  await estate.turn();
  estate.later(40 * day);
  await asks('later', 'later.example.com');
  await loseJournal(estate);
  assert.equal(estate.inForce('web/all'), true);
  assert.equal(estate.inForce('web/later'), true);
});
