import assert from 'node:assert/strict';

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, truncateSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { auditRepository } from '../../daemon/audit/audit.ts';
import { limits } from '../../daemon/limits.ts';
import { certificate, commitText, openArena, treeBytes, writeLoose, type Arena } from './foreign-commits.ts';

const day = 86_400_000;
const zeros = '1'.repeat(40);

function entriesOf(arena: Arena): [string, string, string][] {
  return arena.tree
    .git('ls-tree', 'HEAD')
    .split('\n')
    .map((line) => {
      const [mode = '', , rest = ''] = line.split(' ');
      const [oid = '', name = ''] = rest.split('\t');
      return [mode.replace(/^0/, ''), name, oid];
    });
}

function loosePath(arena: Arena, oid: string): string {
  return join(arena.bare, 'objects', oid.slice(0, 2), oid.slice(2));
}

/** Sixteen commits that have nothing to do with the branch. */
function others(arena: Arena, tree: string): string[] {
  return Array.from({ length: 16 }, (_, at) =>
    writeLoose(arena.bare, 'commit', commitText({ tree, parents: [], message: `${String(at)}\n` })),
  );
}

/** Ways in which a pushed commit cannot be read. Each returns the commit. */
const ways: Readonly<Record<string, (arena: Arena, tip: string, tree: string) => string>> = {
  'a tree with a name twice': (arena, tip) => {
    const blob = arena.write('blob', 'x');
    const tree = arena.write(
      'tree',
      treeBytes([['100644', 'AAA', blob], ['100644', 'AAA', blob], ...entriesOf(arena)]),
    );
    return arena.write('commit', commitText({ tree, parents: [tip] }));
  },
  'a tree that is not there': (arena, tip) =>
    arena.write('commit', commitText({ tree: zeros, parents: [tip] })),
  'a tree that is a blob': (arena, tip) =>
    arena.write('commit', commitText({ tree: arena.write('blob', 'x'), parents: [tip] })),
  'a folder of declarations that is a blob': (arena, tip) => {
    const blob = arena.write('blob', 'y');
    const entries = entriesOf(arena).map(
      ([mode, name, oid]) => [mode, name, name === 'inventory' ? blob : oid] as const,
    );
    return arena.write(
      'commit',
      commitText({ tree: arena.write('tree', treeBytes(entries)), parents: [tip] }),
    );
  },
  'a declaration over the bound of an object': (arena) => {
    const big = Buffer.alloc(limits.git.objectMaxBytes + 100, 35).toString();
    const commit = arena.tree.commit({ 'inventory/certificates/web/big.yaml': big }, 'Big', { by: null });
    arena.tree.git('push', '-q', 'origin', 'HEAD:refs/heads/side');
    arena.tree.git('reset', '-q', '--hard', 'HEAD^');
    return commit;
  },
  'a declaration that is not there': (arena, tip) => {
    const commit = arena.tree.commit(
      { 'inventory/certificates/web/gone.yaml': certificate('gone') },
      'Gone',
      { by: null },
    );
    arena.tree.git('push', '-q', 'origin', 'HEAD:refs/heads/side');
    rmSync(loosePath(arena, arena.tree.git('rev-parse', 'HEAD:inventory/certificates/web/gone.yaml')));
    arena.tree.git('reset', '-q', '--hard', tip);
    return commit;
  },
  'a declaration whose object is damaged': (arena, tip) => {
    const commit = arena.tree.commit(
      { 'inventory/certificates/web/torn.yaml': certificate('torn') },
      'Torn',
      { by: null },
    );
    arena.tree.git('push', '-q', 'origin', 'HEAD:refs/heads/side');
    const path = loosePath(arena, arena.tree.git('rev-parse', 'HEAD:inventory/certificates/web/torn.yaml'));
    chmodSync(path, 0o644);
    truncateSync(path, 20);
    arena.tree.git('reset', '-q', '--hard', tip);
    return commit;
  },
  'a commit of two MiB': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip], message: 'x'.repeat(2 * 1024 * 1024) })),
  'a commit of 17 MiB': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip], message: 'x'.repeat(17 * 1024 * 1024) })),
  'a commit with 17 parents, the branch as the last of them': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [...others(arena, tree), tip] })),
  'a commit with two signatures': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip], headers: 'gpgsig a\n b\ngpgsig c\n d\n' })),
  'a commit without author': (arena, tip, tree) =>
    arena.write('commit', `tree ${tree}\nparent ${tip}\n\nx\n`),
};

