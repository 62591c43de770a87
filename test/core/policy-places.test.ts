/** A folder below policies/ that is given into other hands hands over what its name says and nothing else: every kind that decides, in every folder, by every path. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewCommit } from '../../daemon/core/change.ts';
import { buildDesired } from '../../daemon/core/desired.ts';
import type { Desired } from '../../daemon/core/model.ts';
import { policyPlaces } from '../../daemon/core/policy-places.ts';
import { allKinds } from '../../daemon/documents/kinds/index.ts';
import { documentReader } from '../../daemon/reader.ts';
import { judgeOnTop } from '../../daemon/shell/judge-change.ts';

const head = 'apiVersion: renewd/v1\n';
const control = (paths = '', approvals = ''): string => `${head}kind: ChangeControl
metadata: { name: main }
spec:
  signatures: required
  paths:
    - { paths: ['**'], signers: [pia] }
${paths}${approvals}`;
const to = (paths: string, signers = 'ada'): string =>
  `    - { paths: ['${paths}'], signers: [${signers}] }\n`;

/** A document of each kind that may stand below policies/. */
const documents: Readonly<Record<string, (name: string) => string>> = {
  Policy: (name) =>
    `${head}kind: Policy\nmetadata: { name: ${name} }\nspec:\n  rules:\n    - { rule: allowed-names, action: 'off' }\n`,
  PolicyPack: (name) =>
    `${head}kind: PolicyPack\nmetadata: { name: ${name} }\nspec:\n  title: T\n  version: '1'\n  status: final\n  reference: R\n  rules:\n    - { rule: key-algorithms, action: report, settings: { algorithms: [ecdsa-p256] } }\n`,
  Rule: (name) =>
    `${head}kind: Rule\nmetadata: { name: ${name} }\nspec:\n  title: T\n  citation: C\n  explanation: E\n  fix: F\n  stages: [request]\n  expression: 'true'\n`,
  Waiver: (name) =>
    `${head}kind: Waiver\nmetadata: { name: ${name} }\nspec: { rules: [allowed-names], selector: { certificates: [web/shop] }, owner: O, reason: R, compensatingControl: C, expires: '2026-12-31' }\n`,
  Profile: (name) =>
    `${head}kind: Profile\nmetadata: { name: ${name} }\nspec:\n  description: d\n  files: [{ name: key.pem, content: key }]\n  reload: [[touch, /tmp/x]]\n`,
  Offer: (name) =>
    `${head}kind: Offer\nmetadata: { name: ${name} }\nspec: { title: T, description: D, issuer: internal-ca }\n`,
};

type Files = Readonly<Record<string, string>>;
const reader = documentReader();
function desired(files: Files): Desired {
  const parsed = Object.entries(files).map(([path, text]) =>
    reader.parseFile({ path, oid: Buffer.from(text).toString('hex'), bytes: Buffer.from(text) }),
  );
  assert.deepEqual(
    parsed.flatMap((each) => each.problems),
    [],
  );
  return buildDesired('c', parsed, []);
}

const now = Date.UTC(2026, 10, 1);
/** What is said of the change from one state to the other, signed by one person. */
async function judge(before: Files, after: Files, by: string): Promise<string> {
  const oid = (files: Files, path: string): string | null => {
    const text = files[path];
    return text === undefined ? null : Buffer.from(text).toString('hex');
  };
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((path) => ({ path, before: oid(before, path), after: oid(after, path) }))
    .filter((each) => each.before !== each.after);
  const paths = changed.map((each) => ({ path: each.path, after: each.after }));
  const tip: NewCommit = {
    oid: '1'.repeat(40),
    malformed: null,
    merge: false,
    automatic: false,
    subject: 'Ask',
    author: by,
    committedAt: now,
    signature: { verdict: 'good', principals: [by], key: by, reason: '' },
    paths,
    brought: paths,
    approves: [],
    reviews: [],
    breakGlass: null,
  };
  const line = `pia ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0\n`;
  const trust = new Map([['policies/allowed_signers', { oid: 'a', bytes: Buffer.from(line) }]]);
  const { verdict } = await judgeOnTop({
    before: desired(before),
    after: desired(after),
    trust,
    trustAfter: trust,
    documents: changed,
    tip,
    commits: [tip],
    unread: 0,
    now,
  });
  const codes = verdict.reasons.map((each) => each.code);
  return [verdict.outcome, ...new Set(codes)].join(' ');
}
const brings = (
  rules: string,
  path: string,
  text: string,
  by = 'ada',
  there: Files = {},
): Promise<string> => {
  const before = { 'policies/change-control.yaml': control(rules), ...there };
  return judge(before, { ...before, [path]: text }, by);
};
const refusal = 'refused path-not-permitted';

