/** What the findings of changes tell people to do, done: a plain git revert, an approval, somebody who may. No forced push, no new data directory. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { certificate, openSignedEstate, team, type SignedEstate } from './signed-estate.ts';

async function withEstate(run: (estate: SignedEstate) => Promise<void>): Promise<void> {
  const estate = await openSignedEstate();
  try {
    await run(estate);
  } finally {
    await estate.close();
  }
}

const codes = (estate: SignedEstate): string[] => estate.findings().map((each) => each.code);
const remedyOf = (estate: SignedEstate, code: string): string =>
  estate.findings().find((each) => each.code === code)?.remedy ?? '';

/** As `git revert` makes it: the files of before, on top. */
function revert({ tree, people }: SignedEstate, by: string | null): void {
  tree.git('revert', '--no-commit', 'HEAD');
  tree.commit({}, 'Revert what was refused', { by: by === null ? null : (people[by] ?? null) });
}

describe(
  'remedies of changes',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    const widened = {
      'inventory/teams/web.yaml': team('web', "'*.example.com', '*.payments.test'", ['ada']),
    };
    for (const [who, by] of [
      ['whoever made it', 'ada'],
      ['somebody who may change its files', 'pia'],
    ] as const)
      test(`a refused change ends with a git revert by ${who}`, () =>
        withEstate(async (estate) => {
          estate.tree.commit(widened, 'Take a name', { by: estate.people['ada'] ?? null });
          await estate.push();
          assert.deepEqual(codes(estate), ['change-refused']);
          assert.match(remedyOf(estate, 'change-refused'), /take it back: git revert -S [0-9a-f]{10}$/);
          revert(estate, by);
          await estate.push();
          assert.deepEqual(estate.held(), []);
          assert.deepEqual(codes(estate), []);
        }));

    test('a refused change ends when somebody who may vouches for it', () =>
      withEstate(async (estate) => {
        estate.tree.commit(widened, 'Take a name', { by: estate.people['ada'] ?? null });
        await estate.push();
        const plan =
          / --trailer "(Renewd-Approve: [0-9a-f]+)"/.exec(remedyOf(estate, 'change-refused'))?.[1] ?? '';
        estate.tree.commit({}, 'Vouch', { by: estate.people['pia'] ?? null, trailers: [plan] });
        await estate.push();
        assert.deepEqual(codes(estate), []);
        assert.deepEqual(estate.memory().desired?.teams.get('web')?.dnsNames, [
          '*.example.com',
          '*.payments.test',
        ]);
      }));

    test('a change that waits ends with a git revert, and with the approval that its finding names', () =>
      withEstate(async (estate) => {
        const wildcard = { 'inventory/certificates/web/star.yaml': certificate('star', '*.example.com') };
        const ask = async (): Promise<void> => {
          estate.tree.commit(wildcard, 'Ask', { by: estate.people['ada'] ?? null });
          await estate.push();
          assert.deepEqual(codes(estate), ['change-waiting']);
        };
        await ask();
        assert.match(remedyOf(estate, 'change-waiting'), /take it back: git revert -S [0-9a-f]{10}$/);
        revert(estate, 'ada');
        await estate.push();
        assert.deepEqual(codes(estate), []);
        await ask();
        const plan =
          / --trailer "(Renewd-Approve: [0-9a-f]+)"/.exec(remedyOf(estate, 'change-waiting'))?.[1] ?? '';
        estate.tree.commit({}, 'Approve', { by: estate.people['pia'] ?? null, trailers: [plan] });
        await estate.push();
        assert.deepEqual(codes(estate), []);
        assert.ok(estate.inForce('web/star'));
      }));
  },
);
