/** A commit judged apart from the others: what is new, what is judged of it, and which bounds hold. Real git and signatures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildDesired } from '../../daemon/core/desired.ts';
import { declaredDiff } from '../../daemon/shell/declared-changes.ts';
import { judgeApart, type Apart } from '../../daemon/shell/judge-apart.ts';
import { certificate, openArena } from './foreign-commits.ts';

test('a commit is judged by the signers in force; what nobody looked at, or is over a bound, is never passed', async () => {
  const arena = await openArena();
  try {
    const { world, memory, estate } = arena.house();
    const { intent } = estate;
    const { accepted: parent, desired: before } = memory;
    assert.ok(parent !== null && before !== null);
    const files = { 'inventory/certificates/web/one.yaml': certificate('one') };
    const commit = arena.onTop(parent, files, 'One');
    const two = { 'inventory/certificates/web/two.yaml': certificate('two') };
    const unsigned = arena.tree.commit(two, 'Two', { by: null });
    arena.tree.git('push', '-q', '-f', 'origin', 'HEAD:refs/heads/unsigned');
    await intent.repository.fetch(['refs/heads/files', 'refs/heads/unsigned'], AbortSignal.timeout(10_000));
    const context = {
      world,
      intent,
      memory,
      build: (at: string, all: typeof intent.files) => buildDesired(at, [...all.values()], intent.builtIns),
      take: () => assert.fail('nothing is taken'),
    };
    const changes = await declaredDiff(intent.repository, intent)(parent, commit);
    const entriesOf: Apart['entriesOf'] = () => Promise.resolve(changes);
    const apart = { commit, parent, on: intent, before, entriesOf };
    const outcome = async (change: Partial<Apart>): Promise<string | undefined> =>
      (await judgeApart(context, { ...apart, ...change }))?.judged.verdict.outcome;

    const good = await judgeApart(context, apart);
    assert.equal(good?.judged.verdict.outcome, 'accepted');
    assert.deepEqual([good.unread, good.previous, good.tip.oid], [0, parent, commit]);
    assert.deepEqual(
      good.changes.map(({ path }) => path),
      Object.keys(files),
    );
    assert.equal(await outcome({ unreadBeside: 1 }), 'refused');
    assert.notEqual(await outcome({ commit: unsigned, parent }), 'accepted');
    await assert.rejects(outcome({ textMaxBytes: 10 }), { code: 'git-too-large' });
    assert.equal(await outcome({ parent: commit }), undefined);
    assert.equal(await outcome({ entriesOf: () => Promise.resolve(null) }), undefined);
    assert.equal(memory.accepted, parent);
    assert.equal(memory.held.size, 0);
  } finally {
    await arena.close();
  }
});
