/** The decision table of one installation: what is seen and remembered, and what is needed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assessInstallation, type AssessInput, type Assessment } from '../../daemon/core/assess.ts';
import type { Attempt, Operation } from '../../daemon/core/installation-state.ts';
import type { Evaluation } from '../../daemon/core/policy.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import {
  certificate,
  day,
  facts,
  handshake,
  input,
  installation,
  installed,
  issued,
  memory,
  now,
  observation,
  evaluationOf,
} from './sample.ts';

const hour = 3_600_000;

function assess(changes: Partial<AssessInput> = {}): Assessment {
  return assessInstallation(input(changes));
}

function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    failures: 1,
    lastFailureAt: now - 1000,
    nextAt: now + hour,
    code: 'reload-failed',
    message: 'the reload said no',
    step: 'reload',
    blob: 'blob-1',
    ...changes,
  };
}

function operation(changes: Partial<Operation> = {}): Operation {
  return {
    id: 'op-1',
    installation: installation.id,
    issuer: 'internal-ca',
    because: 'renewal due',
    step: 'issued',
    generation: 'g2',
    dnsNames: ['shop.example.com'],
    ipAddresses: [],
    keyAlgorithm: 'ecdsa-p256',
    csrSha256: 'c5',
    startedAt: now - 1000,
    issued: issued(facts('bb'), 'g2'),
    before: 'g1',
    rollback: null,
    ...changes,
  };
}

const blocked: Evaluation = {
  ...evaluationOf,
  rule: 'allowed-names',
  id: 'allowed-names',
  policy: 'baseline',
  action: 'block',
  verdict: 'fail',
  message: 'web may not request it',
  source: { file: 'policies/baseline.yaml', line: 7, column: 7 },
  explanation: '',
  fix: 'ask',
};

const codes = (assessed: Assessment): string[] => assessed.findings.map((finding) => finding.code);

const store = observation().store;
if (store === null) throw new Error('the sample has a store');
const provenance = {
  generation: 'g1',
  fingerprint: store.leaf?.fingerprint ?? '',
  refusal: null,
  chain: ['pem'],
};
const otherLeaf = facts('bb');
const otherInStore = observation({
  store: { ...store, leaf: otherLeaf },
  handshakes: [handshake(otherLeaf)],
});

/** A repair under way, whose own try just failed and waits for a day. */
const repairing = (changes: Partial<AssessInput['memory']> = {}): AssessInput['memory'] =>
  memory({
    operation: operation({ repairs: true, because: 'drift', generation: 'g1', issued: issued(facts('aa')) }),
    attempt: attempt({ nextAt: now + day }),
    ...changes,
  });

/** What stands before what: a repair never before a new certificate, a new certificate that cannot be begun never before a repair. */
const repairs = (): readonly [string, Partial<AssessInput>, Assessment['need']['kind']][] => {
  const due = installed({ renewAt: now });
  const expired = installed({ issued: issued(facts('aa', { notAfter: now })), renewAt: now - day });
  const ended = { issued: { ...issued(facts('aa')), chainEnds: new Date(now).toISOString() } };
  const lost = installed({
    issued: {
      ...issued(facts('aa')),
      because: 'the installed key was lost',
      installedAt: timestamp(now - hour / 2),
    },
    keyLost: true,
  });
  const asked = certificate({ reissue: { before: now, because: 'it was copied' } });
  const waitsForTheCa = { issuerAttempt: attempt({ code: 'acme-server' }) };
  return [
    ['a repair failed and waits: wait', { memory: repairing() }, 'none'],
    ['a repair whose wait is over: go on', { memory: repairing({ attempt: null }) }, 'continue'],
    ['a repair waits, renewal is due: drop the repair', { memory: repairing({ installed: due }) }, 'abandon'],
    [
      'a repair waits, a new key is asked for: drop it',
      { memory: repairing(), certificate: asked },
      'abandon',
    ],
    [
      'a repair waits, other names are declared: drop it',
      { memory: repairing(), certificate: certificate({ dnsNames: ['b.example.com'] }) },
      'abandon',
    ],
    [
      'a repair waits, its generation is gone: drop it',
      { memory: repairing(), observation: observation({ store: { ...store, generations: [] } }) },
      'abandon',
    ],
    [
      'a repair waits, another issuer is declared: drop it',
      { memory: repairing(), certificate: certificate({ issuer: 'lets-encrypt' }) },
      'abandon',
    ],
    [
      'a repair waits, it is no longer what is declared: drop it',
      { memory: repairing(), misfit: 'x' },
      'abandon',
    ],
    ['a repair of what has expired: drop it', { memory: repairing({ installed: expired }) }, 'abandon'],
    [
      'a repair of what has expired, and the CA is waited for: drop it all the same',
      { memory: repairing({ installed: expired, ...waitsForTheCa }) },
      'abandon',
    ],
    [
      'a repair of what has expired by its chain: drop it',
      { memory: repairing({ installed: installed(ended) }) },
      'abandon',
    ],
    [
      'a repair, renewal is due and the CA is waited for: go on with the repair',
      { memory: repairing({ installed: due, attempt: null, ...waitsForTheCa }) },
      'continue',
    ],
    [
      'a repair, renewal is due and policy forbids it: go on with the repair',
      { memory: repairing({ installed: due, attempt: null }), requestEvaluations: [blocked] },
      'continue',
    ],
    [
      'the endpoint as a whole waits: nothing can be dropped there',
      { memory: repairing({ installed: due, endpointAttempt: attempt() }) },
      'none',
    ],
    [
      'drift, renewal is due and the CA is waited for: put ours back meanwhile',
      { memory: memory({ installed: due, ...waitsForTheCa }), observation: otherInStore },
      'restore',
    ],
    [
      'drift, renewal is due and policy forbids it: put ours back',
      { memory: memory({ installed: due }), requestEvaluations: [blocked], observation: otherInStore },
      'restore',
    ],
    [
      'drift, and ours has expired: what stands there is not replaced by it',
      {
        memory: memory({ installed: expired }),
        requestEvaluations: [blocked],
        observation: otherInStore,
      },
      'none',
    ],
    [
      'drift, and the key of ours is gone: nothing to put back',
      { memory: memory({ installed: lost }), observation: otherInStore },
      'none',
    ],
  ];
};

