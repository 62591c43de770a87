/** A link, a submodule or a file in place of a folder, and taking it away: whoever does that makes a change of every declaration below, and is judged as its maker. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Person } from '../real/signed-repository.ts';
import { certificate, control, endpoint, openSignedEstate, type SignedEstate } from './signed-estate.ts';

const head = 'apiVersion: renewd/v1\n';
/** All below policies/ takes a second person of pki. */
const twoForPolicies = control.replace(
  '  reservedLabels',
  "    - { name: policy, paths: ['policies', 'policies/**'], count: 1, from: ['team:pki'] }\n  reservedLabels",
);
const policy = `${head}kind: Policy\nmetadata: { name: base }\nspec:\n  rules:\n    - { rule: lifetime-max, action: block, settings: { max: 47d } }\n`;

type Put = (estate: SignedEstate, path: string) => void;
const link: Put = ({ tree }, path) => {
  symlinkSync('nowhere', join(tree.directory, path));
};
/** What can stand in place of a folder. */
const obstacles: Readonly<Record<string, Put>> = {
  'a symbolic link': link,
  'a file without an ending': ({ tree }, path) => {
    writeFileSync(join(tree.directory, path), 'x');
  },
  'a submodule': ({ tree }, path) => {
    tree.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${path}`);
    mkdirSync(join(tree.directory, path));
  },
};

function personOf({ people }: SignedEstate, name: string): Person {
  const person = people[name];
  assert.ok(person !== undefined);
  return person;
}

/** One commit, pushed. */
async function push(
  estate: SignedEstate,
  message: string,
  by: string | null,
  trailers: readonly string[] = [],
): Promise<string> {
  const person = by === null ? null : personOf(estate, by);
  const commit = estate.tree.commit({}, message, { by: person, trailers });
  await estate.push();
  return commit;
}

/** Approves what is held of this commit. */
async function approve(estate: SignedEstate, commit: string, by: string): Promise<void> {
  const hash = estate.memory().held.get(commit)?.hash;
  assert.ok(hash !== undefined, 'it is held');
  await push(estate, 'Approve', by, [`Renewd-Approve: ${hash}`]);
}

function remove({ tree }: SignedEstate, path: string): void {
  rmSync(join(tree.directory, path), { recursive: true, force: true });
}

const policies = ({ memory }: SignedEstate): string[] =>
  (memory().desired?.policies ?? []).map((each) => each.name).filter((each) => each === 'base');

async function withEstate(
  files: Readonly<Record<string, string>>,
  work: (estate: SignedEstate) => Promise<void>,
): Promise<void> {
  const estate = await openSignedEstate(files);
  try {
    await work(estate);
  } finally {
    await estate.close();
  }
}

describe('what stands in place of a folder', () => {
  for (const [name, put] of Object.entries(obstacles))
    test(`${name}: one person alone takes away nothing that two must agree to, in however many steps`, () =>
      withEstate(
        { 'policies/change-control.yaml': twoForPolicies, 'policies/sub/base.yaml': policy },
        async (estate) => {
          remove(estate, 'policies/sub');
          await push(estate, 'Delete', 'pia');
          put(estate, 'policies/sub');
          const placed = await push(estate, 'Place', 'pia');
          if (estate.memory().held.has(placed)) await approve(estate, placed, 'pia');
          assert.deepEqual(policies(estate), ['base']);
          remove(estate, 'policies/sub');
          const taken = await push(estate, 'Take away', 'pia');
          await approve(estate, taken, 'pia');
          assert.deepEqual(policies(estate), ['base'], 'nobody approves what they made');
          assert.equal(estate.memory().held.get(taken)?.outcome, 'waiting');
          await approve(estate, taken, 'paul');
          assert.deepEqual(policies(estate), [], 'somebody else does');
        },
      ));

  test('it takes the rights of every file below it, and signing it is making the change', () =>
    withEstate(
      {
        'policies/change-control.yaml': control
          .replace('reservedLabels', 'reservedLabels: []\n  # ')
          .replace(
            '  approvals:',
            "    - { paths: ['inventory/certificates/*'], signers: ['ada@example.com'] }\n  approvals:",
          ),
        'inventory/endpoints/pay-01.yaml': endpoint('pay-01', 'payments'),
        'inventory/certificates/payments/pay.yaml': certificate('pay', 'pay.payments.test', {
          team: 'payments',
          endpoint: 'pay-01',
        }),
      },
      async (estate) => {
        // ada may change what stands at the path of the link, and not what stood below it.
        remove(estate, 'inventory/certificates/payments');
        link(estate, 'inventory/certificates/payments');
        const placed = await push(estate, 'Place', 'ada');
        const reasons = estate.memory().held.get(placed)?.reasons ?? [];
        assert.deepEqual(
          reasons.map((each) => `${each.code} ${each.source?.file ?? ''}`),
          ['path-not-permitted inventory/certificates/payments/pay.yaml'],
        );
        unlinkSync(join(estate.tree.directory, 'inventory/certificates/payments'));
        await push(estate, 'Take away', 'ada');
        assert.ok(estate.inForce('payments/pay'));
        // Her own are hers, by her signature alone.
        remove(estate, 'inventory/certificates/web');
        link(estate, 'inventory/certificates/web');
        await push(estate, 'Place', 'ada');
        assert.ok(estate.inForce('web/shop'), 'what was replaced keeps');
        assert.equal(estate.held().includes('Place: waiting'), false);
        unlinkSync(join(estate.tree.directory, 'inventory/certificates/web'));
        await push(estate, 'Take mine away', 'ada');
        assert.equal(estate.inForce('web/shop'), false, estate.held().join());
      },
    ));

  test('in a merge that nobody signed, its maker is not known and one approval is the maker’s', () =>
    withEstate(
      {
        'policies/change-control.yaml': twoForPolicies.replace(
          'signatures: required',
          'signatures: optional',
        ),
        'policies/sub/base.yaml': policy,
      },
      async (estate) => {
        const { tree } = estate;
        tree.git('checkout', '-q', '-b', 'side');
        remove(estate, 'policies/sub');
        link(estate, 'policies/sub');
        tree.commit({}, 'Place', { by: null });
        unlinkSync(join(tree.directory, 'policies/sub'));
        tree.commit({}, 'Take away', { by: null });
        tree.git('checkout', '-q', 'main');
        tree.git(
          '-c',
          'user.name=m',
          '-c',
          'user.email=m@example.com',
          'merge',
          '-q',
          '--no-ff',
          '--no-gpg-sign',
          '-m',
          'Merge',
          'side',
        );
        const merge = tree.git('rev-parse', 'HEAD');
        await estate.push();
        await approve(estate, merge, 'pia');
        assert.deepEqual(policies(estate), ['base']);
        await approve(estate, merge, 'paul');
        assert.deepEqual(policies(estate), []);
      },
    ));
});

describe('change control', () => {
  test('is not taken off along with anything else, by a link or at once, nor by the emergency key; unsigned commits never count', () =>
    withEstate(
      {
        'policies/change-control.yaml': `${control}  breakGlass: { signers: [paul@example.com], reviewWithin: 2d }\n`,
      },
      async (estate) => {
        const { tree, memory } = estate;
        const kept = (): void => {
          assert.equal(memory().desired?.changeControl?.name, 'main', estate.held().join());
        };
        remove(estate, 'policies');
        const gone = await push(estate, 'Delete', 'pia');
        kept();
        assert.deepEqual(
          memory()
            .held.get(gone)
            ?.reasons.map((each) => each.code),
          ['would-lock-out'],
        );
        link(estate, 'policies');
        await push(estate, 'Place', 'pia');
        kept();
        unlinkSync(join(tree.directory, 'policies'));
        const taken = await push(estate, 'Take away', 'pia');
        kept();
        await approve(estate, taken, 'paul');
        kept();
        await push(estate, 'Hurry', 'paul', ['Renewd-Break-Glass: now']);
        tree.commit({ 'policies/change-control.yaml': control }, 'Back', { by: personOf(estate, 'pia') });
        tree.commit({ 'policies/change-control.yaml': null }, 'Hurry', {
          by: personOf(estate, 'paul'),
          trailers: ['Renewd-Break-Glass: now'],
        });
        await estate.push();
        tree.commit(
          { 'inventory/certificates/web/evil.yaml': certificate('evil', 'evil.example.com') },
          'Evil',
          {
            by: null,
          },
        );
        await estate.push();
        assert.equal(estate.inForce('web/evil'), false);
      },
    ));

  test('is taken off by deleting its file and nothing else, by who may change that file and with its approvals', () =>
    withEstate({ 'policies/change-control.yaml': twoForPolicies }, async (estate) => {
      const { tree, memory } = estate;
      tree.commit({ 'policies/change-control.yaml': null }, 'Off', { by: personOf(estate, 'pia') });
      await estate.push();
      const off = tree.git('rev-parse', 'HEAD');
      assert.equal(memory().held.get(off)?.outcome, 'waiting');
      await approve(estate, off, 'pia');
      assert.notEqual(memory().desired?.changeControl, null);
      await approve(estate, off, 'paul');
      assert.equal(memory().desired?.changeControl, null);
    }));
});