/** Ways in which a commit is malformed and its tree is not. */
const readable: Readonly<Record<string, (arena: Arena, tip: string, tree: string) => string>> = {
  'two signatures': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip], headers: 'gpgsig a\n b\ngpgsig c\n d\n' })),
  'no author': (arena, tip, tree) => arena.write('commit', `tree ${tree}\nparent ${tip}\n\nx\n`),
  'two MiB': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip], message: 'x'.repeat(2 * 1024 * 1024) })),
  '17 MiB': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip], message: 'x'.repeat(17 * 1024 * 1024) })),
  '17 parents': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip, ...others(arena, tree)] })),
  'a parent in upper case': (arena, tip, tree) =>
    arena.write('commit', commitText({ tree, parents: [tip.toUpperCase()] })),
  'one malformed commit on another': (arena, tip, tree) => {
    const who = 'A <a@example.com> 01 +0000';
    const lower = arena.write('commit', commitText({ tree: zeros, parents: [tip], who }));
    return arena.write('commit', commitText({ tree, parents: [lower], who }));
  },
};

describe(
  'a commit that cannot be read',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    for (const [way, make] of Object.entries(ways)) {
      test(`${way}: it is named, the turn goes on, and a commit that mends it is stepped to`, async () => {
        const arena = await openArena();
        try {
          const { tree } = arena;
          const tip = tree.git('rev-parse', 'HEAD');
          const bad = make(arena, tip, tree.git('rev-parse', 'HEAD^{tree}'));
          const first = await arena.push(bad);
          assert.equal(first.source, tip);
          assert.ok(first.troubles[0]?.message.includes(bad), JSON.stringify(first.troubles));
          assert.match(first.troubles[0]?.message ?? '', /git revert/);
          const [finding] = arena.findings().filter((each) => each.code === 'intent-unread');
          assert.ok(finding?.message.includes(bad));
          // A day later, also after a start: everything is watched, and the finding says since when.
          arena.later(day);
          await arena.restart();
          const second = await arena.turn();
          assert.equal(second.judged, 1);
          assert.ok(second.observed > 0);
          assert.equal(arena.house().memory.desired?.certificates.has('web/shop'), true);
          assert.equal(arena.findings().find((each) => each.code === 'intent-unread')?.since, finding?.since);
          // Good commits on top count once a commit has the files of before.
          const mended = arena.write(
            'commit',
            commitText({ tree: tree.git('rev-parse', `${tip}^{tree}`), parents: [bad], message: 'Revert\n' }),
          );
          assert.deepEqual((await arena.push(mended)).troubles, []);
          assert.deepEqual(
            arena.findings().filter((each) => each.code === 'intent-unread'),
            [],
          );
          const late = arena.onTop(mended, { 'inventory/certificates/web/late.yaml': certificate('late') });
          await arena.push(late);
          assert.equal(
            arena.house().memory.desired?.certificates.has('web/late'),
            true,
            JSON.stringify(arena.findings()),
          );
        } finally {
          await arena.close();
        }
      });
    }

    for (const [way, make] of Object.entries(readable))
      test(`${way}, pushed by anybody: the honest change on top is in force at once, and nothing else`, async () => {
        const arena = await openArena();
        try {
          const { tree } = arena;
          const tip = tree.git('rev-parse', 'HEAD');
          const evil = 'inventory/certificates/web/evil.yaml';
          const shop = 'inventory/certificates/web/shop.yaml';
          tree.commit({ [evil]: certificate('evil'), [shop]: null }, 'Evil', { by: null });
          tree.git('push', '-q', 'origin', 'HEAD:refs/heads/side');
          const bad = make(arena, tip, tree.git('rev-parse', 'HEAD^{tree}'));
          assert.match((await arena.push(bad)).troubles[0]?.message ?? '', /git revert/);
          // It leaves what the malformed one brought, and what it took away, as they are.
          const late = 'inventory/certificates/web/late.yaml';
          const honest = arena.onTop(bad, {
            [evil]: certificate('evil'),
            [late]: certificate('late'),
            [shop]: null,
          });
          assert.deepEqual((await arena.push(honest)).troubles, []);
          const inForce = (): string[] =>
            [...(arena.house().memory.desired?.certificates.keys() ?? [])].sort();
          assert.deepEqual(inForce(), ['web/late', 'web/shop']);
          const { held } = arena.house().memory;
          assert.deepEqual([...held.keys()], [bad]);
          const codes = held.get(bad)?.reasons.map(({ code }) => code) ?? [];
          assert.ok(codes.includes('commit-malformed'), codes.join());
          assert.ok(codes.includes('path-not-permitted'), codes.join());
          // Nobody lets it in by approving it, for nobody can say what it is.
          const hash = held.get(bad)?.hash ?? '';
          const vouched = arena.onTop(
            honest,
            { [evil]: certificate('evil'), [late]: certificate('late'), [shop]: null },
            `Vouch\n\nRenewd-Approve: ${hash}`,
          );
          await arena.push(vouched);
          assert.deepEqual(inForce(), ['web/late', 'web/shop']);
          const report = await auditRepository(
            arena.house().estate.state.repository,
            {
              intent: vouched,
              state: execFileSync('git', ['-C', arena.bare, 'rev-parse', 'renewd/state'], {
                encoding: 'utf8',
              }).trim(),
              prefix: '',
              trusted: null,
              recordSigners: arena.house().signingKey(),
              now: Date.now(),
              anchors: [],
            },
            arena.house().world.log,
          );
          const said = report.claims.filter((each) => each.subject.includes(bad.slice(0, 10)));
          // Of several on each other the first is named.
          assert.ok(
            report.claims.some(
              ({ verdict, claim }) => verdict === 'proved' && claim.includes('cannot be read'),
            ),
            JSON.stringify(report.claims),
          );
          assert.ok(
            said.some((each) => each.verdict === 'proved' && each.claim.includes('was refused')),
            JSON.stringify(said),
          );
          assert.deepEqual(
            report.claims.filter((each) => each.verdict === 'failed'),
            [],
          );
          // A lost journal is judged again from history, past the malformed commit.
          await arena.restart({ withoutJournal: true });
          await arena.turn();
          assert.deepEqual(inForce(), ['web/late', 'web/shop']);
          const next = arena.onTop(vouched, { [late]: certificate('late') });
          assert.deepEqual((await arena.push(next)).troubles, []);
          assert.deepEqual(inForce(), ['web/late', 'web/shop']);
          assert.equal(arena.house().memory.held.size, 0);
        } finally {
          await arena.close();
        }
      });

    test('what it brings is not in force by way of a commit on top that leaves it there', async () => {
      const arena = await openArena();
      try {
        const { tree } = arena;
        const tip = tree.git('rev-parse', 'HEAD');
        // Mallory's file, in a commit whose root also has a name twice; then somebody mends the root alone.
        tree.commit({ 'inventory/certificates/web/evil.yaml': certificate('evil') }, 'Evil', { by: null });
        tree.git('push', '-q', 'origin', 'HEAD:refs/heads/side');
        const blob = arena.write('blob', 'x');
        const bad = arena.write(
          'commit',
          commitText({
            tree: arena.write(
              'tree',
              treeBytes([['100644', 'AAA', blob], ['100644', 'AAA', blob], ...entriesOf(arena)]),
            ),
            parents: [tip],
          }),
        );
        await arena.push(bad);
        const onTop = arena.onTop(bad, { 'inventory/certificates/web/evil.yaml': certificate('evil') });
        await arena.push(onTop);
        assert.equal(arena.house().memory.desired?.certificates.has('web/evil'), false);
        assert.ok(
          arena
            .findings()
            .some((each) => each.code === 'change-refused' && each.message.includes('cannot be read')),
        );
      } finally {
        await arena.close();
      }
    });

    test('more malformed commits than a turn looks at hide nothing: the honest change on top is in force, and nothing else', async () => {
      const arena = await openArena();
      try {
        const [root, first] = ['HEAD^{tree}', 'HEAD'].map((each) => arena.tree.git('rev-parse', each));
        let tip = first ?? '';
        const headers = 'gpgsig a\n b\ngpgsig c\n d\n';
        for (let at = 0; at < limits.governance.commitsPerTurnMax + 20; at++) {
          const text = commitText({ tree: root ?? '', parents: [tip], headers, message: `${String(at)}\n` });
          tip = writeLoose(arena.bare, 'commit', text);
        }
        assert.match((await arena.push(tip)).troubles[0]?.message ?? '', /git revert/);
        assert.match((await arena.turn()).troubles[0]?.message ?? '', /git revert/);
        const late = 'inventory/certificates/web/late.yaml';
        assert.deepEqual((await arena.push(arena.onTop(tip, { [late]: certificate('late') }))).troubles, []);
        const { held, desired } = arena.house().memory;
        assert.deepEqual([...(desired?.certificates.keys() ?? [])].sort(), ['web/late', 'web/shop']);
        assert.equal(held.size, 0);
      } finally {
        await arena.close();
      }
    });
  },
);
