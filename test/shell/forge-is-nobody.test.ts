/** What a forge signs for people in a browser is written by nobody known: it approves nothing, and whoever approves it may have made it. Real git, real signatures. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { certificate, control, openSignedEstate, type SignedEstate } from './signed-estate.ts';
import type { Person } from '../real/signed-repository.ts';

const withForge = control
  .replace('  signatures: required\n', '  signatures: required\n  forges: [hub@example.com]\n')
  .replace("signers: [owner, 'team:pki'] }", "signers: [owner, 'team:pki', forge] }")
  .replace(
    '  reservedLabels',
    "    - { name: four-eyes, paths: ['policies/**'], count: 1, from: ['team:pki'] }\n  reservedLabels",
  );

const policy = (name: string): string =>
  `apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec:\n  description: x\n  selector: { teams: [web] }\n  rules:\n    - { rule: allowed-names, action: 'off' }\n`;

describe('a commit that a forge signed', () => {
  let estate: SignedEstate;
  let pia: Person, paul: Person, hub: Person;
  let number = 0;
  let name = '';
  before(async () => {
    estate = await openSignedEstate({ 'policies/change-control.yaml': withForge }, ['hub']);
    [pia, paul, hub] = ['pia', 'paul', 'hub'].map((each) => estate.people[each]) as [Person, Person, Person];
  });
  beforeEach(() => {
    name = `own${String(number++)}`;
  });
  after(async () => {
    await estate.close();
  });
  const file = (): Record<string, string> => ({ [`policies/${name}.yaml`]: policy(name) });
  const held = () => [...estate.memory().held.values()].at(-1);
  const inForce = (): boolean => (estate.memory().desired?.policies ?? []).some((each) => each.name === name);
  const approve = async (by: Person): Promise<void> => {
    const trailers = [`Renewd-Approve: ${held()?.hash ?? ''}`];
    estate.tree.commit({}, `Approve ${name}`, { by, trailers });
    await estate.push();
  };

  test('in a browser lets nobody be the second person of their own work', async () => {
    estate.tree.commit(file(), 'Edit in the browser', { by: hub, as: 'pia' });
    await estate.push();
    assert.equal(held()?.outcome, 'refused');
    await approve(pia);
    assert.equal(inForce(), false);
    assert.match(
      held()?.reasons[0]?.message ?? '',
      /nobody signed policies\/own\d+\.yaml, so pia@example\.com counts as its maker/,
    );
    await approve(paul);
    assert.equal(inForce(), true);
  });

  test('as a squash of a signed pull request lets its author be no second person', async () => {
    const { git } = estate.tree;
    git('checkout', '-q', '-b', name);
    estate.tree.commit(file(), 'pia asks', { by: pia });
    git('checkout', '-q', 'main');
    git('merge', '-q', '--squash', name);
    estate.tree.commit({}, 'pia asks (#1)', { by: hub });
    await estate.push();
    await approve(pia);
    assert.equal(inForce(), false);
    await approve(paul);
    assert.equal(inForce(), true);
  });

  test('in a browser drops nobody’s request, also where the rule lets the forge in', async () => {
    const path = 'inventory/certificates/web/wild.yaml';
    const ask = (host: string) => ({ [path]: certificate('wild', `*.${host}`) });
    estate.tree.commit(ask('wild.example.com'), 'ada asks', { by: estate.people['ada'] ?? null });
    await estate.push();
    const asked = held();
    assert.equal(asked?.outcome, 'waiting');
    estate.tree.commit(ask('other.example.com'), 'Edit in the browser', { by: hub, as: 'mallory' });
    await estate.push();
    estate.tree.commit({}, 'Approve', { by: pia, trailers: [`Renewd-Approve: ${asked.hash}`] });
    await estate.push();
    const wild = estate.memory().desired?.certificates.get('web/wild');
    assert.deepEqual(wild?.dnsNames, ['*.wild.example.com']);
  });
});