describe('what stands below policies/', () => {
  test('every kind says where it may be given into other hands', () => {
    assert.deepEqual(
      policyPlaces.map((each) => each.kind).toSorted(),
      allKinds
        .filter((each) => each.folder === 'policies/')
        .map((each) => each.kind)
        .toSorted(),
    );
  });
  const folders = ['offers', 'packs', 'rules', 'waivers', 'profiles', 'web', 'policies'];
  for (const [kind, text] of Object.entries(documents)) {
    const own = policyPlaces.find((each) => each.kind === kind);
    for (const folder of folders) {
      const place = `policies/${folder}/`;
      const may = own?.decides === false || own?.folder === place;
      test(`a ${kind} ${may ? 'comes' : 'does not come'} in through ${place} by who may change that alone`, async () => {
        const rules = to(`${place}**`);
        assert.equal(await brings(rules, `${place}new.yaml`, text('new')), may ? 'accepted' : refusal);
        assert.equal(await brings(rules, `${place}deep/new.yaml`, text('new')), may ? 'accepted' : refusal);
        assert.equal(
          await brings(rules, `${place}new.yaml`, text('new'), 'pia'),
          refusal,
          'the last rule counts',
        );
        assert.equal(
          await brings(to(`${place}**`, 'ada, pia'), `${place}new.yaml`, text('new'), 'pia'),
          'accepted',
        );
      });
    }
  }
  test('nor by a pattern of names, nor by a rule for one file that was another kind or not there', async () => {
    const { Policy, Offer, Profile } = documents;
    assert.ok(Policy !== undefined && Offer !== undefined && Profile !== undefined);
    assert.equal(await brings(to('policies/web-*.yaml'), 'policies/web-x.yaml', Policy('web-x')), refusal);
    assert.equal(await brings(to('policies/nginx.yaml'), 'policies/nginx.yaml', Profile('nginx')), refusal);
    const offer = { 'policies/offers/x.yaml': Offer('x') };
    assert.equal(
      await brings(to('policies/offers/**'), 'policies/offers/x.yaml', Policy('x'), 'ada', offer),
      refusal,
    );
    const profile = { 'policies/profiles/x.yaml': Profile('x') };
    assert.equal(
      await brings(to('policies/profiles/**'), 'policies/profiles/x.yaml', Policy('x'), 'ada', profile),
      refusal,
    );
  });
  test('a file that was given into other hands as it stands may be changed there, and not be moved to a folder of theirs', async () => {
    const { Policy } = documents;
    assert.ok(Policy !== undefined);
    const rules = to('policies/web/**');
    const there = { 'policies/web/x.yaml': Policy('x') };
    const changed = `${Policy('x')}# more\n`;
    assert.equal(await brings(rules, 'policies/web/x.yaml', changed, 'ada', there), 'accepted');
    const before = {
      'policies/change-control.yaml': control(rules + to('policies/x.yaml')),
      'policies/x.yaml': Policy('x'),
    };
    const { 'policies/x.yaml': moved, ...rest } = before;
    assert.equal(await judge(before, { ...rest, 'policies/web/x.yaml': moved }, 'ada'), refusal);
  });
  test('who may change policies/ as a whole, or the file of change control, brings all of it anywhere', async () => {
    const { Policy } = documents;
    assert.ok(Policy !== undefined);
    const split = to('policies/change-control.yaml', 'boss') + to('policies/web/**', 'ada, pia, boss');
    assert.equal(await brings(split, 'policies/x.yaml', Policy('x'), 'pia'), 'accepted');
    assert.equal(await brings(split, 'policies/web/x.yaml', Policy('x'), 'pia'), 'accepted');
    assert.equal(await brings(split, 'policies/web/x.yaml', Policy('x'), 'boss'), 'accepted');
    assert.equal(await brings(split, 'policies/web/x.yaml', Policy('x'), 'ada'), refusal);
    assert.equal(await brings(to('policies/*.yaml'), 'policies/x.yaml', Policy('x')), 'accepted');
  });
  test('an approval asked for a folder is asked for what belongs there, wherever it stands', async () => {
    const { Waiver, Policy } = documents;
    assert.ok(Waiver !== undefined && Policy !== undefined);
    const approvals = `  approvals:\n    - { name: risk, paths: ['policies/waivers/**'], count: 1, from: [paul] }\n`;
    for (const path of ['policies/waivers/x.yaml', 'policies/x.yaml', 'policies/web/x.yaml'])
      assert.equal(await brings(approvals, path, Waiver('x'), 'pia'), 'waiting approval-missing', path);
    assert.equal(
      await judge(
        { 'policies/change-control.yaml': control('', approvals), 'policies/x.yaml': Waiver('x') },
        { 'policies/change-control.yaml': control('', approvals) },
        'pia',
      ),
      'waiting approval-missing',
      'taken away',
    );
    assert.equal(await brings(approvals, 'policies/x.yaml', Policy('x'), 'pia'), 'accepted');
  });
});
