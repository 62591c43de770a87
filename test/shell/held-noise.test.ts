/** What others push beside a request that waits: noise that names no approval of it, floods of requests, approvals that do more than approve. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { limits } from '../../daemon/limits.ts';
import {
  certificate,
  control,
  endpoint,
  openSignedEstate,
  team,
  type SignedEstate,
} from './signed-estate.ts';

const zeros = `Renewd-Approve: ${'0'.repeat(64)}`;
const wildFile = 'inventory/certificates/web/wild.yaml';
const wild = certificate('wild', '*.shop.example.com');

function onlyHash(estate: SignedEstate): string {
  return [...estate.memory().held.values()].map((each) => each.hash).join(' ');
}

async function withEstate(
  run: (estate: SignedEstate) => Promise<void>,
  ...how: Parameters<typeof openSignedEstate>
): Promise<void> {
  const estate = await openSignedEstate(...how);
  try {
    await run(estate);
  } finally {
    await estate.close();
  }
}

describe(
  'beside a request that waits',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    test('unsigned commits that say they approve something neither refuse it nor are kept with it, and its approval counts', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        tree.commit({ [wildFile]: wild }, 'Ask', { by: people['ada'] ?? null });
        await estate.push();
        const hash = onlyHash(estate);
        const [asked] = estate.memory().held.values();
        estate.noise(40, zeros);
        estate.noise(10, `Renewd-Approve: ${hash}`);
        await estate.push();
        assert.deepEqual(estate.held(), ['Ask: waiting']);
        // The very same: it was not so much as judged again.
        assert.equal([...estate.memory().held.values()][0], asked);
        assert.equal(estate.findings().length, 1);
        await estate.restart();
        tree.commit({}, 'Approve', { by: people['pia'] ?? null, trailers: [`Renewd-Approve: ${hash}`] });
        await estate.push();
        assert.deepEqual(estate.held(), []);
        assert.equal(estate.inForce('web/wild'), true);
      }));

    test('who approves in a commit that changes something else approves, and is no maker of the request', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        tree.commit({ [wildFile]: wild }, 'Ask', { by: people['ada'] ?? null });
        await estate.push();
        tree.commit(
          { 'inventory/certificates/web/docs.yaml': certificate('docs', 'docs.example.com') },
          'Docs',
          {
            by: people['pia'] ?? null,
            trailers: [`Renewd-Approve: ${onlyHash(estate)}`],
          },
        );
        await estate.push();
        assert.deepEqual([estate.inForce('web/docs'), estate.inForce('web/wild')], [true, true]);
      }));

    test('five signers of one team who fill every place push out none of another team', () => {
      const flood = ['m1', 'm2', 'm3', 'm4', 'm5'];
      return withEstate(
        async (estate) => {
          const { tree, people } = estate;
          for (const name of flood) {
            for (let each = 0; each < limits.governance.heldPerSignerMax; each++) {
              const id = `${name}-${String(each)}`;
              tree.commit(
                {
                  [`inventory/certificates/evil/${id}.yaml`]: certificate(id, `*.${id}.evil.example.com`, {
                    team: 'evil',
                  }),
                },
                id,
                { by: people[name] ?? null },
              );
            }
          }
          await estate.push();
          assert.equal(estate.memory().held.size, limits.governance.heldMax);
          tree.commit({ [wildFile]: wild }, 'Ask', { by: people['ada'] ?? null });
          await estate.push();
          assert.ok(estate.held().includes('Ask: waiting'));
          assert.equal(estate.memory().held.size, limits.governance.heldMax);
        },
        { 'inventory/teams/evil.yaml': team('evil', "'*.evil.example.com'", flood) },
        flood,
      );
    });

    test('a turn ends after so many held changes were judged again, and the next goes on there', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        const requests = 30;
        for (let each = 0; each < requests; each++) {
          const id = `w${String(each)}`;
          tree.commit(
            { [`inventory/certificates/web/${id}.yaml`]: certificate(id, `*.${id}.example.com`) },
            id,
            {
              by: people['ada'] ?? null,
            },
          );
        }
        const taken = Math.ceil(limits.governance.judgedAgainPerTurnMax / requests) + 2;
        for (let each = 0; each < taken; each++) {
          const id = `p${String(each)}`;
          tree.commit(
            { [`inventory/certificates/web/${id}.yaml`]: certificate(id, `${id}.example.com`) },
            id,
            {
              by: people['ada'] ?? null,
            },
          );
        }
        await estate.push();
        assert.equal(estate.inForce('web/p0'), true);
        assert.equal(estate.inForce(`web/p${String(taken - 1)}`), false);
        assert.notEqual(estate.memory().accepted, tree.git('rev-parse', 'HEAD'));
        await estate.turn();
        assert.equal(estate.inForce(`web/p${String(taken - 1)}`), true);
        assert.equal(estate.memory().accepted, tree.git('rev-parse', 'HEAD'));
        assert.equal(estate.memory().held.size, requests);
      }));

    test('approvals of a request that arrives late count from when they were signed, and are asked for again', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        const { git } = tree;
        const late = 15 * 86_400_000;
        git('checkout', '-q', '-b', 'request');
        tree.commit({ [wildFile]: wild }, 'Ask', { by: people['ada'] ?? null });
        git('push', '-q', 'origin', 'HEAD:main');
        await estate.turn();
        const hash = onlyHash(estate);
        // The same request on a branch nobody merges, agreed to there.
        tree.commit({ [wildFile]: null }, 'Not yet', { by: people['ada'] ?? null });
        await estate.push();
        assert.deepEqual(estate.held(), []);
        git('checkout', '-q', 'request~1');
        git('checkout', '-q', '-b', 'agreed');
        const trailers = [`Renewd-Approve: ${hash}`];
        tree.commit({}, 'Approve', { by: people['pia'] ?? null, trailers });
        estate.later(late);
        const main = git('rev-parse', 'request');
        git('checkout', '-q', '-B', 'main', main);
        const by = people['ada'] ?? null;
        const signed = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${by?.keyFile ?? ''}`];
        git(...signed, 'merge', '-q', '-S', '--no-ff', '-s', 'ours', '--no-commit', 'agreed');
        tree.commit({ [wildFile]: wild }, 'Merge', { by, at: Date.now() + late });
        await estate.push();
        assert.deepEqual(estate.held(), ['Merge: waiting']);
        assert.equal(onlyHash(estate), hash);
        assert.match(
          estate.findings()[0]?.message ?? '',
          /what pia@example\.com signed at .* counts from then/,
        );
        tree.commit({}, 'Approve', { by: people['pia'] ?? null, trailers, at: Date.now() + late });
        await estate.push();
        assert.deepEqual([estate.held(), estate.inForce('web/wild')], [[], true]);
      }));

    test('an approval is of the server as it was: with another user there it is asked for again', () =>
      withEstate(async (estate) => {
        const { tree, people } = estate;
        const [pia, paul] = [people['pia'] ?? null, people['paul'] ?? null];
        tree.commit({ [wildFile]: wild }, 'Ask', { by: people['ada'] ?? null });
        await estate.push();
        const trailers = [`Renewd-Approve: ${onlyHash(estate)}`];
        const server = endpoint('web-01', 'web').replace('user: root', 'user: other');
        tree.commit({ 'inventory/endpoints/web-01.yaml': server }, 'Another user', { by: pia });
        tree.commit({}, 'Approve', { by: paul, trailers });
        await estate.push();
        assert.deepEqual(estate.held(), ['Ask: waiting']);
        assert.notEqual(`Renewd-Approve: ${onlyHash(estate)}`, trailers[0]);
        tree.commit({}, 'Approve', { by: paul, trailers: [`Renewd-Approve: ${onlyHash(estate)}`] });
        await estate.push();
        assert.deepEqual([estate.held(), estate.inForce('web/wild')], [[], true]);
      }));

    test('a change that waited and widens its own policy takes effect in two steps once it is approved', () => {
      const baseline = (algorithms: string): Record<string, string> => ({
        'policies/baseline.yaml': `apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [${algorithms}] } }\n`,
      });
      const asked = "    - { name: policies, paths: ['policies/**'], count: 1, from: ['team:pki'] }\n";
      return withEstate(
        async (estate) => {
          const { tree, people } = estate;
          const paul = people['paul'] ?? null;
          const file = 'inventory/certificates/web/new.yaml';
          tree.commit(
            { ...baseline('ecdsa-p256, rsa-2048'), [file]: certificate('new', 'new.example.com') },
            'Widen',
            { by: people['pia'] ?? null },
          );
          await estate.push();
          assert.deepEqual(estate.held(), ['Widen: waiting']);
          tree.commit({}, 'Approve', { by: paul, trailers: [`Renewd-Approve: ${onlyHash(estate)}`] });
          await estate.push();
          const policy = estate.memory().desired?.policies.find((each) => each.name === 'baseline');
          assert.deepEqual(policy?.rules[0]?.settings, { algorithms: ['ecdsa-p256', 'rsa-2048'] });
          assert.deepEqual([estate.held(), estate.inForce('web/new')], [['Widen: waiting'], false]);
          assert.deepEqual(
            estate.findings().map((each) => each.observed),
            ['policy-widened'],
          );
          await estate.restart();
          tree.commit({}, 'Go on', { by: paul });
          await estate.push();
          assert.deepEqual([estate.held(), estate.inForce('web/new')], [[], true]);
        },
        {
          ...baseline('rsa-2048'),
          'policies/change-control.yaml': control.replace('  reservedLabels', `${asked}  reservedLabels`),
        },
      );
    });
  },
);
