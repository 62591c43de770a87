/** Plans and verdicts of changes, as properties: the plan depends on two states and nothing else; nobody approves their own; what judged before judges. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson } from '../../daemon/core/canonical.ts';
import { judgeChange, type ChangeInput, type NewCommit } from '../../daemon/core/change-judgement.ts';
import { planChange, type DocumentChange } from '../../daemon/core/change-plan.ts';
import { codeowners } from '../../daemon/core/codeowners.ts';
import { statedTeams } from '../../daemon/core/change-rights.ts';
import type { Certificate, ChangeControl, Desired, Endpoint } from '../../daemon/core/model.ts';
import { parseMoment, parsePeriod } from '../../daemon/core/period.ts';
import { sameSet } from '../../daemon/core/same.ts';
import { matchPath } from '../../daemon/core/path-pattern.ts';
import { kinds } from '../../daemon/documents/kinds/index.ts';
import { certificate, everyone, installation } from './sample.ts';
import { team } from './rules/team.ts';

const source = { file: 'policies/change-control.yaml', line: 1, column: 1 };
const control: ChangeControl = {
  kind: 'ChangeControl',
  name: 'main',
  labels: {},
  source,
  blob: 'b',
  signatures: 'required',
  paths: [
    { paths: ['**'], signers: ['team:pki'], source },
    { paths: ['inventory/certificates/{team}/**'], signers: ['owner', 'team:pki', 'forge'], source },
  ],
  approvals: [
    {
      name: 'wildcard',
      paths: [],
      certificates: { selector: everyone, wildcard: true },
      count: 2,
      from: ['team:pki'],
      forgeMerge: true,
      source,
    },
  ],
  reservedLabels: [],
  approvalsLapseMs: 14 * 86_400_000,
  forges: ['forge@example.com'],
  breakGlass: { signers: ['bea'], reviewWithinMs: 1000 },
};

function desired(
  certificates: readonly Certificate[],
  changeControl: ChangeControl | null = control,
): Desired {
  return {
    commit: 'c',
    teams: new Map([
      ['web', team({ signers: ['ada'] })],
      ['pki', team({ name: 'pki', signers: ['pia', 'paul', 'petra'] })],
    ]),
    issuers: new Map(),
    endpoints: new Map(),
    profiles: new Map(),
    policies: [],
    packs: new Map(),
    customRules: new Map(),
    waivers: new Map(),
    offers: new Map(),
    programs: new Map(),
    changeControl,
    certificates: new Map(certificates.map((each) => [each.id, each])),
    problems: [],
  };
}

const file = 'inventory/certificates/web/shop.yaml';
const documents: readonly DocumentChange[] = [{ path: file, before: null, after: 'blob-1' }];
const plan = (before: Desired, after: Desired, changed = documents): ReturnType<typeof planChange> =>
  planChange(before, after, changed, () => [['nginx', '-t']]);

function commit(oid: string, by: string | null, changes: Partial<NewCommit> = {}): NewCommit {
  return {
    oid: oid.padEnd(40, '0'),
    malformed: null,
    merge: false,
    automatic: false,
    subject: 'Ask',
    author: 'Ada <ada@example.com>',
    committedAt: 0,
    signature:
      by === null
        ? { verdict: 'unsigned', principals: [], key: null, reason: '' }
        : { verdict: 'good', principals: [by], key: `key of ${by}`, reason: '' },
    paths: [],
    brought: changes.paths ?? [],
    approves: [],
    reviews: [],
    breakGlass: null,
    ...changes,
  };
}

const hash = 'a'.repeat(64);
const brings = { paths: [{ path: file, after: 'blob-1' }] };

function judge(
  commits: readonly NewCommit[],
  names = ['shop.example.com'],
  before = desired([]),
  now = 0,
): ReturnType<typeof judgeChange> {
  const after = desired([certificate({ dnsNames: names })]);
  const [tip] = commits;
  assert.ok(tip !== undefined);
  const input: ChangeInput = { before, after, plan: plan(before, after), hash, tip, commits, unread: 0, now };
  return judgeChange(input);
}
const codes = (verdict: ReturnType<typeof judgeChange>): string[] => verdict.reasons.map((each) => each.code);

describe('a plan', () => {
  const names = fc.uniqueArray(fc.constantFrom('a.example.com', 'b.example.com', '*.c.example.com'), {
    minLength: 1,
  });
  const estate = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('one', 'two', 'three', 'four'),
      names,
      blob: fc.constantFrom('x', 'y'),
    }),
    { selector: (each) => each.name },
  );
  const make = (list: readonly { name: string; names: string[]; blob: string }[]): Certificate[] =>
    list.map((each) =>
      certificate({
        id: `web/${each.name}`,
        name: each.name,
        dnsNames: each.names,
        blob: each.blob + each.names.join(''),
        source: { file: `inventory/certificates/web/${each.name}.yaml`, line: 1, column: 1 },
      }),
    );

  test('is the same whatever order declarations and documents come in', () => {
    fc.assert(
      fc.property(estate, estate, (one, two) => {
        const changed = [...one, ...two].map((each) => ({
          path: `inventory/certificates/web/${each.name}.yaml`,
          before: 'x',
          after: 'y',
        }));
        const first = plan(desired(make(one)), desired(make(two)), changed);
        const second = plan(
          desired(make(one).toReversed()),
          desired(make(two).toReversed()),
          changed.toReversed(),
        );
        assert.equal(canonicalJson(first), canonicalJson(second));
      }),
    );
  });
  test('says every difference of names, and nothing where only the layout differs', () => {
    fc.assert(
      fc.property(names, names, (before, after) => {
        const [certificates] = plan(
          desired([certificate({ dnsNames: before, blob: 'x' })]),
          desired([certificate({ dnsNames: after, blob: 'y' })]),
        ).certificates;
        const same = sameSet(before, after) && before[0] === after[0];
        assert.equal(certificates === undefined, same);
        if (certificates !== undefined)
          assert.deepEqual(
            certificates.steps.map((each) => each.action),
            // The first name alone takes effect with the next certificate.
            sameSet(before, after) ? [] : ['replace'],
          );
      }),
    );
  });
  test('a deleted file uninstalls nothing; another endpoint is an issuance there and a release here', () => {
    const gone = plan(desired([certificate()]), desired([]), [{ path: file, before: 'b', after: null }]);
    assert.deepEqual(
      gone.certificates.map((each) => [each.change, each.steps.map((one) => one.action)]),
      [['withdrawn', ['release']]],
    );
    const moved = plan(
      desired([certificate()]),
      desired([
        certificate({
          blob: 'y',
          installations: [{ ...installation, id: 'web/shop@web-02', endpoint: 'web-02' }],
        }),
      ]),
    );
    assert.deepEqual(
      moved.certificates[0]?.steps.map((each) => [each.endpoint, each.action]),
      [
        ['web-01', 'release'],
        ['web-02', 'issue'],
      ],
    );
  });
  test('canonical JSON sorts keys and has one form for every number', () => {
    assert.equal(
      canonicalJson({ b: [1, 'x'], a: { d: null, c: true } }),
      '{"a":{"c":true,"d":null},"b":[1,"x"]}',
    );
    assert.equal(
      canonicalJson({ a: 0.5, b: -0, c: 1e300, d: Number.NaN }),
      '{"a":0.5,"b":0,"c":1e+300,"d":"NaN"}',
    );
  });
});

describe('a label that is reserved', () => {
  const reserving: ChangeControl = {
    ...control,
    approvals: [],
    reservedLabels: [{ name: 'env', signers: ['team:pki'], source }],
  };
  const asked = (
    by: string,
    was: Readonly<Record<string, string>> | null,
    will: Readonly<Record<string, string>>,
    trailers: Partial<NewCommit>[] = [],
  ): string[] => {
    const before = desired(was === null ? [] : [certificate({ labels: was, blob: 'old' })], reserving);
    const after = desired([certificate({ labels: will, blob: 'new' })], reserving);
    const tip = commit('1', by, brings);
    const approvals = trailers.map((each, index) => commit(String(index + 2), 'pia', each));
    const commits = [tip, ...approvals];
    return codes(
      judgeChange({ before, after, plan: plan(before, after), hash, tip, commits, unread: 0, now: 0 }),
    );
  };
  test('is not set, changed or taken away by who may change the file', () => {
    assert.deepEqual(asked('ada', null, { env: 'dev' }), ['label-reserved']);
    assert.deepEqual(asked('ada', { env: 'prod' }, { env: 'dev' }), ['label-reserved']);
    assert.deepEqual(asked('ada', { env: 'prod' }, {}), ['label-reserved']);
  });
  test('does not go with its certificate, which could come back without; retired, the certificate keeps it', () => {
    const gone = (by: string, labels: Readonly<Record<string, string>>): string[] => {
      const before = desired([certificate({ labels, blob: 'old' })], reserving);
      const after = desired([], reserving);
      const takes = [{ path: file, before: 'old', after: null }];
      const tip = commit('1', by, { paths: [{ path: file, after: null }] });
      const planned = plan(before, after, takes);
      return codes(
        judgeChange({ before, after, plan: planned, hash, tip, commits: [tip], unread: 0, now: 0 }),
      );
    };
    assert.deepEqual(gone('ada', { env: 'prod' }), ['label-reserved']);
    assert.deepEqual(gone('ada', { note: 'x' }), []);
    assert.deepEqual(gone('pia', { env: 'prod' }), []);
    const before = desired([certificate({ labels: { env: 'prod' }, blob: 'old' })], reserving);
    const after = desired(
      [certificate({ labels: { env: 'prod' }, blob: 'new', state: 'retired' })],
      reserving,
    );
    const tip = commit('1', 'ada', brings);
    const planned = plan(before, after);
    assert.deepEqual(
      codes(judgeChange({ before, after, plan: planned, hash, tip, commits: [tip], unread: 0, now: 0 })),
      [],
    );
  });
  test('stays as it is through a change of something else, and other labels are free', () => {
    assert.deepEqual(asked('ada', { env: 'prod' }, { env: 'prod', note: 'x' }), []);
    assert.deepEqual(asked('ada', null, { note: 'x' }), []);
  });
  test('is set by whom it is reserved for, or where one of them vouches for the plan', () => {
    assert.deepEqual(asked('ada', null, { env: 'dev' }, [{ approves: [hash] }]), []);
    assert.deepEqual(asked('ada', null, { env: 'dev' }, [{ approves: ['b'.repeat(64)] }]), [
      'label-reserved',
    ]);
  });
});

describe('a verdict', () => {
  test('without change control a push is enough', () => {
    assert.equal(judge([commit('1', null, brings)], undefined, desired([], null)).outcome, 'accepted');
  });
  test('the owner may, another team may not, and nobody may without a signature', () => {
    assert.equal(judge([commit('1', 'ada', brings)]).outcome, 'accepted');
    assert.deepEqual(codes(judge([commit('1', 'priya', brings)])), ['path-not-permitted']);
    assert.deepEqual(codes(judge([commit('1', null, brings)])), ['commit-unsigned', 'path-not-permitted']);
  });
  test('a signed merge of an unsigned commit is refused; a merge by the forge vouches where the path says so', () => {
    const branch = commit('2', null, brings);
    assert.deepEqual(codes(judge([commit('1', 'ada', { merge: true, changed: brings.paths }), branch])), [
      'commit-unsigned',
    ]);
    assert.equal(
      judge([
        commit('1', 'forge@example.com', { merge: true, automatic: true, changed: brings.paths }),
        branch,
      ]).outcome,
      'accepted',
    );
  });
  test('a merge by the forge counts as all approvals where the rule says so, and a merge by anybody else does not', () => {
    const star = ['*.example.com'];
    assert.equal(
      judge(
        [
          commit('1', 'forge@example.com', { merge: true, automatic: true, changed: brings.paths }),
          commit('2', 'ada', brings),
        ],
        star,
      ).outcome,
      'accepted',
    );
    assert.equal(
      judge([commit('1', 'pia', { merge: true, changed: brings.paths }), commit('2', 'ada', brings)], star)
        .outcome,
      'waiting',
    );
  });
  test('a commit that brings another content than what is in force now authorises nothing', () => {
    const verdict = judge([
      commit('1', 'mallory', { merge: true }),
      commit('2', 'ada', { paths: [{ path: file, after: 'blob-0' }] }),
    ]);
    assert.deepEqual(codes(verdict), ['path-not-permitted']);
  });
  test('two approvals of exactly this plan by two others, in any order, and never by who made it', () => {
    const approve = fc.record({ by: fc.constantFrom('ada', 'pia', 'paul', 'mallory'), right: fc.boolean() });
    fc.assert(
      fc.property(fc.array(approve, { maxLength: 5 }), fc.constantFrom('ada', 'pia'), (given, maker) => {
        const approving = given.map((each, index) =>
          commit(String(index + 2), each.by, { approves: [each.right ? hash : 'b'.repeat(64)] }),
        );
        const verdict = judge([commit('1', maker, brings), ...approving], ['*.example.com']);
        const counted = new Set(
          given
            .filter((each) => each.right && ['pia', 'paul'].includes(each.by) && each.by !== maker)
            .map((each) => each.by),
        );
        assert.equal(verdict.outcome, counted.size >= 2 ? 'accepted' : 'waiting');
      }),
    );
  });
  test('who made it and may approve others does not approve it: one more is needed', () => {
    const approvals = ['pia', 'paul'].map((by, index) => commit(String(index + 2), by, { approves: [hash] }));
    assert.equal(judge([commit('1', 'pia', brings), ...approvals], ['*.example.com']).outcome, 'waiting');
    assert.equal(
      judge(
        [commit('1', 'pia', brings), ...approvals, commit('4', 'petra', { approves: [hash] })],
        ['*.example.com'],
      ).outcome,
      'accepted',
    );
  });
  test('who wrote something else in the same push or in the commit of their approval made nothing of it', () => {
    const more = [{ path: 'inventory/certificates/web/other.yaml', after: 'blob-2' }];
    const outcome = (paths: NewCommit['paths']): string =>
      judge(
        [
          commit('1', 'ada', brings),
          commit('2', 'pia', { approves: [hash], paths }),
          commit('3', 'paul', { approves: [hash] }),
        ],
        ['*.example.com'],
      ).outcome;
    assert.equal(outcome(more), 'accepted');
    assert.equal(outcome([{ path: file, after: 'replaced since' }]), 'waiting', 'a file of it');
    const elsewhere = [{ path: 'inventory/certificates/web/draft.yaml', after: 'blob-1' }];
    assert.equal(outcome(elsewhere), 'waiting', 'its content, under another path');
  });
  test('one signature is one approval, whatever else its key is called', () => {
    const both = commit('2', 'pia', { approves: [hash] });
    const doubled = { ...both, signature: { ...both.signature, principals: ['pia', 'paul'] } };
    assert.equal(judge([commit('1', 'ada', brings), doubled], ['*.example.com']).outcome, 'waiting');
    const again = {
      ...commit('3', 'paul', { approves: [hash] }),
      signature: { ...both.signature, principals: ['paul'] },
    };
    assert.equal(
      judge([commit('1', 'ada', brings), both, again], ['*.example.com']).outcome,
      'waiting',
      'the same key under another name',
    );
  });
  describe('whoever made it does not approve it alone', () => {
    const star = ['*.example.com'];
    const optional = (forgeMerge: boolean): Desired =>
      desired([], {
        ...control,
        signatures: 'optional',
        approvals: control.approvals.map((each) => ({ ...each, count: 1, forgeMerge })),
      });
    const approves = (oid: string, by: string): NewCommit => commit(oid, by, { approves: [hash] });
    const outcome = (commits: readonly NewCommit[], forgeMerge = false): string =>
      judge(commits, star, optional(forgeMerge)).outcome;

    test('under another name for the same key, as a certificate gives one', () => {
      const own = {
        ...approves('2', 'petra'),
        signature: { ...commit('1', 'pia').signature, principals: ['petra'] },
      };
      assert.equal(outcome([commit('1', 'pia', brings), own]), 'waiting');
      assert.equal(outcome([commit('1', 'pia', brings), own, approves('3', 'paul')]), 'accepted');
    });
    test('with another key of the same name', () => {
      const own = { ...approves('2', 'pia'), signature: { ...commit('2', 'pia').signature, key: 'another' } };
      assert.equal(outcome([commit('1', 'pia', brings), own]), 'waiting');
    });
    test('by leaving what they made unsigned: of two who vouch for it one counts as its maker', () => {
      const verdict = judge([approves('2', 'pia'), commit('1', null, brings)], star, optional(false));
      assert.equal(verdict.outcome, 'waiting');
      assert.match(
        verdict.reasons[0]?.message ?? '',
        /nobody signed .*shop\.yaml, so pia counts as its maker/,
      );
      assert.equal(
        outcome([approves('3', 'paul'), approves('2', 'pia'), commit('1', null, brings)]),
        'accepted',
      );
      assert.equal(
        outcome([approves('3', 'pia'), approves('2', 'pia'), commit('1', null, brings)]),
        'waiting',
      );
    });
    test('by having the forge merge what they left unsigned, unless its merge is what is asked for', () => {
      const merge = commit('9', 'forge@example.com', { merge: true, automatic: true, changed: brings.paths });
      const range = [merge, approves('2', 'pia'), commit('1', null, brings)];
      assert.equal(outcome(range), 'waiting');
      assert.equal(outcome([...range, approves('3', 'paul')]), 'accepted');
      assert.equal(outcome(range, true), 'accepted');
    });
    test('by signing the merge of what they left unsigned; the merge of another who may stands for it', () => {
      const merge = (by: string): NewCommit =>
        commit('9', by, { merge: true, automatic: true, changed: brings.paths });
      const range = [approves('2', 'pia'), commit('1', null, brings)];
      assert.equal(outcome([merge('pia'), ...range]), 'waiting');
      assert.equal(outcome([merge('mallory'), ...range]), 'waiting');
      assert.equal(outcome([merge('paul'), ...range]), 'accepted');
    });
    test('by a commit that a forge signed for them: an edit in a browser, a squash, a conflict solved there', () => {
      const edit = commit('1', 'forge@example.com', brings);
      const squash = { ...edit, subject: 'Ask (#1)' };
      const solved = commit('1', 'forge@example.com', { ...brings, merge: true, changed: brings.paths });
      for (const made of [edit, squash, solved]) {
        const verdict = judge([approves('2', 'pia'), made], star, optional(false));
        assert.equal(verdict.outcome, 'waiting', made.subject);
        assert.match(verdict.reasons[0]?.message ?? '', /nobody signed .*so pia counts as its maker/);
        assert.equal(outcome([approves('3', 'paul'), approves('2', 'pia'), made]), 'accepted');
      }
    });
    test('by leaving out the rest of what another signed, without a signature or in the browser', () => {
      const rest = { path: 'inventory/certificates/web/rest.yaml', after: 'blob-2' };
      const whole = commit('1', 'ada', { paths: [...brings.paths, rest], brought: brings.paths });
      const without = [{ ...rest, after: null }];
      const leaves = (by: string | null): NewCommit => commit('9', by, { merge: true, paths: without });
      for (const by of [null, 'forge@example.com']) {
        const range = [leaves(by), approves('2', 'pia'), whole];
        // Somebody who may change what was left out vouches for it, and counts as who left it out.
        assert.equal(outcome(range), 'waiting', by ?? 'unsigned');
        assert.equal(outcome([...range, approves('3', 'paul')]), 'accepted');
        assert.equal(outcome([leaves(by), whole]), 'refused');
      }
      const own = [leaves('ada'), whole];
      assert.equal(outcome([...own, approves('2', 'pia')]), 'accepted');
      assert.equal(outcome([leaves('pia'), whole, approves('2', 'pia')]), 'waiting');
    });
    test('by an emergency that a forge signed for them', () => {
      const before = optional(false);
      const holder = { signers: ['forge@example.com'], reviewWithinMs: 1000 };
      const lets = desired([], { ...(before.changeControl ?? control), breakGlass: holder });
      const edit = commit('1', 'forge@example.com', { ...brings, breakGlass: 'outage' });
      assert.equal(judge([edit], star, lets).breakGlass, null);
    });
    test('by an approval that a forge signed for them in a browser', () => {
      const before = optional(false);
      const from = ['forge', 'team:pki'];
      const control_ = before.changeControl ?? control;
      const lets = desired([], {
        ...control_,
        approvals: control_.approvals.map((each) => ({ ...each, from })),
      });
      const browser = approves('2', 'forge@example.com');
      assert.equal(judge([browser, commit('1', 'ada', brings)], star, lets).outcome, 'waiting');
    });
  });
  test('the emergency key needs no approval, and only in the hands of who holds it', () => {
    const star = ['*.example.com'];
    assert.equal(judge([commit('1', 'bea', { ...brings, breakGlass: 'outage' })], star).outcome, 'accepted');
    assert.equal(judge([commit('1', 'ada', { ...brings, breakGlass: 'outage' })], star).outcome, 'waiting');
    assert.notEqual(
      judge([commit('1', null, { ...brings, breakGlass: 'outage' })], star).outcome,
      'accepted',
    );
  });
  test('an emergency merged together with the work of others lets in neither', () => {
    const emergency = commit('2', 'bea', { breakGlass: 'outage' });
    assert.deepEqual(
      codes(judge([commit('1', 'priya', { merge: true }), emergency, commit('3', 'priya', brings)])),
      ['path-not-permitted'],
    );
    assert.equal(
      judge([commit('1', 'bea', { merge: true, breakGlass: 'outage' }), commit('3', 'ada', brings)]).outcome,
      'accepted',
    );
  });
  test('an emergency lets in what its own commits bring, and nothing else of whoever holds the key', () => {
    const emergency = commit('2', 'bea', { breakGlass: 'outage' });
    const draft = commit('3', 'bea', brings);
    const merged = commit('1', 'priya', { merge: true });
    assert.deepEqual(codes(judge([merged, emergency, draft])), ['path-not-permitted']);
    assert.equal(
      judge([merged, draft, commit('2', 'bea', { ...brings, breakGlass: 'outage' })]).outcome,
      'accepted',
    );
    // Over exactly this plan, with the reason, it counts for all of it.
    const vouched = commit('2', 'bea', { approves: [hash], breakGlass: 'outage' });
    assert.equal(judge([merged, vouched, draft]).outcome, 'accepted');
    assert.deepEqual(codes(judge([merged, emergency, commit('4', 'bea', { approves: [hash] }), draft])), [
      'path-not-permitted',
    ]);
  });
  test('taking the wildcard away does not take the approval away', () => {
    const before = desired([certificate({ dnsNames: ['*.example.com'], blob: 'old' })]);
    assert.equal(judge([commit('1', 'ada', brings)], ['shop.example.com'], before).outcome, 'waiting');
  });
});

describe('what names a team', () => {
  const endpointAt = (path: string, of: string | null): Endpoint => ({
    kind: 'Endpoint',
    name: 'px',
    labels: {},
    source: { file: path, line: 2, column: 1 },
    blob: 'e',
    team: of,
    type: 'ssh',
    config: {},
    networks: [],
    machine: [],
    profiles: null,
  });
  const placed = (path: string, of: string | null, rule: readonly string[]): readonly string[] => {
    const ruled: ChangeControl = {
      ...control,
      paths: [{ paths: rule, signers: ['owner', 'team:pki', 'team:web'], source }],
    };
    const base = desired([], ruled);
    const teams = new Map([
      ...base.teams,
      ['payments', team({ name: 'payments', signers: ['priya'] })] as const,
    ]);
    const before = { ...base, teams };
    const after = { ...before, endpoints: new Map([['px', endpointAt(path, of)]]) };
    const documents = [{ path, before: null, after: 'e' }];
    const tip = commit('1', 'pia', { paths: [{ path, after: 'e' }] });
    const input = {
      before,
      after,
      plan: plan(before, after, documents),
      hash,
      tip,
      commits: [tip],
      unread: 0,
      now: 0,
    };
    return codes(judgeChange(input));
  };
  const own = ['inventory/endpoints/{team}/**'];

  test('stands in no folder of another team, whoever brings it', () => {
    assert.deepEqual(placed('inventory/endpoints/web/px.yaml', 'payments', own), ['path-not-permitted']);
    assert.deepEqual(placed('inventory/endpoints/web/dc1/px.yaml', 'payments', own), ['path-not-permitted']);
    const prefixed = placed('inventory/endpoints/x-web/px.yaml', 'payments', [
      'inventory/endpoints/x-{team}/**',
    ]);
    assert.deepEqual(prefixed, ['path-not-permitted']);
    // A folder with the name of a team is its folder, also where the rule names it by hand.
    for (const rule of ['inventory/endpoints/web/**', 'inventory/**'])
      assert.deepEqual(placed('inventory/endpoints/web/px.yaml', 'payments', [rule]), ['path-not-permitted']);
  });

  test('stands in its own, or in one that is of no team', () => {
    assert.deepEqual(placed('inventory/endpoints/payments/px.yaml', 'payments', own), []);
    assert.deepEqual(placed('inventory/endpoints/web/px.yaml', null, own), []);
    for (const path of ['inventory/endpoints/px.yaml', 'inventory/endpoints/dc1/px.yaml'])
      assert.deepEqual(placed(path, 'payments', ['inventory/**']), [], path);
  });

  test('is looked at for every kind that can name one', () => {
    const state = desired([certificate()]);
    const all = { ...state, endpoints: new Map([['px', endpointAt('x', 'web')]]) };
    const seen = [...statedTeams(all)].map((each) => each.name);
    for (const kind of Object.values(kinds)) {
      const schema = kind.schema({ issuerSchemas: {}, endpointSchemas: {}, ruleSchemas: {} });
      const { properties } = schema as { readonly properties?: { readonly metadata?: unknown } };
      if (!JSON.stringify(properties?.metadata).includes('"team"')) continue;
      const ids = [...kind.of(all).keys()];
      assert.ok(ids.length > 0, `${kind.kind} names a team: give an example of one here`);
      for (const id of ids) assert.ok(seen.includes(id), `${kind.kind} ${id} is not looked at`);
    }
  });
});

describe('approvals by owners', () => {
  const payFile = 'inventory/certificates/payments/pay.yaml';
  const shop = certificate({ blob: 'blob-1' });
  const pay = certificate({
    id: 'payments/pay',
    name: 'pay',
    team: 'payments',
    dnsNames: ['pay.payments.test'],
    blob: 'blob-2',
    source: { file: payFile, line: 1, column: 1 },
  });
  const both = [
    { path: file, before: null, after: 'blob-1' },
    { path: payFile, before: null, after: 'blob-2' },
  ];
  const rules: Readonly<Record<string, Partial<ChangeControl['approvals'][number]>>> = {
    'for certificates': { certificates: { selector: everyone, wildcard: false } },
    'for folders of teams': { paths: ['inventory/certificates/{team}/**'] },
    'for files, of the team they belong to': { paths: ['inventory/**'] },
    'for both': {
      paths: ['inventory/certificates/web/**'],
      certificates: { selector: everyone, wildcard: false },
    },
  };
  const asked = (rule: Partial<ChangeControl['approvals'][number]>, ...by: string[]): string => {
    const owning: ChangeControl = {
      ...control,
      paths: [],
      approvals: [
        {
          name: 'owned',
          paths: [],
          certificates: null,
          count: 1,
          from: ['owner'],
          forgeMerge: false,
          source,
          ...rule,
        },
      ],
    };
    const base = desired([], owning);
    const teams = new Map([
      ...base.teams,
      ['payments', team({ name: 'payments', signers: ['priya'] })] as const,
    ]);
    const before = { ...base, teams };
    const after = { ...before, certificates: new Map([shop, pay].map((each) => [each.id, each])) };
    const tip = commit('1', 'zoe', { paths: both.map(({ path, after: oid }) => ({ path, after: oid })) });
    const approvals = by.map((name, at) => commit(String(at + 2), name, { approves: [hash] }));
    const verdict = judgeChange({
      before,
      after,
      plan: plan(before, after, both),
      hash,
      tip,
      commits: [tip, ...approvals],
      unread: 0,
      now: 0,
    });
    return [verdict.outcome, ...verdict.reasons.map((each) => /of team \w+/.exec(each.message)?.[0])].join(
      ' ',
    );
  };
  for (const [name, rule] of Object.entries(rules))
    test(`${name}: every owner of what a change touches is asked`, () => {
      assert.match(asked(rule), /^waiting of team (web of team payments|payments of team web)$/);
      assert.equal(asked(rule, 'ada'), 'waiting of team payments');
      assert.equal(asked(rule, 'priya'), 'waiting of team web');
      assert.equal(asked(rule, 'ada', 'priya'), 'accepted');
      assert.equal(
        asked({ ...rule, from: ['owner', 'team:pki'] }, 'pia'),
        'accepted',
        'who may for all, does',
      );
    });
});

test('what no commit says it wrote somebody wrote: one approval is the maker’s', () => {
  const nothing = { ...brings, paths: [], brought: [brings.paths[0]].filter((each) => each !== undefined) };
  const star = ['*.example.com'];
  const approve = (by: string): NewCommit => commit(`2${by}`, by, { approves: [hash] });
  const asked = (tip: NewCommit, ...by: string[]): string => judge([tip, ...by.map(approve)], star).outcome;
  // Of a file whose maker may be anybody, two approvals of two are not two of others.
  const unknown = commit('1', 'ada', { paths: [], brought: [] });
  assert.equal(asked(unknown, 'pia', 'paul'), 'waiting');
  assert.equal(asked(unknown, 'pia', 'paul', 'petra'), 'accepted');
  assert.equal(asked(commit('1', 'ada', brings), 'pia', 'paul'), 'accepted');
  assert.equal(
    asked(commit('1', 'ada', nothing), 'pia', 'paul'),
    'accepted',
    'who may change it and put it there',
  );
});

describe('patterns of paths', () => {
  test('stars, folders and teams', () => {
    for (const [pattern, path, team_] of [
      ['**', 'policies/a/b.yaml', null],
      ['policies/**', 'policies/a/b.yaml', null],
      ['policies/*.yaml', 'policies/a.yaml', null],
      ['inventory/certificates/{team}/**', 'inventory/certificates/web/x/y.yaml', 'web'],
      ['inventory/teams/{team}.yaml', 'inventory/teams/web.yaml', 'web'],
      ['**/x.yaml', 'x.yaml', null],
      ['a/**/x.yaml', 'a/b/c/x.yaml', null],
    ] as const) {
      assert.deepEqual(matchPath(pattern, path), { team: team_ }, pattern);
    }
    for (const [pattern, path] of [
      ['policies', 'policies/a.yaml'],
      ['inventory/*', 'inventory/teams/web.yaml'],
      ['policies/**', 'policies'],
      ['policies/**', 'policies2/a.yaml'],
      ['policies/*.yaml', 'policies/a/b.yaml'],
      ['inventory/teams/{team}.yaml', 'inventory/teams/.yaml'],
      ['a/**/x.yaml', 'a/x.yml'],
    ] as const) {
      assert.equal(matchPath(pattern, path), null, pattern);
    }
  });
  test('no pattern takes long', () => {
    const long = 'a'.repeat(300);
    assert.equal(matchPath(`${'*a'.repeat(60)}b`, long), null);
    assert.equal(matchPath(`${'**/a/'.repeat(6)}b`, Array.from({ length: 30 }, () => 'a').join('/')), null);
  });
});