describe('what is needed', () => {
  const table: readonly [string, Partial<AssessInput>, Assessment['need']['kind']][] = [
    ['all is well: nothing', {}, 'none'],
    [
      'never seen: look first, issue nothing',
      { observation: null, memory: memory({ installed: null }) },
      'observe',
    ],
    ['the look is old: look again', { observation: observation({ at: now - 7 * hour }) }, 'observe'],
    [
      'declared, seen, empty: issue',
      {
        memory: memory({ installed: null }),
        observation: observation({
          store: { ...store, current: null, generations: [], leaf: null, leaves: {}, keyMatches: null },
        }),
      },
      'issue',
    ],
    [
      'a generation proved to be ours stands there and the journal is new: take it over',
      {
        memory: memory({ installed: null }),
        observation: observation({ store: { ...store, provenance } }),
      },
      'adopt',
    ],
    [
      'it says that it is ours, and nothing proves it: issue',
      { memory: memory({ installed: null }) },
      'issue',
    ],
    [
      'it was proved not to be ours: issue',
      {
        memory: memory({ installed: null }),
        observation: observation({ store: { ...store, provenance: { ...provenance, refusal: 'no' } } }),
      },
      'issue',
    ],
    [
      'another certificate than the proved one stands there: issue',
      {
        memory: memory({ installed: null }),
        observation: observation({
          store: { ...store, provenance: { ...provenance, fingerprint: 'bb'.repeat(32) } },
        }),
      },
      'issue',
    ],
    [
      'another generation than the proved one is current: issue',
      {
        memory: memory({ installed: null }),
        observation: observation({ store: { ...store, provenance: { ...provenance, generation: 'g0' } } }),
      },
      'issue',
    ],
    [
      'a foreign file stands there and the journal is new: issue',
      {
        memory: memory({ installed: null }),
        observation: observation({ store: { ...store, current: 'adopted' } }),
      },
      'issue',
    ],
    [
      'the endpoint cannot be read: absence of evidence starts nothing',
      {
        memory: memory({ installed: null }),
        observation: observation({
          store: null,
          storeFailure: { code: 'ssh-unreachable', message: 'no route' },
        }),
      },
      'none',
    ],
    ['its time has come: issue', { memory: memory({ installed: installed({ renewAt: now }) }) }, 'issue'],
    [
      'one millisecond early: nothing',
      { memory: memory({ installed: installed({ renewAt: now + 1 }) }) },
      'none',
    ],
    [
      'another name is declared: issue',
      { certificate: certificate({ dnsNames: ['shop.example.com', 'www.example.com'] }) },
      'issue',
    ],
    [
      'the names are declared in another order: nothing',
      {
        certificate: certificate({ dnsNames: ['b.example.com', 'a.example.com'] }),
        memory: memory({
          installed: installed({
            issued: { ...issued(facts('aa')), dnsNames: ['a.example.com', 'b.example.com'] },
          }),
        }),
      },
      'none',
    ],
    [
      'another key algorithm is declared: issue',
      { certificate: certificate({ key: { algorithm: 'rsa-2048' } }) },
      'issue',
    ],
    ['another issuer is declared: issue', { certificate: certificate({ issuer: 'lets-encrypt' }) }, 'issue'],
    [
      'policy forbids it: nothing',
      {
        memory: memory({ installed: null }),
        observation: observation({ store: { ...store, leaf: null, current: null } }),
        requestEvaluations: [blocked],
      },
      'none',
    ],
    [
      'policy only reports: issue',
      {
        memory: memory({ installed: installed({ renewAt: now }) }),
        requestEvaluations: [{ ...blocked, action: 'report' }],
      },
      'issue',
    ],
    ['another certificate lies in the store: put ours back', { observation: otherInStore }, 'restore'],
    [
      'the store is right, the server is not: reload',
      { observation: observation({ handshakes: [handshake(otherLeaf)] }) },
      'reload',
    ],
    [
      'drift is only to be reported: nothing',
      { observation: otherInStore, certificate: certificate({ drift: 'report' }) },
      'none',
    ],
    [
      'never to be touched, even when due: nothing',
      {
        memory: memory({ installed: installed({ renewAt: now }) }),
        certificate: certificate({ drift: 'observe' }),
      },
      'none',
    ],
    [
      'retired: nothing, even when due',
      {
        memory: memory({ installed: installed({ renewAt: now }) }),
        certificate: certificate({ state: 'retired' }),
      },
      'none',
    ],
    [
      'its declaration is gone: nothing, even when due',
      { memory: memory({ installed: installed({ renewAt: now }) }), withdrawn: true },
      'none',
    ],
    [
      'what is installed is not yet valid, issued by a clock that was ahead: replace it',
      {
        memory: memory({
          installed: installed({ issued: issued(facts('aa', { notBefore: now + 700_000 })) }),
        }),
      },
      'issue',
    ],
    [
      'a failure of the future is waited for by nobody',
      {
        memory: memory({
          operation: operation(),
          attempt: attempt({ lastFailureAt: now + 700_000, nextAt: now + 365 * day }),
        }),
      },
      'continue',
    ],
    ['a look of the future is taken again', { observation: observation({ at: now + 700_000 }) }, 'observe'],
    ['an operation is under way: go on with it', { memory: memory({ operation: operation() }) }, 'continue'],
    [
      'an operation that still fits goes on: whether policy lets it is asked with what is in force, not here',
      { memory: memory({ operation: operation() }), requestEvaluations: [blocked] },
      'continue',
    ],
    [
      'an operation has no certificate yet: policy stops it',
      {
        memory: memory({ operation: operation({ issued: null, step: 'planned' }) }),
        requestEvaluations: [blocked],
      },
      'none',
    ],
    [
      'an operation is no longer what is declared: drop it',
      { memory: memory({ operation: operation() }), misfit: 'the declared names changed' },
      'abandon',
    ],
    [
      'also where the declaration is gone',
      { memory: memory({ operation: operation() }), misfit: 'it is gone', withdrawn: true },
      'abandon',
    ],
    [
      'it failed a moment ago: wait',
      { memory: memory({ operation: operation(), attempt: attempt() }) },
      'none',
    ],
    [
      'it failed and the wait is over: go on',
      { memory: memory({ operation: operation(), attempt: attempt({ nextAt: now }) }) },
      'continue',
    ],
    [
      'it failed for good: wait for a person',
      { memory: memory({ operation: operation(), attempt: attempt({ nextAt: null }) }) },
      'none',
    ],
    [
      'it failed for good and the declaration changed: a new chance',
      { memory: memory({ operation: operation(), attempt: attempt({ nextAt: null, blob: 'blob-0' }) }) },
      'continue',
    ],
    [
      'the endpoint as a whole waits: wait',
      { memory: memory({ operation: operation(), endpointAttempt: attempt() }) },
      'none',
    ],
    [
      'the issuer waits but the certificate is here: go on',
      { memory: memory({ operation: operation(), issuerAttempt: attempt() }) },
      'continue',
    ],
    [
      'the issuer waits and is needed: wait',
      { memory: memory({ installed: installed({ renewAt: now }), issuerAttempt: attempt() }) },
      'none',
    ],
    [
      'the generation is gone from the disk: issue',
      { observation: observation({ store: { ...store, generations: [], leaf: null } }) },
      'issue',
    ],
    [
      'it says so again just after it was replaced for that: wait',
      {
        memory: memory({
          installed: installed({
            issued: {
              ...installed().issued,
              because: 'generation g0 is gone from the endpoint',
              installedAt: new Date(now - 3_599_999).toISOString(),
            },
          }),
        }),
        observation: observation({ store: { ...store, generations: [] } }),
      },
      'none',
    ],
    [
      'it says so again an hour later: issue',
      {
        memory: memory({
          installed: installed({
            issued: {
              ...installed().issued,
              because: 'the installed key was lost',
              installedAt: new Date(now - 3_600_000).toISOString(),
            },
            keyLost: true,
          }),
        }),
      },
      'issue',
    ],
    ...repairs(),
    ['the key was lost: issue', { memory: memory({ installed: installed({ keyLost: true }) }) }, 'issue'],
  ];
  for (const [name, input, need] of table) {
    test(name, () => {
      assert.equal(assess(input).need.kind, need);
    });
  }
});

