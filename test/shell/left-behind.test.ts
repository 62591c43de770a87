/** What can never be judged is refused by its name and left behind: nobody without a key keeps signed changes on top of it from taking effect. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import { declaredDiff } from '../../daemon/shell/declared-changes.ts';
import { certificate, commitText, openArena, treeBytes, writeLoose, type Arena } from './foreign-commits.ts';

/** A tree with this entry at a path: the trees on the way are written anew, past every check of git. */
function withEntry(arena: Arena, root: string, path: readonly string[], mode: string, oid: string): string {
  const [name = '', ...rest] = path;
  const listed = execFileSync('git', ['-C', arena.bare, 'ls-tree', root], { encoding: 'utf8' });
  const entries = listed.split('\n').flatMap((line): [string, string, string][] => {
    const [, at = '', id = '', own = ''] = /^0*(\d+) \w+ (\w+)\t(.*)$/.exec(line) ?? [];
    return own === '' ? [] : [[at, own, id]];
  });
  const below = entries.find(([, own]) => own === name)?.[2] ?? writeLoose(arena.bare, 'tree', '');
  const entry: [string, string, string] =
    rest.length === 0 ? [mode, name, oid] : ['40000', name, withEntry(arena, below, rest, mode, oid)];
  const key = ([at, own]: readonly string[]): string => (at === '40000' ? `${own ?? ''}/` : (own ?? ''));
  const all = [...entries.filter(([, own]) => own !== name), entry];
  return writeLoose(arena.bare, 'tree', treeBytes(all.sort((one, two) => (key(one) < key(two) ? -1 : 1))));
}

/** A folder below inventory/ that nothing can judge, as an entry. */
const folders: Readonly<Record<string, (arena: Arena) => string>> = {
  [`a folder of ${String(limits.governance.filesPerChangeMax + 1)} declarations`]: (arena) => {
    const blob = writeLoose(arena.bare, 'blob', '{}\n');
    const names = Array.from(
      { length: limits.governance.filesPerChangeMax + 1 },
      (_, at): [string, string, string] => ['100644', `f${String(at).padStart(6, '0')}.yaml`, blob],
    );
    return writeLoose(arena.bare, 'tree', treeBytes(names));
  },
  'a declaration over the bound of an object': (arena) =>
    writeLoose(
      arena.bare,
      'tree',
      treeBytes([
        [
          '100644',
          'big.yaml',
          writeLoose(arena.bare, 'blob', Buffer.alloc(limits.git.objectMaxBytes + 1000, 35)),
        ],
      ]),
    ),
  'one file of 64 KiB at 300 paths': (arena) => {
    const blob = writeLoose(arena.bare, 'blob', `x: [${'a,'.repeat(32_000)}]\n`);
    const names = Array.from({ length: 300 }, (_, at): [string, string, string] => [
      '100644',
      `f${String(at).padStart(3, '0')}.yaml`,
      blob,
    ]);
    return writeLoose(arena.bare, 'tree', treeBytes(names));
  },
  'a folder that is too deep': (arena) => {
    let tree = writeLoose(
      arena.bare,
      'tree',
      treeBytes([['100644', 'x.yaml', writeLoose(arena.bare, 'blob', 'x')]]),
    );
    for (let depth = 0; depth < limits.git.treeDepthMax + 2; depth++)
      tree = writeLoose(arena.bare, 'tree', treeBytes([['40000', 'd', tree]]));
    return tree;
  },
  'a folder with .git in it': (arena) =>
    writeLoose(arena.bare, 'tree', treeBytes([['100644', '.git', writeLoose(arena.bare, 'blob', 'x')]])),
  'a file of a mode Git does not write': (arena) =>
    writeLoose(arena.bare, 'tree', treeBytes([['100600', 'x.yaml', writeLoose(arena.bare, 'blob', 'x')]])),
};