test('CODEOWNERS say of each path what change control says', () => {
  const text = codeowners({
    ...desired([]),
    teams: new Map([
      ['web', team({ handles: ['@x/web'] })],
      ['pki', team({ name: 'pki', handles: ['@x/pki'] })],
    ]),
  });
  assert.match(text, /^\* @x\/pki$/m);
  assert.match(text, /^\/inventory\/certificates\/web\/ @x\/web @x\/pki$/m);
});

test('in CODEOWNERS a name is one owner, and a line is one line', () => {
  for (const hostile of [
    '@x/web @mallory',
    '@x/web\n* @mallory',
    '@x/web\t@mallory',
    '#',
    '@x/web#',
    'a\u2028@mallory',
    '@',
  ]) {
    const text = codeowners({ ...desired([]), teams: new Map([['web', team({ handles: [hostile] })]]) });
    assert.doesNotMatch(text, /mallory/, JSON.stringify(hostile));
    assert.match(text, /an owner is left out/);
  }
  for (const plain of ['@x/web', '@x', 'ada@example.com', 'ada+pki@example.co.uk', '@renovate-bot']) {
    const text = codeowners({ ...desired([]), teams: new Map([['web', team({ handles: [plain] })]]) });
    assert.ok(
      text.split('\n').some((line) => line.split(' ').includes(plain)),
      plain,
    );
  }
});

