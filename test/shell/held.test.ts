/** Changes that wait: who can push them out, how many are kept, and when they lapse. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewCommit } from '../../daemon/core/change-judgement.ts';
import type { ChangeControl, Desired, Team } from '../../daemon/core/model.ts';
import { limits } from '../../daemon/limits.ts';
import { buildDesired } from '../../daemon/core/desired.ts';
import { changeFindings } from '../../daemon/shell/change-findings.ts';
import { fewReasons, joinApprovals, keepHeld, lapsed, supersede } from '../../daemon/shell/held.ts';
import type { HeldChange, Memory } from '../../daemon/shell/memory.ts';

const day = 86_400_000;
const seenAt = 1_790_000_000_000;
const source = { file: 'policies/change-control.yaml', line: 1, column: 1 };
const control: ChangeControl = {
  kind: 'ChangeControl',
  name: 'main',
  labels: {},
  source,
  blob: 'b',
  signatures: 'required',
  paths: [{ paths: ['**'], signers: ['pia@example.com'], source }],
  approvals: [],
  reservedLabels: [],
  approvalsLapseMs: 14 * day,
  forges: [],
  breakGlass: null,
};
const before: Desired = { ...buildDesired('c', [], []), changeControl: control };

let number = 0;
function commit(by: string | null, parts: Partial<NewCommit> = {}): NewCommit {
  const principals = by === null ? [] : [by];
  return {
    oid: String(++number).padStart(40, '0'),
    malformed: null,
    merge: false,
    subject: 'Ask',
    author: 'somebody',
    committedAt: 0,
    signature: { verdict: by === null ? 'unsigned' : 'good', principals, key: by, reason: '' },
    paths: [{ path: 'inventory/certificates/web/shop.yaml', after: 'x' }],
    automatic: false,
    brought: [],
    approves: [],
    reviews: [],
    breakGlass: null,
    ...parts,
  };
}

const shop = { path: 'inventory/certificates/web/shop.yaml', oid: 'a'.repeat(40), mode: '100644' };
function change(by: string | null, changes: Partial<HeldChange> = {}): HeldChange {
  const tip = commit(by);
  return {
    commit: tip.oid,
    previous: null,
    seenAt,
    changes: [shop],
    tip,
    commits: [tip],
    unread: 0,
    hash: 'h',
    outcome: 'waiting',
    reasons: [],
    ...changes,
  };
}

type Kept = Pick<Memory, 'held' | 'notKept' | 'openReviews' | 'desired'>;
function holding(...changes: HeldChange[]): Kept {
  const memory: Kept = {
    held: new Map(),
    notKept: { count: 0, commits: [] },
    openReviews: new Map(),
    desired: before,
  };
  for (const each of changes) keepHeld(memory, each);
  return memory;
}

describe('a later request', () => {
  const table: readonly [string, string | null, boolean, boolean][] = [
    ['that nobody known signed pushes nothing out', null, false, false],
    ['of somebody else who may not change the file pushes nothing out', 'mallory@example.com', false, false],
    ['of who asked takes its place', 'ada@example.com', false, true],
    ['of somebody who may change the file takes its place', 'pia@example.com', false, true],
    ['that took effect takes its place', 'mallory@example.com', true, true],
  ];
  for (const [name, by, accepted, gone] of table) {
    test(name, () => {
      const memory = holding(change('ada@example.com'));
      supersede(memory, [shop], { tip: commit(by), accepted, before });
      assert.equal(memory.held.size, gone ? 0 : 1);
    });
  }
  test('takes the place of what nobody known asked for, whoever it is from', () => {
    const memory = holding(change(null));
    supersede(memory, [shop], { tip: commit(null), accepted: false, before });
    assert.equal(memory.held.size, 0);
  });
  describe('where the rule lets a forge in', () => {
    const hub = 'hub@example.com';
    const control = before.changeControl;
    assert.ok(control !== null);
    const paths = [{ paths: ['**'], signers: ['team:pki', 'forge'], source: control.source }];
    const lists: Desired = { ...before, changeControl: { ...control, paths, forges: [hub] } };
    const edit = commit(hub, { paths: [{ path: shop.path, after: shop.oid }] });
    const replaced = (held: HeldChange, tip: NewCommit): boolean => {
      const memory = holding(held);
      supersede(memory, [shop], { tip, accepted: false, before: lists });
      return memory.held.size === 0;
    };

    test('an edit in the browser takes the place of nobody’s work, and a merge by the forge does', () => {
      assert.equal(replaced(change('ada@example.com'), edit), false);
      assert.equal(replaced(change('ada@example.com'), commit(hub, { merge: true })), false);
      assert.equal(
        replaced(change('ada@example.com'), commit(hub, { merge: true, automatic: true, paths: [] })),
        true,
      );
    });
    test('nor of what a forge merged of somebody; an edit in the browser makes way for another, and for no unsigned commit', () => {
      const ada = commit('ada@example.com', { paths: edit.paths });
      const merge = commit(hub, { merge: true, automatic: true, paths: [] });
      assert.equal(replaced(change(hub, { tip: merge, commits: [merge, ada] }), edit), false);
      assert.equal(
        replaced(change(hub, { tip: edit, commits: [edit] }), commit(hub, { paths: edit.paths })),
        true,
      );
      assert.equal(replaced(change(hub, { tip: edit, commits: [edit] }), commit(null)), false);
    });
  });
  test('of who merged the work of another takes back all of it, and no half', () => {
    const other = { ...shop, path: 'policies/base.yaml' };
    const files = [shop, other].map(({ path, oid }) => ({ path, after: oid }));
    const made = (): HeldChange => {
      const tip = commit('ada@example.com', { merge: true, paths: [] });
      const pushed = change('ada@example.com', { tip, changes: [shop, other] });
      return { ...pushed, commits: [tip, commit('paul@example.com', { paths: files })] };
    };
    for (const [paths, left] of [
      [[shop], [shop, other]],
      [[shop, other], []],
    ] as const) {
      const memory = holding(made());
      supersede(memory, paths, { tip: commit('ada@example.com'), accepted: false, before });
      assert.deepEqual(
        [...memory.held.values()].flatMap((each) => each.changes),
        left,
      );
    }
    // Where the merge is nobody's, neither may anybody who is not known take a half.
    const memory = holding({ ...made(), tip: commit(null, { merge: true, paths: [] }) });
    supersede(memory, [shop], { tip: commit(null), accepted: false, before });
    assert.equal([...memory.held.values()][0]?.changes.length, 2);
  });
  test('for one file leaves the others of a request waiting', () => {
    const other = { ...shop, path: 'inventory/certificates/web/other.yaml' };
    const memory = holding(change('ada@example.com', { changes: [shop, other] }));
    supersede(memory, [shop], { tip: commit('ada@example.com'), accepted: false, before });
    assert.deepEqual(
      [...memory.held.values()].map((each) => each.changes),
      [[other]],
    );
  });
});

describe('how many are kept', () => {
  test('a thousand unsigned pushes neither push out a signed one that waits, nor vanish in silence', () => {
    const first = change('ada@example.com');
    const memory = holding(
      first,
      ...Array.from({ length: 1000 }, () => change(null, { outcome: 'refused' })),
    );
    const late = change('bob@example.com');
    keepHeld(memory, late);
    assert.ok(memory.held.has(first.commit) && memory.held.has(late.commit));
    assert.equal(memory.held.size, limits.governance.heldUnknownMax + 2);
    const found = changeFindings(memory, seenAt).filter((each) => each.code === 'changes-not-kept');
    assert.equal(found.length, 1);
    assert.match(found[0]?.message ?? '', /^960 changes that are not in force were too many/);
  });
  test('one signer does not fill it: what of theirs is too much goes, the newest first', () => {
    const mine = Array.from({ length: 60 }, () => change('ada@example.com'));
    const memory = holding(...mine, change('bob@example.com'));
    assert.equal(memory.held.size, limits.governance.heldPerSignerMax + 1);
    assert.ok(memory.held.has(mine[0]?.commit ?? ''));
    assert.equal(memory.notKept.count, 20);
  });
  test('nor do they by what they hold: so much text in all, whoever it is from', () => {
    const first = change('ada@example.com');
    const long = (at: number): string => `inventory/${'d'.repeat(3000)}/${String(at)}.yaml`;
    const large = (by: string | null): HeldChange =>
      change(by, {
        outcome: 'refused',
        changes: Array.from({ length: 5000 }, (_, at) => ({ ...shop, path: long(at) })),
      });
    const memory = holding(first, ...Array.from({ length: 10 }, () => large(null)));
    assert.ok(memory.held.has(first.commit));
    assert.ok(JSON.stringify([...memory.held.values()]).length < limits.governance.heldTextMaxChars);
    assert.ok(
      memory.held.size > 2 && memory.notKept.count > 2,
      'what finds a place is kept, the rest counted',
    );
    keepHeld(memory, large('bob@example.com'));
    assert.ok([...memory.held.values()].some((each) => each.tip.signature.key === 'bob@example.com'));
    assert.ok(JSON.stringify([...memory.held.values()]).length < limits.governance.heldTextMaxChars);
  });
  test('of one signer what is refused goes before what waits', () => {
    const refused = change('ada@example.com', { outcome: 'refused' });
    const memory = holding(
      refused,
      ...Array.from({ length: limits.governance.heldPerSignerMax }, () => change('ada@example.com')),
    );
    assert.equal(memory.held.has(refused.commit), false);
  });
  test('where all places are taken by known signers, the 201st is named', () => {
    const memory = holding();
    for (let signer = 0; signer < 10; signer++)
      for (let each = 0; each < 21; each++) keepHeld(memory, change(`s${String(signer)}@example.com`));
    assert.equal(memory.held.size, limits.governance.heldMax);
    assert.equal(memory.notKept.count, 10);
  });
});

describe('a fair share', () => {
  const teamOf = (name: string, signers: readonly string[]): [string, Team] => [
    name,
    {
      kind: 'Team',
      displayName: name,
      networks: [],
      name,
      labels: {},
      source,
      blob: 'b',
      owners: [],
      contacts: [],
      dnsNames: [],
      issuers: [],
      endpoints: [],
      signers,
      handles: [],
    },
  ];
  const evil = ['m1', 'm2', 'm3', 'm4', 'm5'];
  const flood = (memory: Kept, signers: readonly string[]): void => {
    for (const each of signers)
      for (let times = 0; times < limits.governance.heldPerSignerMax; times++) keepHeld(memory, change(each));
  };
  const withTeams = (...teams: [string, Team][]): Kept => ({
    ...holding(),
    desired: { ...before, teams: new Map(teams) },
  });
  test('the team with most gives up, of it the signer with most, the newest of theirs', () => {
    const memory = withTeams(teamOf('evil', evil), teamOf('web', ['ada', 'bob']));
    const mine = [change('ada'), change('bob', { outcome: 'refused' })];
    for (const each of mine) keepHeld(memory, each);
    flood(memory, evil);
    assert.ok(mine.every((each) => memory.held.has(each.commit)));
    const late = change('ada');
    const [newest] = [...memory.held.values()].filter((each) => each.tip.signature.key === 'm5').slice(-1);
    keepHeld(memory, late);
    assert.ok(memory.held.has(late.commit) && memory.held.size === limits.governance.heldMax);
    // m4 and m5 gave up one each by then.
    assert.equal(memory.held.has(newest?.commit ?? ''), true);
    assert.equal(memory.notKept.count, 3);
  });
  test('who is of several teams counts for the one with fewest: nobody is made to pay for a team that lists them', () => {
    const memory = withTeams(teamOf('evil', [...evil, 'ada']), teamOf('web', ['ada']));
    flood(memory, evil);
    const late = change('ada');
    keepHeld(memory, late);
    assert.ok(memory.held.has(late.commit));
  });
  test('what a forge merged counts for who signed it before, else for the folder', () => {
    const forge = 'forge@example.com';
    const memory: Kept = {
      ...holding(),
      desired: { ...before, changeControl: { ...control, forges: [forge] } },
    };
    for (let each = 0; each < 60; each++)
      keepHeld(memory, change(forge, { changes: [{ ...shop, path: 'inventory/certificates/evil/x.yaml' }] }));
    const late = change(forge);
    keepHeld(memory, late);
    assert.ok(memory.held.has(late.commit));
    assert.equal(memory.held.size, limits.governance.heldPerSignerMax + 1);
  });
});

describe('approvals that join a held change', () => {
  const hash = 'a'.repeat(64);
  const forges = { forges: ['forge'] };
  const approval = (by: string | null, approves = hash): NewCommit => ({
    ...commit(by),
    approves: [approves],
  });
  test('are signed by a person and name exactly its hash; they bring nothing else', () => {
    const good = approval('pia');
    const joined = joinApprovals(
      [],
      [approval(null), approval('mallory', 'b'.repeat(64)), commit('pia'), good, approval('forge')],
      hash,
      forges,
    );
    assert.deepEqual(
      joined.map((each) => [each.oid, each.paths]),
      [[good.oid, []]],
    );
  });
  test('take one place a signer: nobody fills them', () => {
    const noise = Array.from({ length: 1000 }, () => approval('mallory'));
    const good = approval('pia');
    const first = joinApprovals([], noise, hash, forges);
    assert.equal(first.length, 1);
    assert.deepEqual(joinApprovals(first, [good], hash, forges).at(-1)?.oid, good.oid);
    assert.equal(joinApprovals(first, noise, hash, forges), first);
  });
});

test('of a thousand reasons the first are kept, of every code one, and the last says how many there are', () => {
  const reason = { code: 'commit-unsigned', message: 'm', fix: 'f', commit: null, source: null } as const;
  const kept = fewReasons([
    ...Array.from({ length: 1000 }, () => reason),
    { ...reason, code: 'path-not-permitted' as const },
  ]);
  assert.equal(kept.length, limits.governance.reasonsPerChangeMax);
  assert.ok(kept.some((each) => each.code === 'path-not-permitted'));
  assert.match(kept.at(-1)?.message ?? '', /and 981 more reasons/);
});

describe('a request lapses', () => {
  const held = change('ada@example.com', { seenAt });
  test('14 days after the daemon first saw it, whatever dates its commits carry', () => {
    assert.equal(lapsed(control, held, seenAt + 14 * day - 1), null);
    assert.equal(lapsed(control, held, seenAt + 14 * day)?.code, 'approval-lapsed');
  });
  test('as change control says', () => {
    assert.equal(lapsed({ ...control, approvalsLapseMs: day }, held, seenAt + day)?.code, 'approval-lapsed');
  });
  test('and the finding says so though nobody pushed since', () => {
    const reason = { code: 'approval-missing', message: 'm', fix: 'f', commit: null, source: null } as const;
    const memory = holding({ ...held, reasons: [reason] });
    const codes = (now: number): (string | null)[] =>
      changeFindings(memory, now).map((each) => each.observed);
    assert.deepEqual(codes(seenAt + 13 * day), ['approval-missing']);
    assert.deepEqual(codes(seenAt + 15 * day), ['approval-lapsed']);
  });
});
