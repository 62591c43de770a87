/** What waits is judged by the lists in force when it would take effect, and a reserved label is not taken away in two steps. Real git and OpenSSH signatures. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { allowedSigners } from '../real/signed-repository.ts';
import { certificate, endpoint, openSignedEstate, type SignedEstate } from './signed-estate.ts';

const wildFile = 'inventory/certificates/web/wild.yaml';
const prodFile = 'inventory/certificates/web/prod.yaml';
const revokedFile = 'policies/revoked_keys';
const endpointFile = 'inventory/endpoints/web/web-02.yaml';

describe(
  'a change that waits',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'ssh-keygen is not installed' },
  () => {
    let estate: SignedEstate;
    beforeEach(async () => {
      estate = await openSignedEstate({
        [prodFile]: certificate('prod', 'prod.example.com', { labels: 'env: prod' }),
      });
    });
    afterEach(async () => {
      await estate.close();
    });
    const push = async (
      by: string,
      files: Readonly<Record<string, string | null>>,
      trailers: readonly string[] = [],
    ): Promise<string> => {
      const commit = estate.tree.commit(files, `By ${by}`, { by: estate.people[by] ?? null, trailers });
      await estate.push();
      return commit;
    };
    const ask = (by = 'ada'): Promise<string> =>
      push(by, { [wildFile]: certificate('wild', '*.shop.example.com') });
    const hash = (): string => [...estate.memory().held.values()][0]?.hash ?? '';
    const reasons = (): string[] =>
      [...estate.memory().held.values()].flatMap((each) => each.reasons.map(({ code }) => code));
    const approve = (by: string): Promise<string> => push(by, {}, [`Renewd-Approve: ${hash()}`]);
    const revoke = (...names: string[]): Promise<string> =>
      push('paul', {
        [revokedFile]: `# taken back\n${names.map((each) => `${estate.people[each]?.publicKey ?? ''}\n`).join('')}`,
      });

    test('is refused once its key was revoked, whoever approves it, also over a restart, and waits again once it is given back', async () => {
      await ask();
      assert.deepEqual(reasons(), ['approval-missing']);
      await revoke('ada');
      assert.deepEqual(reasons(), ['signer-revoked', 'path-not-permitted']);
      assert.match(
        estate
          .findings()
          .map((each) => each.message)
          .join('\n'),
        /is signed with a key that was revoked/,
      );
      await approve('pia');
      assert.equal(estate.inForce('web/wild'), false);
      await estate.restart();
      await approve('pia');
      assert.equal(estate.inForce('web/wild'), false);
      await revoke();
      assert.deepEqual(reasons(), ['approval-missing']);
      await approve('pia');
      assert.equal(estate.inForce('web/wild'), true);
    });
    test('is refused once its key is no longer listed; a key whose time ended since signed in time', async () => {
      await ask();
      const { ada, pia, paul, priya } = estate.people;
      assert.ok(ada !== undefined && pia !== undefined && paul !== undefined && priya !== undefined);
      const others = allowedSigners([pia, paul, priya]);
      await push('pia', { 'policies/allowed_signers': others });
      assert.deepEqual(reasons(), ['signer-unknown', 'path-not-permitted']);
      const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
      const ending = `${ada.principal} valid-before="${day}Z" ${ada.publicKey}\n`;
      await push('pia', { 'policies/allowed_signers': others + ending });
      assert.deepEqual(reasons(), ['approval-missing']);
      estate.later(3 * 86_400_000);
      await estate.restart();
      await push('pia', {
        'inventory/certificates/web/shop.yaml': `${certificate('shop', 'shop.example.com')}# later\n`,
      });
      assert.deepEqual(reasons(), ['approval-missing']);
    });
    test('does not count an approval whose key was revoked since', async () => {
      await push('pia', {
        'policies/change-control.yaml': `${estate.tree.git('show', 'HEAD:policies/change-control.yaml').replace('count: 1', 'count: 2')}\n`,
      });
      await push('pia', {
        'inventory/teams/pki.yaml': `${estate.tree.git('show', 'HEAD:inventory/teams/pki.yaml').replace('paul@', 'priya@example.com, paul@')}\n`,
      });
      await ask();
      await approve('pia');
      assert.deepEqual(reasons(), ['approval-missing']);
      await revoke('pia');
      await approve('priya');
      assert.equal(estate.inForce('web/wild'), false);
      assert.deepEqual(reasons(), ['approval-missing']);
      await approve('paul');
      assert.equal(estate.inForce('web/wild'), true);
    });
    test('keeps the approval of who changes something else in the commit of it', async () => {
      await ask();
      await push(
        'pia',
        { 'policies/store.yaml': `${estate.tree.git('show', 'HEAD:policies/store.yaml')}\n# more\n` },
        [`Renewd-Approve: ${hash()}`],
      );
      assert.equal(estate.inForce('web/wild'), true);
    });
    test('a reserved label does not go in two steps: with its file, by another name, or while its server is away', async () => {
      const without = certificate('prod', 'prod.example.com');
      const still = (): unknown => estate.memory().desired?.certificates.get('web/prod')?.labels['env'];
      await push('ada', { [prodFile]: null });
      assert.deepEqual(reasons(), ['label-reserved']);
      await push('ada', { [prodFile]: without });
      assert.deepEqual(reasons(), ['label-reserved']);
      await push('ada', {
        [prodFile]: null,
        'inventory/certificates/web/prod2.yaml': certificate('prod2', 'prod.example.com'),
      });
      assert.deepEqual(reasons(), ['label-reserved']);
      assert.equal(still(), 'prod');
      await push('ada', {
        [prodFile]: certificate('prod', 'prod.example.com', { labels: 'env: prod' }),
        'inventory/certificates/web/prod2.yaml': null,
      });
      assert.deepEqual(reasons(), []);
      await push('ada', { [endpointFile]: endpoint('web-02', 'web') });
      await push('pia', {
        [prodFile]: certificate('prod', 'prod.example.com', { labels: 'env: prod', endpoint: 'web-02' }),
      });
      await push('ada', { [endpointFile]: null });
      await push('ada', { [prodFile]: certificate('prod', 'prod.example.com', { endpoint: 'web-02' }) });
      assert.deepEqual(reasons(), ['label-reserved']);
      await push('ada', { [endpointFile]: endpoint('web-02', 'web') });
      assert.equal(still(), 'prod');
      await push('pia', { [prodFile]: null });
      assert.equal(estate.memory().desired?.certificates.has('web/prod'), false);
    });
  },
);