const signedBy = (arena: Arena, tree: string, parent: string, message: string): string =>
  execFileSync(
    'git',
    [
      ...['-C', arena.bare, '-c', 'gpg.format=ssh', '-c', `user.signingkey=${arena.ada.keyFile}`],
      ...['-c', 'user.name=ada', '-c', 'user.email=ada@example.com'],
      ...['commit-tree', '-S', '-m', message, '-p', parent, tree],
    ],
    { encoding: 'utf8', env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' } },
  ).trim();

describe('a commit of somebody without a key', () => {
  for (const [name, make] of Object.entries(folders))
    test(`${name}: it is refused by name, and signed commits that leave it there take effect`, async () => {
      const arena = await openArena();
      try {
        const inForce = (): string[] => [...(arena.house().memory.desired?.certificates.keys() ?? [])].sort();
        const good = arena.tree.git('rev-parse', 'HEAD^{tree}');
        const put = (root: string, file: string): string => {
          const blob = writeLoose(arena.bare, 'blob', certificate(file));
          return withEntry(arena, root, ['inventory', 'certificates', 'web', `${file}.yaml`], '100644', blob);
        };
        const spoiled = withEntry(arena, good, ['inventory', 'zz'], '40000', make(arena));
        const parents = [arena.tree.git('rev-parse', 'HEAD')];
        const bad = writeLoose(
          arena.bare,
          'commit',
          commitText({ tree: spoiled, parents, message: 'Flood\n' }),
        );
        await arena.push(bad);
        const first = put(spoiled, 'one');
        const one = signedBy(arena, first, bad, 'One');
        assert.deepEqual((await arena.push(one)).troubles, []);
        assert.deepEqual(inForce(), ['web/one', 'web/shop']);
        const held = arena.house().memory.held.get(bad);
        assert.equal(held?.outcome, 'refused');
        assert.equal(held.leftBehind, true, 'never judged, so never parsed again');
        assert.ok(
          arena
            .findings()
            .some((each) => each.code === 'change-refused' && each.message.includes(bad.slice(0, 10))),
          JSON.stringify(arena.findings()),
        );
        // Nobody lets it in, and it does not come back over a start or with what comes next.
        const approve = signedBy(arena, first, one, `Approve\n\nRenewd-Approve: ${held.hash}`);
        assert.deepEqual((await arena.push(approve)).troubles, []);
        await arena.restart({ withoutJournal: true });
        const second = put(first, 'two');
        const two = signedBy(arena, second, approve, 'Two');
        assert.deepEqual((await arena.push(two)).troubles, []);
        assert.deepEqual(inForce(), ['web/one', 'web/shop', 'web/two']);
        assert.deepEqual([...arena.house().memory.held.keys()], [bad]);
        // Taking it away is a change that is judged like any other.
        const clean = put(put(good, 'one'), 'two');
        await arena.push(signedBy(arena, clean, two, 'Revert'));
        await arena.push(signedBy(arena, put(clean, 'three'), arena.house().memory.accepted ?? '', 'Three'));
        assert.deepEqual(inForce(), ['web/one', 'web/shop', 'web/three', 'web/two']);
      } finally {
        await arena.close();
      }
    });
});

test('all comparisons that read the commits of one change have one bound together', async () => {
  let asked = 0;
  const changes = (): Promise<{ path: string; oid: string; mode: string }[]> => {
    asked++;
    return Promise.resolve(
      Array.from({ length: 40 }, (_, at) => ({
        path: `inventory/${String(at)}.yaml`,
        oid: 'a',
        mode: '100644',
      })),
    );
  };
  const diff = declaredDiff({ changes }, { files: new Map(), trust: new Map() }, 100);
  await diff(null, 'a');
  await diff(null, 'b');
  for (let at = 0; at < 10; at++) await assert.rejects(diff(null, 'c'), { code: 'git-too-large' });
  assert.equal(asked, 3, 'nothing is compared once it is reached');
});