describe('what is said', () => {
  test('all is well: no finding, status ok', () => {
    assert.deepEqual(codes(assess()), []);
    assert.equal(assess().status, 'ok');
  });
  test("what is being installed and seen already is nobody else's: said as info, and no drift", () => {
    const seen = observation({ handshakes: [handshake(otherLeaf)] });
    const underWay = assess({ observation: seen, memory: memory({ operation: operation() }) });
    assert.deepEqual(
      underWay.findings.map(({ code, severity }) => [code, severity]),
      [['served-other-known', 'info']],
    );
    assert.match(underWay.findings[0]?.message ?? '', /installation there is not finished/);
    assert.equal(underWay.status, 'pending');
    assert.equal(assess({ observation: seen }).status, 'drift');
  });
  test('another certificate in the store: expected and observed', () => {
    const assessed = assess({ observation: otherInStore });
    const finding = assessed.findings.find((each) => each.code === 'store-changed');
    assert.match(finding?.expected ?? '', /^sha256:aa/);
    assert.match(finding?.observed ?? '', /^sha256:bb/);
    assert.equal(assessed.status, 'drift');
  });
  test('the previous certificate back in the store is called a roll-back', () => {
    const previous = issued(otherLeaf, 'g0');
    const assessed = assess({
      observation: otherInStore,
      memory: memory({ installed: installed({ previous }) }),
    });
    assert.ok(codes(assessed).includes('rolled-back'));
    assert.ok(codes(assessed).includes('served-previous'));
  });
  test('policy names the rule and the line of the file that set it', () => {
    const assessed = assess({ requestEvaluations: [blocked] });
    assert.deepEqual(assessed.findings.find((each) => each.code === 'policy-blocked')?.rule, {
      id: 'allowed-names',
      policy: 'baseline',
      source: { file: 'policies/baseline.yaml', line: 7, column: 7 },
    });
    assert.equal(assessed.status, 'blocked');
  });
  test('an order that the CA still works on is pending, and nothing has failed', () => {
    const assessed = assess({
      memory: memory({
        operation: operation({ step: 'ordered', issued: null }),
        attempt: attempt({ failures: 0, code: 'pending', step: 'issue', nextAt: now + hour }),
      }),
    });
    assert.deepEqual(
      codes(assessed).filter((code) => code.endsWith('-failed')),
      [],
    );
    assert.equal(assessed.status, 'pending');
  });
  test('a failure after which nothing is kept does not promise that no order is made', () => {
    const remedyOf = (changes: Partial<AssessInput['memory']>): string =>
      assess({ memory: memory({ attempt: attempt(), ...changes }) }).findings.find(
        (each) => each.code === 'install-failed',
      )?.remedy ?? '';
    assert.match(remedyOf({ operation: operation() }), /without a new order/);
    assert.match(remedyOf({}), /the next try begins anew/);
  });
  test('a failure says the step, the reason and what ends a stall', () => {
    const assessed = assess({
      memory: memory({
        operation: operation(),
        attempt: attempt({ nextAt: now + day, endsWhen: ['declaration', 'endpoint'] }),
      }),
    });
    const finding = assessed.findings.find((each) => each.code === 'install-failed');
    assert.match(
      finding?.message ?? '',
      /^reload failed: the reload said no.*tried again at once when its declaration changes, and otherwise at least once a day/,
    );
    assert.equal(assessed.status, 'failing');
  });
  test('renewal that does not come becomes overdue, then critical, then expired', () => {
    const at = (instant: number): string[] =>
      codes(
        assess({
          now: instant,
          observation: observation({ at: instant }),
          memory: memory({
            installed: installed({ renewAt: now + 50 * day }),
            attempt: attempt({ nextAt: instant + hour }),
          }),
        }),
      );
    assert.ok(at(now + 70 * day).some((code) => code === 'renewal-overdue' || code === 'renewal-critical'));
    assert.ok(at(now + 79 * day).includes('renewal-critical'));
    assert.ok(at(now + 81 * day).includes('installed-expired'));
  });
  test('an address that was never looked at is unknown, not well', () => {
    assert.equal(assess({ observation: observation({ handshakes: [] }) }).status, 'unknown');
  });
});

