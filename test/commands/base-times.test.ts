/** What is in force at the base of a pull request, long after it came in: the pipeline and the daemon say the same. Real git, real signatures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeChangeRequest } from '../../daemon/commands/change-request.ts';
import type { ChangeReport } from '../../daemon/core/change-report.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { allowedSigners } from '../real/signed-repository.ts';
import { certificate, openSignedEstate, type SignedEstate } from '../shell/signed-estate.ts';

const day = 86_400_000;
const wildFile = 'inventory/certificates/web/wild.yaml';

async function check(estate: SignedEstate, base: string, now: number): Promise<ChangeReport> {
  const { directory } = estate.tree;
  const repository = await openRepository({ url: directory, directory, now: Date.now });
  try {
    return await judgeChangeRequest(repository, { base, head: 'HEAD' }, now, AbortSignal.timeout(60_000));
  } finally {
    await repository.close();
  }
}

const heldHash = (estate: SignedEstate, subject: string): string =>
  [...estate.memory().held.values()].find((each) => each.tip.subject === subject)?.hash ?? '';

/** An approval let it in; three weeks later somebody asks to take it away. */
async function compare(
  estate: SignedEstate,
  { records, broken }: { readonly records: boolean; readonly broken: boolean },
): Promise<void> {
  const { ada, paul } = estate.people;
  assert.ok(ada !== undefined && paul !== undefined);
  const { tree } = estate;
  tree.commit({ [wildFile]: certificate('wild', '*.wild.example.com') }, 'Ask', { by: ada });
  await estate.push();
  tree.commit({}, 'Approve', { by: paul, trailers: [`Renewd-Approve: ${heldHash(estate, 'Ask')}`] });
  await estate.push();
  if (broken) {
    tree.commit({ 'inventory/certificates/web/b.yaml': 'nonsense: [' }, 'Broken', { by: ada });
    await estate.push();
  }
  assert.ok(estate.inForce('web/wild'));
  estate.later(20 * day);
  await estate.turn();
  if (records) tree.git('fetch', '-q', 'origin', 'renewd/state:refs/remotes/origin/renewd/state');
  const base = tree.git('rev-parse', 'HEAD');
  const now = Date.now() + 20 * day;
  tree.commit({ [wildFile]: null }, 'Take away', { by: ada, at: now });
  const report = await check(estate, base, now);
  await estate.push();
  assert.ok(estate.inForce('web/wild'), 'the daemon waits for an approval of what it was');
  assert.equal(report.waiting, true);
  assert.equal(report.hash, heldHash(estate, 'Take away'));
  const assumed = report.problems.filter(({ code }) => code === 'base-assumed');
  assert.deepEqual(
    assumed.map(({ severity }) => severity),
    records ? [] : ['warning'],
  );
}

for (const records of [true, false])
  for (const broken of [false, true])
    test(`an approval that lapsed since, ${records ? 'with' : 'without'} records, ${broken ? 'with' : 'without'} a broken file`, async () => {
      const estate = await openSignedEstate();
      try {
        await compare(estate, { records, broken });
      } finally {
        await estate.close();
      }
    });

for (const records of [true, false])
  test(`a key that ended since, ${records ? 'with' : 'without'} records`, async () => {
    const estate = await openSignedEstate();
    try {
      const { ada, pia } = estate.people;
      assert.ok(ada !== undefined && pia !== undefined);
      const { tree } = estate;
      const end = new Date(Date.now() + 5 * day).toISOString().slice(0, 10).replaceAll('-', '');
      const lists = allowedSigners(Object.values(estate.people))
        .split('\n')
        .map((line) =>
          line.startsWith('ada@') ? line.replace('namespaces=', `valid-before="${end}Z",namespaces=`) : line,
        )
        .join('\n');
      tree.commit({ 'policies/allowed_signers': lists }, 'Let the key of ada end', { by: pia });
      await estate.push();
      tree.commit(
        { 'inventory/certificates/web/more.yaml': certificate('more', 'more.example.com') },
        'More',
        {
          by: ada,
        },
      );
      await estate.push();
      assert.ok(estate.inForce('web/more'));
      estate.later(20 * day);
      await estate.turn();
      if (records) tree.git('fetch', '-q', 'origin', 'renewd/state:refs/remotes/origin/renewd/state');
      const base = tree.git('rev-parse', 'HEAD');
      const now = Date.now() + 20 * day;
      const retired = certificate('more', 'other.example.com');
      tree.commit({ 'inventory/certificates/web/more.yaml': retired }, 'Another name', { by: pia, at: now });
      const { plan, problems } = await check(estate, base, now);
      assert.deepEqual(
        plan.certificates.map((each) => [each.certificate, each.change]),
        [['web/more', 'changed']],
      );
      assert.equal(
        problems.some(({ code }) => code === 'base-assumed'),
        !records,
      );
      await estate.push();
      assert.deepEqual(estate.memory().desired?.certificates.get('web/more')?.dnsNames, [
        'other.example.com',
      ]);
    } finally {
      await estate.close();
    }
  });
