/** What renewd refuses: a changed host key, a rewritten history, a broken document that would take others with it. Real git, sshd and nginx. */
import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { RepositoryFindings } from '../../daemon/core/record-format.ts';
import { startSshd } from '../fixtures/sshd.ts';
import {
  declarations,
  missingServers,
  recordOf,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';

const day = 86_400_000;

describe('refusals', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  let clockOffsetMs = 0;
  const served = (): Promise<string> => servedFingerprint(estate.nginx.port, 'shop.example.com');
  const repositoryCodes = async (): Promise<string[]> =>
    (JSON.parse(await stateFile(estate, 'findings/repository.json')) as RepositoryFindings).findings.map(
      (finding) => finding.code,
    );

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
    await turn(house);
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('a broken document is a finding with its line; the certificate it declared goes on being renewed', async () => {
    await estate.commit({
      'inventory/certificates/web/shop.yaml':
        'apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: shop, team: web\n',
      'inventory/certificates/web/other.yaml':
        declarations(estate)['inventory/certificates/web/shop.yaml']?.replaceAll('shop', 'other') ?? '',
    });
    clockOffsetMs += 85 * day;
    const report = await turn(house);
    const renewed = report.outcomes.find((outcome) => outcome.action.certificate === 'web/shop');
    assert.equal(renewed?.state, 'done', JSON.stringify(report.outcomes));
    assert.ok((await repositoryCodes()).includes('document-invalid'));
    const findings = await stateFile(estate, 'findings/repository.json');
    assert.match(findings, /"at": "inventory\/certificates\/web\/shop\.yaml:\d+:\d+"/);
    await estate.commit({
      'inventory/certificates/web/shop.yaml':
        declarations(estate)['inventory/certificates/web/shop.yaml'] ?? '',
      'inventory/certificates/web/other.yaml': null,
    });
    await turn(house);
    assert.deepEqual(await repositoryCodes(), []);
  });

  test('policy stops a request before it starts and names rule, file and line', async () => {
    await estate.commit({
      'policies/baseline.yaml':
        'apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: baseline }\nspec:\n  description: Who may ask for what\n  rules:\n    - rule: allowed-names\n      action: block\n',
      'policies/store.yaml':
        "apiVersion: renewd/v1\nkind: Profile\nmetadata: { name: store }\nspec:\n  description: Files alone\n  files:\n    - { name: fullchain.pem, content: fullchain, mode: '0644' }\n    - { name: privkey.pem, content: key, mode: '0600' }\n",
      'inventory/certificates/web/bank.yaml': (
        declarations(estate)['inventory/certificates/web/shop.yaml'] ?? ''
      )
        .replaceAll('shop.example.com', 'bank.example.org')
        .replace('name: shop', 'name: bank')
        // Files of its own: one path on a machine has one owner.
        .replace('profile: test-nginx', 'profile: store')
        .replace(/ +serves:.*\n/, ''),
    });
    const report = await turn(house);
    assert.deepEqual(report.outcomes, []);
    const record = await recordOf(estate, 'web/bank');
    assert.equal(record.status, 'blocked');
    const finding = record.findings.find((each) => each.code === 'policy-blocked');
    assert.equal(finding?.rule?.id, 'allowed-names');
    assert.equal(finding?.rule?.at, 'policies/baseline.yaml:7:7');
    await estate.commit({
      'inventory/certificates/web/bank.yaml': null,
      'policies/baseline.yaml': null,
      'policies/store.yaml': null,
    });
    await turn(house);
  });

  test('a force-push of main freezes changes, alerts, and keeps renewing', async () => {
    const before = await served();
    await estate.git('checkout', '-q', '--orphan', 'rewritten');
    const evil =
      declarations(estate)['inventory/certificates/web/shop.yaml']?.replace(
        'shop.example.com]',
        'evil.example.com]',
      ) ?? '';
    await estate.git('commit', '-q', '-m', 'Rewrite everything');
    await estate.git('branch', '-M', 'rewritten', 'main');
    await estate.git('push', '-q', '--force', 'origin', 'main');
    await estate.commit({ 'inventory/certificates/web/shop.yaml': evil }, 'Slip a change in');
    const frozen = await turn(house);
    assert.deepEqual(
      frozen.outcomes.map((outcome) => outcome.failure),
      [],
    );
    assert.ok((await repositoryCodes()).includes('history-rewritten'));
    assert.equal(await served(), before);

    clockOffsetMs += 85 * day;
    const renewed = await turn(house);
    assert.equal(renewed.outcomes[0]?.state, 'done', JSON.stringify(renewed));
    assert.notEqual(await served(), before);
    assert.deepEqual((await recordOf(estate, 'web/shop')).installations[0]?.issued?.dnsNames, [
      'shop.example.com',
    ]);
  });

  test('a restart while history is rewritten changes nothing about that', async () => {
    await house.close();
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
    const report = await turn(house);
    assert.deepEqual(report.outcomes, []);
    assert.ok((await repositoryCodes()).includes('history-rewritten'));
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });

  test('the accepted history put back thaws', async () => {
    const accepted = house.memory.accepted ?? '';
    await estate.git('push', '-q', '--force', 'origin', `${accepted}:refs/heads/main`);
    await estate.git('reset', '-q', '--hard', accepted);
    await turn(house);
    assert.deepEqual(await repositoryCodes(), []);
  });

  test('a changed host key is refused before anything is sent, and the finding shows both fingerprints', async () => {
    const other = await startSshd();
    try {
      const endpoint = declarations(estate)['inventory/endpoints/web-01.yaml'] ?? '';
      await estate.commit({
        'inventory/endpoints/web-01.yaml': endpoint.replace(
          `port: ${String(estate.sshd.port)}`,
          `port: ${String(other.port)}`,
        ),
      });
      await turn(house);
      const record = await recordOf(estate, 'web/shop');
      assert.equal(record.status, 'failing');
      const finding = record.findings.find((each) => each.code === 'host-key-changed');
      assert.ok(finding?.message.includes(other.hostKeyFingerprint), finding?.message);
      assert.doesNotMatch(other.log(), /Accepted|publickey/);
    } finally {
      await other.stop();
    }
  });

  test('a new history is accepted on purpose, as the finding says: a new journal, with custody and issuers where they are', async () => {
    const [before, root] = [await served(), await stateFile(estate, 'issuers/internal-ca/root.pem')];
    await estate.git('checkout', '-q', '--orphan', 'moved');
    await estate.git('commit', '-q', '-m', 'Begin a new history');
    await estate.git('branch', '-M', 'moved', 'main');
    await estate.git('push', '-q', '--force', 'origin', 'main');
    await estate.commit(declarations(estate), 'Declare as before');
    await turn(house);
    assert.ok((await repositoryCodes()).includes('history-rewritten'));
    const { remedy } =
      house.memory.repositoryRecord?.findings.find((each) => each.code === 'history-rewritten') ?? {};
    assert.match(
      remedy ?? '',
      /name its newest commit in trust\.commit .*move journal\.db\*? .*leave custody\/ and issuers\//,
    );
    await house.close();
    const data = join(estate.root, 'data');
    for (const name of readdirSync(data).filter((each) => each.startsWith('journal.db')))
      renameSync(join(data, name), join(estate.root, name));
    // A new journal alone takes nothing on trust in the place of what the records name.
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
    const { troubles } = await turn(house);
    assert.match(troubles.map((each) => each.message).join(), /was rewritten.*trust\.commit/);
    assert.equal(house.memory.accepted, null);
    await house.close();
    const trust = { commit: (await estate.git('rev-parse', 'HEAD')).trim() };
    house = await estate.openHouse({ config: { trust }, clockOffsetMs: () => clockOffsetMs });
    for (let turns = 0; turns < 3; turns++) await turn(house);
    assert.deepEqual(
      (await repositoryCodes()).filter((code) => code.startsWith('history')),
      [],
    );
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
    assert.equal(await served(), before);
    assert.equal(await stateFile(estate, 'issuers/internal-ca/root.pem'), root);
  });
});