test('periods and moments', () => {
  assert.deepEqual(parsePeriod('2026-Q4'), {
    label: '2026-Q4',
    from: Date.UTC(2026, 9),
    to: Date.UTC(2027, 0),
  });
  assert.deepEqual(parsePeriod('2026-12')?.to, Date.UTC(2027, 0));
  assert.deepEqual(parsePeriod('2026')?.from, Date.UTC(2026, 0));
  for (const wrong of ['2026-Q5', '2026-13', '26-Q1', '', '2026-Q4 '])
    assert.equal(parsePeriod(wrong), null, wrong);
  assert.equal(parseMoment('2026-03-31'), Date.UTC(2026, 2, 31, 23, 59, 59));
  for (const wrong of ['2026-02-30', 'tomorrow', '2026-3-1']) assert.equal(parseMoment(wrong), null, wrong);
});

describe('what somebody signed', () => {
  const lapse = control.approvalsLapseMs;
  const day = 86_400_000;
  const star = ['*.example.com'];
  const outcomeAt = (now: number, ...commits: NewCommit[]): string => {
    const verdict = judge(commits, star, desired([]), now);
    return [verdict.outcome, ...codes(verdict)].join(' ');
  };
  const asked = (at: number): NewCommit => commit('1', 'ada', { ...brings, committedAt: at });
  const approval = (by: string, at: number): NewCommit =>
    commit(`2${by}`, by, { approves: [hash], committedAt: at });

  test('to approve counts for approvalsLapse from when they signed, whenever it arrives, and not before its time', () => {
    const both = [approval('pia', 0), approval('paul', 0)];
    assert.equal(outcomeAt(lapse - 1, asked(lapse - 1), ...both), 'accepted');
    assert.equal(outcomeAt(lapse, asked(lapse), ...both), 'waiting approval-missing');
    assert.equal(outcomeAt(lapse, asked(lapse), approval('pia', 1), approval('paul', 1)), 'accepted');
    // One that is late beside one that is not; who signs again counts again, once.
    assert.equal(
      outcomeAt(lapse, asked(lapse), approval('pia', 0), approval('paul', 1)),
      'waiting approval-missing',
    );
    const again = [approval('pia', 0), approval('pia', 1), approval('paul', 1)];
    assert.equal(outcomeAt(lapse, asked(lapse), ...again), 'accepted');
    const ahead = [approval('pia', lapse + day + 1), approval('paul', lapse)];
    assert.equal(outcomeAt(lapse, asked(lapse), ...ahead), 'waiting approval-missing');
    const said = judge([asked(lapse), ...both], star, desired([]), lapse).reasons[0]?.message ?? '';
    assert.match(said, /what pia signed at 1970-01-01T00:00:00Z counts from then for approvalsLapse only/);
  });
  test('to vouch for a plan, to merge as a forge and as an emergency lapses alike', () => {
    const mallory = { ...brings, committedAt: lapse };
    const vouched = (now: number): string =>
      outcomeAt(
        now,
        commit('1', 'petra', { ...mallory, paths: [], brought: [] }),
        commit('3', 'mallory', mallory),
        approval('pia', 0),
      );
    assert.match(vouched(lapse - 1), /^waiting/);
    assert.equal(vouched(lapse), 'refused path-not-permitted');
    const merge = commit('1', 'forge@example.com', { merge: true, automatic: true, committedAt: 0 });
    assert.equal(outcomeAt(lapse - 1, merge, asked(0)), 'accepted');
    assert.equal(outcomeAt(lapse, merge, asked(0)), 'waiting approval-missing');
    const emergency = commit('1', 'bea', { ...brings, breakGlass: 'fire', committedAt: 0 });
    assert.equal(outcomeAt(lapse - 1, emergency), 'accepted');
    assert.equal(outcomeAt(lapse, emergency), 'refused path-not-permitted');
  });
});