describe('when it is judged again', () => {
  test('never later than renewal, expiry, the next look or the end of a wait; never in the past', () => {
    assert.equal(assess().dueAt, now + 6 * hour);
    assert.equal(assess({ memory: memory({ installed: installed({ renewAt: now + 5 }) }) }).dueAt, now + 5);
    assert.equal(
      assess({ memory: memory({ operation: operation(), attempt: attempt({ nextAt: now + 60 }) }) }).dueAt,
      now + 60,
    );
    assert.ok(assess({ observation: observation({ at: now - day }) }).dueAt > now);
  });
});

test('who declared a late renewal is not told that it is overdue before that, and still called when it is critical', () => {
  const at = (part: number): string[] => {
    const leaf = facts('aa', { notBefore: now - part * day, notAfter: now + (100 - part) * day });
    const late = installed({ issued: issued(leaf), renewAt: leaf.notBefore + 92 * day });
    return codes(assess({ memory: memory({ installed: late }) }));
  };
  assert.deepEqual(at(85), []);
  assert.ok(at(94).includes('renewal-critical'));
});

describe('a new key that somebody asks for', () => {
  const wish = (before: number): Partial<AssessInput> => ({
    certificate: certificate({ reissue: { before, because: 'the key was copied' } }),
  });
  const madeAt = now - 5 * day;
  const made = `${timestamp(madeAt).replaceAll(/[-:]/g, '')}-abcdef`;

  const of = (changes: Partial<NonNullable<ReturnType<typeof installed>>>): Partial<AssessInput> => ({
    memory: memory({ installed: installed({ issued: issued(facts('aa'), made), ...changes }) }),
    observation: observation({
      store: {
        ...store,
        current: made,
        generations: [made],
        leaves: { [made]: store.leaf?.fingerprint ?? '' },
      },
    }),
  });

  test('what was made before is replaced, and the reason is told', () => {
    const { need } = assess({ ...of({}), ...wish(madeAt + 1000) });
    assert.deepEqual(need, {
      kind: 'issue',
      because: 'a new key was asked for: the key was copied',
      demanded: [`reissue ${timestamp(madeAt + 1000)}`],
    });
  });

  test('what was made at that instant or later is not', () => {
    assert.notEqual(assess({ ...of({}), ...wish(madeAt) }).need.kind, 'issue');
  });

  test('it is asked once, also where the clock that wrote the wish is ahead of ours', () => {
    const before = madeAt + hour;
    assert.notEqual(
      assess({ ...of({ demanded: [`reissue ${timestamp(before)}`] }), ...wish(before) }).need.kind,
      'issue',
    );
    // Another wish is another one.
    assert.equal(
      assess({ ...of({ demanded: ['reissue 2026-01-01T00:00:00Z'] }), ...wish(before) }).need.kind,
      'issue',
    );
  });

  test('one for a later instant waits until then, and the next look is then', () => {
    const waiting = assess({ ...of({}), ...wish(now + 5000) });
    assert.notEqual(waiting.need.kind, 'issue');
    assert.equal(waiting.dueAt, now + 5000);
  });

  test('a name of a generation that tells no time, and no time of installation, is older than every wish', () => {
    const odd = of({ issued: { ...issued(facts('aa'), 'g1'), installedAt: null } });
    const seen = observation({ store: { ...store, current: 'g1', generations: ['g1'] } });
    assert.equal(assess({ ...odd, observation: seen, ...wish(madeAt) }).need.kind, 'issue');
  });

  test('what is retired, observed or stopped by policy is not replaced', () => {
    const asked = certificate({ reissue: { before: now - 1000, because: 'x' } });
    for (const changes of [
      { certificate: { ...asked, state: 'retired' as const } },
      { certificate: { ...asked, drift: 'observe' as const } },
      { certificate: asked, requestEvaluations: [blocked] },
    ])
      assert.notEqual(assess({ ...of({}), ...changes }).need.kind, 'issue');
  });
});
