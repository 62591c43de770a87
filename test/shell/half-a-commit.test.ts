/** What somebody signed comes in as a whole: whoever merges a part of it makes that part, and needs the right to. Real git, real signatures. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Person } from '../real/signed-repository.ts';
import {
  certificate,
  control,
  endpoint,
  openSignedEstate,
  team,
  type SignedEstate,
} from './signed-estate.ts';

const policy = (name: string): string =>
  `apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec:\n  description: no wildcards\n  rules:\n    - { rule: wildcard-names, action: block, settings: { max: 0 } }\n`;

const asks = control.replace(
  '  reservedLabels',
  "    - { name: four-eyes, paths: ['policies/four/**'], count: 1, from: ['team:pki'] }\n  reservedLabels",
);
const withEmergency = `${asks}  breakGlass: { signers: [oncall@example.com], reviewWithin: 2d }\n`;

describe('half of what somebody signed', () => {
  let estate: SignedEstate;
  let ada: Person, pia: Person, paul: Person, oncall: Person;
  let number = 0;
  let name = '';
  let start = '';
  before(async () => {
    const files = {
      'policies/change-control.yaml': withEmergency,
      'policies/base.yaml': policy('base'),
      'policies/four/base.yaml': policy('four-base'),
      'inventory/endpoints/pay-01.yaml': endpoint('pay-01', 'payments'),
    };
    estate = await openSignedEstate(files, ['oncall']);
    start = estate.tree.git('rev-parse', 'HEAD');
    [ada, pia, paul, oncall] = ['ada', 'pia', 'paul', 'oncall'].map((each) => estate.people[each]) as [
      Person,
      Person,
      Person,
      Person,
    ];
  });
  beforeEach(() => {
    name = `n${String(number++)}`;
  });
  after(async () => {
    await estate.close();
  });

  const as = (by: Person): string[] => [
    ...['-c', 'gpg.format=ssh', '-c', `user.signingkey=${by.keyFile}`, '-c', 'commit.gpgsign=true'],
    ...['-c', 'user.name=m', '-c', 'user.email=m@example.com'],
  ];
  const onBranch = (
    files: Readonly<Record<string, string | null>>,
    by: Person,
    trailers: readonly string[] = [],
  ): void => {
    estate.tree.git('checkout', '-q', '-b', name);
    estate.tree.commit(files, `${name} of the branch`, { by, trailers });
  };
  /** Merges the branch without these files, beside work of ada's. */
  const mergeWithout = async (leftOut: readonly string[], by: Person): Promise<void> => {
    const { git } = estate.tree;
    git('checkout', '-q', 'main');
    estate.tree.commit(
      { [`inventory/certificates/web/${name}.yaml`]: certificate(name, `${name}.example.com`) },
      name,
      { by: ada },
    );
    git(...as(by), 'merge', '-q', '--no-commit', '--no-ff', name);
    for (const each of leftOut) rmSync(join(estate.tree.directory, each));
    git('add', '-A');
    git(...as(by), 'commit', '-q', '-S', '-m', `merge ${name}`);
    await estate.push();
  };
  const policies = (): string[] => (estate.memory().desired?.policies ?? []).map((each) => each.name);
  /** What paul signed together is in force together. */
  const assertWhole = (): void => {
    assert.deepEqual([policies().includes('base'), policies().includes(name)], [false, true]);
  };
  const last = () => [...estate.memory().held.values()].find((each) => each.tip.subject.includes(name));
  /** Everything but certificates as in the beginning, whatever became of a test. */
  const goBack = async (): Promise<void> => {
    const { git } = estate.tree;
    git('checkout', '-q', '-f', 'main');
    git('rm', '-q', '-r', 'policies', 'inventory/endpoints', 'inventory/teams');
    git('checkout', '-q', start, '--', 'policies', 'inventory/endpoints', 'inventory/teams');
    estate.tree.commit({}, `Revert ${name}`, { by: pia });
    await estate.push();
  };
  afterEach(goBack);

  test('by a merge of somebody who may not change the files: neither the deletion nor the omission is theirs to decide', async () => {
    onBranch({ 'policies/base.yaml': null, [`policies/${name}.yaml`]: policy(name) }, paul);
    await mergeWithout([`policies/${name}.yaml`], ada);
    assertWhole();
    const said =
      last()
        ?.reasons.map((each) => each.message)
        .join('\n') ?? '';
    assert.match(
      said,
      /policies\/n\d+\.yaml was changed by ada@example\.com; paul@example\.com, pia@example\.com may change it/,
    );
  });

  test('as an endpoint that moves: the deletion alone frees no name', async () => {
    const moved = 'inventory/endpoints/payments/pay-01.yaml';
    onBranch({ 'inventory/endpoints/pay-01.yaml': null, [moved]: endpoint('pay-01', 'payments') }, pia);
    await mergeWithout([moved], ada);
    assert.ok(estate.memory().desired?.endpoints.has('pay-01'));
  });

  test('by a commit on top of it, on the branch that is merged', async () => {
    onBranch({ 'policies/base.yaml': null, [`policies/${name}.yaml`]: policy(name) }, paul);
    estate.tree.commit({ [`policies/${name}.yaml`]: null }, 'Take half back', { by: ada });
    await mergeWithout([], ada);
    assertWhole();
  });

  test('of an emergency is none: it counts as a whole, whoever leaves out the rest', async () => {
    for (const by of [ada, pia]) {
      name = `n${String(number++)}`;
      const web = team('web', "'*.example.com', '*.payments.test'", ['ada']);
      const trailers = ['Renewd-Break-Glass: outage'];
      onBranch(
        {
          'inventory/teams/web.yaml': web,
          [`policies/four/${name}.yaml`]: policy(name),
          'policies/four/base.yaml': `${policy('four-base')}# ${name}\n`,
        },
        oncall,
        trailers,
      );
      await mergeWithout([`policies/four/${name}.yaml`], by);
      // Without the right to change it nobody leaves out a part: it counts as its holder signed it, with its debt. Else both are one change, which is none.
      const isWhole = by === ada;
      const names = estate.memory().desired?.teams.get('web')?.dnsNames;
      if (isWhole) assert.deepEqual(names, ['*.example.com', '*.payments.test']);
      assert.equal(policies().includes(name), isWhole);
      assert.equal(estate.memory().openReviews.size, 1);
      await goBack();
    }
  });

  test('is made by who left out the rest, also where they may: they do not approve it as the second', async () => {
    onBranch({ 'policies/four/base.yaml': null, [`policies/${name}.yaml`]: policy(name) }, paul);
    await mergeWithout([`policies/${name}.yaml`], pia);
    const approve = (by: Person): Promise<void> => {
      estate.tree.commit({}, 'Approve', { by, trailers: [`Renewd-Approve: ${last()?.hash ?? ''}`] });
      return estate.push();
    };
    await approve(pia);
    assert.ok(policies().includes('four-base'));
  });

  test('comes in where somebody who may leaves out the rest, or whoever signed the whole', async () => {
    for (const by of [pia, paul]) {
      name = `n${String(number++)}`;
      onBranch(
        { [`policies/${name}a.yaml`]: policy(`${name}a`), [`policies/${name}b.yaml`]: policy(`${name}b`) },
        paul,
      );
      await mergeWithout([`policies/${name}b.yaml`], by);
      assert.ok(policies().includes(`${name}a`), by.principal);
      assert.equal(last(), undefined);
    }
  });

  test('that somebody leaves out of their own work, on files of their own, asks nobody else', async () => {
    const path = (each: string): string => `inventory/certificates/web/${name}${each}.yaml`;
    onBranch(
      {
        [path('a')]: certificate(`${name}a`, 'a.example.com'),
        [path('b')]: certificate(`${name}b`, 'b.example.com'),
      },
      ada,
    );
    await mergeWithout([path('b')], ada);
    assert.ok(estate.inForce(`web/${name}a`));
  });
});
