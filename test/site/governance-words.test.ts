/** What the pages of policy, drift, audit and maturity say, in values: each sentence true of what it is made from. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adoptionOf, discoveredSentence, type DiscoveredItem } from '../../site/src/lib/adopt.ts';
import { signatureParts } from '../../site/src/lib/audit-bar.ts';
import {
  controlSentence,
  controlWords,
  integritySentence,
  monthPath,
  monthSentence,
  monthWords,
  outcomeWord,
  quarterPath,
  quarterWords,
  shareWords,
  signerWords,
  trustSentence,
} from '../../site/src/lib/audit-words.ts';
import { healedSentence, openSentence, tookWords } from '../../site/src/lib/drift-words.ts';
import {
  levelWords,
  maturitySentence,
  serviceFigures,
  stepsSentence,
} from '../../site/src/lib/maturity-words.ts';
import type {
  Audit,
  AuditMonth,
  ControlResult,
  DriftSection,
  RuleFacts,
  TeamFacts,
  WaiverFacts,
} from '../../site/src/lib/model.ts';
import { barParts } from '../../site/src/lib/policy-parts.ts';
import {
  actionWord,
  effectWords,
  endsSoon,
  isAnnounced,
  nextStep,
  ownerWords,
  ruleGroups,
  ruleSentence,
  waiverSentence,
} from '../../site/src/lib/policy-words.ts';
import { sampleModel } from './sample-model.ts';

const model = sampleModel();
const [first] = model.policies;
assert.ok(first !== undefined);
const rule = (rest: Partial<RuleFacts>): RuleFacts => ({
  ...(first.rules[0] ?? assert.fail()),
  applies: 10,
  broken: 0,
  waived: 0,
  upcoming: 0,
  ...rest,
});

describe('a rule in words', () => {
  test('those of which nothing is recorded are not called compliant', () => {
    assert.equal(ruleSentence(rule({})), 'Counts for 10 certificates; no breach is recorded.');
    assert.equal(
      ruleSentence(rule({ broken: 1, waived: 2 })),
      'Counts for 10 certificates: 1 breaks it, 2 are excepted, of 7 no breach is recorded.',
    );
  });

  test('one that counts for nobody says so, and one that was not counted does not say nobody', () => {
    assert.match(ruleSentence(rule({ applies: 0 })), /^Counts for no certificate/);
    assert.equal(ruleSentence(rule({ applies: null, broken: 2 })), '2 certificates break it.');
  });

  test('more that break it than it was counted for never give a negative number', () => {
    assert.match(ruleSentence(rule({ applies: 1, broken: 2 })), /of 0 no breach/);
    assert.deepEqual(
      barParts(rule({ applies: 1, broken: 2 })).map((each) => each.part),
      ['broken'],
    );
  });

  test('what will break it is named apart', () => {
    assert.match(
      ruleSentence(rule({ upcoming: 3 })),
      /3 certificates will break it when it comes into effect\.$/,
    );
  });

  test('one in ten thousand can be seen in the bar, and the bar is never longer than its place', () => {
    const parts = barParts(rule({ applies: 10_000, broken: 1, waived: 1 }));
    assert.deepEqual(
      parts.map((each) => each.part),
      ['broken', 'waived', 'rest'],
    );
    for (const { width } of parts) assert.ok(width >= 8);
    const last = parts.at(-1);
    assert.ok(last !== undefined && last.x + last.width <= 1001);
    assert.deepEqual(barParts(rule({ applies: 0 })), []);
  });

  test('a rule is in effect from its instant on, and at it', () => {
    const effectiveAt = '2026-03-15T00:00:00Z';
    assert.equal(isAnnounced(effectiveAt, '2026-03-14T23:59:59Z'), true);
    assert.equal(isAnnounced(effectiveAt, effectiveAt), false);
    assert.equal(effectWords({ effectiveAt }, effectiveAt), 'In effect since 2026-03-15.');
    assert.match(
      effectWords({ effectiveAt }, '2026-01-01T00:00:00Z'),
      /^Announced: in effect from 2026-03-15 on/,
    );
    assert.equal(effectWords({ effectiveAt: null }, effectiveAt), 'In effect.');
  });

  test('an action it does not know is named, never called harmless', () => {
    assert.equal(actionWord('constructor').label, 'constructor');
    assert.doesNotMatch(actionWord('explode').meaning, /nothing is stopped/);
  });

  test('what to do offers no waiver where none can be had', () => {
    const step = (waivable: boolean) => nextStep({ action: 'block', locked: false, waivable });
    assert.match(step(true), /ask the owners of the policy for a waiver/);
    assert.match(step(false), /No waiver excepts/);
  });

  test('rules of packs stand under their pack, those of the policy first', () => {
    assert.deepEqual(
      ruleGroups(first).map((each) => [each.pack, each.rules.length]),
      [
        [null, 3],
        ['nist-sp-1800-16', 12],
      ],
    );
  });
});

describe('exceptions in words', () => {
  const waiver = (rest: Partial<WaiverFacts>): WaiverFacts => ({
    ...(model.waivers[0] ?? assert.fail()),
    ...rest,
  });

  test('one ends soon from thirty days before on, and not when it has ended', () => {
    const expiresAt = '2026-12-31T00:00:00Z';
    assert.equal(endsSoon({ expiresAt, ended: false }, '2026-12-01T00:00:00Z'), true);
    assert.equal(endsSoon({ expiresAt, ended: false }, '2026-11-30T23:59:59Z'), false);
    assert.equal(endsSoon({ expiresAt, ended: true }, '2027-01-01T00:00:00Z'), false);
  });

  test('only those in force are counted', () => {
    assert.equal(waiverSentence([waiver({ ended: true })]), 'No exception is in force.');
    assert.match(
      waiverSentence([waiver({}), waiver({ ended: true })]),
      /^One exception is in force: payroll-key ends on 2027-01-31\.$/,
    );
    assert.match(waiverSentence([waiver({}), waiver({})]), /^2 exceptions are in force/);
  });

  test('an owner that is withheld is not called missing', () => {
    assert.equal(ownerWords('', 'internal'), 'withheld');
    assert.equal(ownerWords('', 'full'), 'nobody is named');
    assert.equal(ownerWords('Ines', 'full'), 'Ines');
  });
});

describe('drift in words', () => {
  const section = (rest: Partial<DriftSection>): DriftSection => ({ ...model.drift, ...rest });
  const none = { healedCount: 0, meanMs: null, medianMs: null, worstMs: null };

  test('no drift is not all well while certificates could not be looked at', () => {
    const { posture } = model;
    assert.equal(posture.counts.unknown, 1);
    assert.equal(
      openSentence({ drift: section({ openCount: 0 }), posture }),
      'No drift stands. 1 certificate could not be looked at, so nothing can be said of it.',
    );
    assert.match(openSentence({ drift: section({ openCount: 2 }), posture }), /^2 drifts stand\./);
  });

  test('how fast it healed says since when that is known', () => {
    assert.match(
      healedSentence(section({})),
      /^2 drifts healed since 2026-09-02: half of them within 42m, on average in 1h 6m, the slowest in 1h 30m\.$/,
    );
    assert.match(healedSentence(section(none)), /^No drift healed since 2026-09-02/);
    assert.equal(
      healedSentence(section({ ...none, knownSince: null })),
      'No history of the records is known yet.',
    );
    assert.match(healedSentence(section({ ...none, healedCount: 1 })), /how long it took is not known/);
  });

  test('times that contradict each other are no span', () => {
    assert.equal(tookWords({ since: '2026-11-02T00:00:00Z', healedAt: '2026-11-01T00:00:00Z' }), '');
    assert.equal(tookWords({ since: '2026-11-01T00:00:00Z', healedAt: null }), '');
    assert.equal(tookWords({ since: '2026-11-01T00:00:00Z', healedAt: '2026-11-01T01:30:00Z' }), '1h 30m');
  });
});

describe('adoption', () => {
  const item = (rest: Partial<DiscoveredItem>): DiscoveredItem => ({
    ...(model.discovered.items[0] ?? assert.fail()),
    ...rest,
  });
  const forge = model.forge;

  test('what is only watched is taken over by drift: enforce, with a link to the file', () => {
    for (const kind of ['stranger', 'found'] as const) {
      const { yaml, editUrl } = adoptionOf(item({ kind, drift: 'observe' }), forge);
      assert.equal(yaml, 'spec:\n  drift: enforce\n');
      assert.equal(
        editUrl,
        'https://git.kestrel.example/pki/estate/_edit/main/inventory/certificates/intranet/payroll.yaml',
      );
    }
  });

  test('without a forge the lines are there and the link is not', () => {
    const { yaml, editUrl } = adoptionOf(item({ kind: 'stranger', drift: 'report' }), null);
    assert.deepEqual([yaml !== '', editUrl], [true, null]);
  });

  test('where renewd acts already, or the declaration is gone, nothing is to be changed', () => {
    for (const rest of [
      { kind: 'stranger', drift: 'enforce' },
      { kind: 'found', drift: 'report' },
      { kind: 'stranger', drift: 'observe', ended: true },
    ] as const)
      assert.deepEqual(
        [adoptionOf(item(rest), forge).yaml, adoptionOf(item(rest), forge).editUrl],
        ['', null],
      );
  });

  test('the sentence counts all and says how many are shown', () => {
    assert.equal(
      discoveredSentence({ items: [item({}), item({ kind: 'stranger' })], total: 5 }),
      '5 certificates of unknown origin: 1 served at a declared address, 1 found in place. The first 2 are shown.',
    );
  });
});

describe('the audit in words', () => {
  const audit = (rest: Partial<Audit>): Audit => ({ ...model.audit, ...rest });

  test('only a signature that verified counts, and only all of them are all', () => {
    assert.equal(
      integritySentence(audit({ commits: 3, signed: 3, unsigned: 0 })),
      'Of 3 commits of records, every one carries a signature that verifies.',
    );
    assert.equal(
      integritySentence(audit({ commits: 10, signed: 8, unsigned: 1 })),
      'Of 10 commits of records, 8 (80\u00A0%) carry a signature that verifies; 1 carries none that does, 1 was not checked.',
    );
    assert.match(
      integritySentence(audit({ commits: 3, signed: 3, unsigned: 0, truncated: true })),
      /^Of the last 3 commits/,
    );
    assert.equal(
      integritySentence(audit({ commits: 0, signed: 0, unsigned: 0 })),
      'The daemon has committed no record yet.',
    );
  });

  test('a share never rounds up to all', () => {
    assert.equal(shareWords(99_999, 100_000), '99.9\u00A0%');
    assert.equal(shareWords(100, 100), '100\u00A0%');
    assert.equal(shareWords(1, 2), '50\u00A0%');
    assert.equal(shareWords(0, 0), 'none');
  });

  test('a key that nobody lists is called taken on trust', () => {
    assert.match(trustSentence({ recordSigner: 'first-commit' }), /taken on trust/);
    assert.doesNotMatch(trustSentence({ recordSigner: 'configured' }), /taken on trust/);
  });

  test('one unsigned commit in the bar can be seen among thousands', () => {
    const [worst, ...others] = signatureParts({ commits: 5000, signed: 4999, unsigned: 1 });
    assert.equal(worst?.tone, 'critical');
    assert.ok(worst.width >= 8);
    assert.deepEqual(
      others.map((each) => each.tone),
      ['ok'],
    );
  });

  test('who signed some commits of a change is named with how many are without', () => {
    assert.equal(signerWords({ signedBy: [], unsigned: 1, commitCount: 1 }), 'nobody');
    assert.equal(signerWords({ signedBy: ['ines'], unsigned: 0, commitCount: 2 }), 'ines');
    assert.equal(
      signerWords({ signedBy: ['ines'], unsigned: 2, commitCount: 3 }),
      'ines; 2 of 3 commits without a signature that counts',
    );
  });

  test('an outcome it does not know is never shown as accepted', () => {
    assert.equal(outcomeWord('toString').tone, 'unknown');
    assert.equal(outcomeWord('accepted').tone, 'ok');
  });

  test('months and quarters are said in words, and what is neither is left as it came', () => {
    assert.deepEqual(
      [monthWords('2026-01'), monthWords('2026-12'), monthWords('2026-13')],
      ['January 2026', 'December 2026', '2026-13'],
    );
    assert.deepEqual(
      [quarterWords('2026-Q4'), quarterWords('2026-Q5')],
      ['fourth quarter of 2026', '2026-Q5'],
    );
    assert.deepEqual(
      [quarterPath('2026-Q4'), monthPath('2026-11')],
      ['audit/period/2026-q4/', 'audit/2026-11/'],
    );
  });

  test('a month says how much people did, and how much the daemon', () => {
    const month = (rest: Partial<AuditMonth>): AuditMonth => ({
      ...(model.audit.months[0] ?? assert.fail()),
      ...rest,
    });
    assert.equal(
      monthSentence(month({ changeCount: 1, commitCount: 2, signed: 2 })),
      '1 change of declarations by people was judged; the daemon committed records 2 times, every time with a signature that verifies.',
    );
    assert.match(
      monthSentence(month({ changeCount: 0, commitCount: 0 })),
      /^No change .* the daemon committed no record\.$/,
    );
  });

  test('a control that is only excepted from is not called broken, and none is called proved', () => {
    const control = (broken: number, excepted: number): ControlResult => ({
      policy: 'p',
      rule: 'r',
      title: 't',
      citation: 'c',
      action: 'block',
      at: 'a:1',
      broken,
      excepted,
    });
    assert.equal(controlWords(control(0, 0)), 'no breach recorded');
    assert.equal(controlWords(control(0, 2)), 'no other breach recorded, 2 excepted');
    assert.equal(controlWords(control(3, 1)), 'broken by 3, 1 excepted');
    assert.equal(
      controlSentence([control(1, 0), control(0, 1), control(0, 0)], 3),
      '3 rules in force at the end of the data: 1 broken, 1 kept but for exceptions, 1 without a recorded breach.',
    );
  });
});

describe('maturity in words', () => {
  const team = (level: 1 | 2 | 3 | 4 | 5 | null): TeamFacts => {
    const [one] = model.teams;
    assert.ok(one?.maturity != null);
    return { ...one, maturity: level === null ? null : { ...one.maturity, level } };
  };

  test('a team without a certificate has no level and lowers none', () => {
    assert.equal(maturitySentence([team(null)], 4), 'No team has a certificate yet, so no team has a level.');
    assert.equal(maturitySentence([team(3), team(null)], null), 'The only team is at level 3, managed.');
  });

  test('the lowest is named, and how many reached the target', () => {
    assert.equal(
      maturitySentence([team(2), team(2), team(4)], 4),
      '2 of 3 teams are at the lowest level, 2, basic. 1 of 3 has reached the target, level 4, integrated.',
    );
    assert.equal(levelWords(9), '9');
  });

  test('a figure that is not known meets no target, and a target is met at its value', () => {
    const { service } = model;
    assert.ok(service.metrics !== null && service.program !== null);
    const met = (metrics: Partial<NonNullable<typeof service.metrics>>) =>
      serviceFigures({ ...service, metrics: { ...(service.metrics ?? assert.fail()), ...metrics } }, [
        team(4),
      ]).map((each) => [each.what, each.met]);
    assert.deepEqual(met({ leadTimeMedianMs: null, handsOffShare: null }).slice(0, 3), [
      ['Lead time, median', null],
      ['Hands-off', null],
      ['Lowest level of a team', true],
    ]);
    assert.deepEqual(met({ leadTimeMedianMs: 3_600_000, handsOffShare: 0.95 }).slice(0, 2), [
      ['Lead time, median', true],
      ['Hands-off', true],
    ]);
    assert.deepEqual(met({ leadTimeMedianMs: 3_600_001, handsOffShare: 0.9499 }).slice(0, 2), [
      ['Lead time, median', false],
      ['Hands-off', false],
    ]);
  });

  test('without a Program no hours are claimed to be saved, and without evidence there are no figures', () => {
    const figures = serviceFigures({ ...model.service, program: null }, []);
    assert.equal(figures.find((each) => each.what === 'Hours saved')?.value, 'not known');
    assert.ok(figures.every((each) => each.target === '' && each.met === null));
    assert.deepEqual(serviceFigures({ ...model.service, metrics: null }, []), []);
  });

  test('the next step of the service is the first without evidence', () => {
    const [one, two, ...others] = model.service.steps;
    assert.ok(one !== undefined && two !== undefined);
    assert.equal(stepsSentence({ steps: [one, two, ...others] }), 'All 8 steps have evidence.');
    assert.equal(
      stepsSentence({ steps: [one, { ...two, done: false }, ...others] }),
      `7 of 8 steps have evidence. The next one: ${two.title}.`,
    );
  });
});
