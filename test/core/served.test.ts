/** One word for one handshake: which fact outranks which. The same words from real servers are in `test/tls/`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { findingCodes } from '../../daemon/core/finding-codes.ts';
import type { CertificateFacts, Handshake, ServedResult } from '../../daemon/core/model.ts';
import {
  judgeHandshake,
  severityOrder,
  worstAddress,
  type ServedExpectation,
} from '../../daemon/core/served.ts';
import { day, facts, handshake, now } from './sample.ts';

const current = facts('aa');
const previous = facts('bb');
const elsewhere = facts('cc');
const stranger = facts('dd', { subject: 'CN=stranger', issuer: 'CN=Somebody', serial: '0d' });

const expectation: ServedExpectation = {
  current: current.fingerprint,
  previous: previous.fingerprint,
  known: new Map([[elsewhere.fingerprint, 'web/blog@web-01']]),
  now,
};

function judge(
  leaf: CertificateFacts | null,
  changes: Partial<Handshake> = {},
  expected: Partial<ServedExpectation> = {},
): ReturnType<typeof judgeHandshake> {
  return judgeHandshake(handshake(leaf, changes), { ...expectation, ...expected });
}

const word = (...parameters: Parameters<typeof judge>): ServedResult => judge(...parameters).result;
const past = { notBefore: now - 10 * day, notAfter: now - 1 };
/** Two clocks that are right differ by less. */
const skew = 600_000;
const future = { notBefore: now + skew + 1, notAfter: now + day };
const foreignName = { dnsNames: ['other.example.com'] };

describe('the words', () => {
  test('the certificate that was issued, verified, is the only match', () => {
    assert.equal(word(current), 'served-match');
  });
  test('the one before, one of another installation, one of nobody', () => {
    assert.equal(word(previous), 'served-previous');
    assert.equal(word(elsewhere), 'served-other-known');
    assert.equal(word(stranger), 'served-unknown');
  });
  test('the message names the stranger, its issuer, and where the known one belongs', () => {
    assert.match(judge(stranger).message, /shop\.example\.com:443 .*CN=stranger .*0d.*CN=Somebody/);
    assert.match(judge(elsewhere).message, /web\/blog@web-01/);
    assert.match(judge(facts('ee', { selfSigned: true })).message, /issued by itself/);
  });
  test('a chain that does not verify, is incomplete, or that nobody judged is no match', () => {
    assert.equal(word(current, { trust: 'untrusted' }), 'untrusted');
    assert.equal(word(current, { trust: 'chain-incomplete' }), 'chain-incomplete');
    assert.equal(word(current, { trust: 'not-judged' }), 'trust-unknown');
    const { message } = judge(current, {
      trust: 'untrusted',
      distrust: 'a certificate of the path has expired',
    });
    assert.match(message, /trusted root: a certificate of the path has expired$/);
  });
  test('each failure keeps its word and says where', () => {
    for (const result of [
      'no-certificate',
      'handshake-failed',
      'connection-failed',
      'name-unresolved',
    ] as const) {
      const judged = judge(null, { failure: { result, detail: 'because' }, trust: 'not-judged' });
      assert.equal(judged.result, result);
      assert.match(judged.message, /^shop\.example\.com:443 \(shop\.example\.com\): because$/);
    }
    assert.equal(word(null, { trust: 'not-judged' }), 'handshake-failed');
  });
});

describe('the boundaries', () => {
  test('at its last millisecond it is valid, one later it is expired', () => {
    assert.equal(word(facts('aa', { notAfter: now })), 'served-match');
    assert.equal(word(facts('aa', { notAfter: now - 1 })), 'expired');
  });
  test('at its first millisecond it is valid, one before it is not', () => {
    assert.equal(word(facts('aa', { notBefore: now })), 'served-match');
    assert.equal(word(facts('aa', { notBefore: now + skew + 1 })), 'not-yet-valid');
    assert.equal(
      word(facts('aa', { notBefore: now + skew })),
      'served-match',
      'a clock a little ahead of ours',
    );
  });
});

describe('what outranks what: that which stops clients now comes first', () => {
  const order: readonly [ServedResult, Partial<CertificateFacts>, Partial<Handshake>][] = [
    ['expired', { ...past, ...foreignName }, { trust: 'untrusted' }],
    ['not-yet-valid', { ...future, ...foreignName }, { trust: 'untrusted' }],
    ['name-mismatch', foreignName, { trust: 'untrusted' }],
    ['served-unknown', {}, { trust: 'untrusted' }],
  ];
  for (const [result, leaf, changes] of order) {
    test(`${result} is said before anything below it`, () => {
      assert.equal(word(facts('dd', leaf), changes), result);
    });
  }
  test('also of the certificate that was issued', () => {
    assert.equal(word(facts('aa', { ...past, ...foreignName })), 'expired');
    assert.equal(word(facts('aa', foreignName)), 'name-mismatch');
  });
});

describe('while renewd has installed nothing', () => {
  const nothing = { current: null, previous: null };
  test('a good certificate is only unknown, and what stops clients is said as ever', () => {
    assert.equal(word(stranger, {}, nothing), 'served-unknown');
    assert.equal(word(stranger, { trust: 'untrusted' }, nothing), 'untrusted');
    assert.equal(word(stranger, { trust: 'chain-incomplete' }, nothing), 'chain-incomplete');
    assert.equal(word(facts('dd', past), {}, nothing), 'expired');
    assert.equal(word(facts('dd', foreignName), {}, nothing), 'name-mismatch');
  });
  test('no handshake is ever a match', () => {
    fc.assert(
      fc.property(fc.constantFrom(current, previous, elsewhere, stranger), (leaf) => {
        assert.notEqual(word(leaf, {}, nothing), 'served-match');
      }),
    );
  });
});

test('a match needs all of it: the fingerprint, the time, the name and the verified chain', () => {
  const leaf = fc
    .tuple(
      fc.constantFrom('aa', 'bb', 'cc', 'dd'),
      fc.record({
        notBefore: fc.integer({ min: now - day, max: now + day }),
        notAfter: fc.integer({ min: now - day, max: now + day }),
        dnsNames: fc.constantFrom(['shop.example.com'], ['*.example.com'], ['example.com'], []),
      }),
    )
    .map(([fingerprint, changes]) => facts(fingerprint, changes));
  const trust = fc.constantFrom<Handshake['trust']>('trusted', 'chain-incomplete', 'untrusted', 'not-judged');
  fc.assert(
    fc.property(leaf, trust, (seen, verdict) => {
      const isMatch =
        seen.fingerprint === current.fingerprint &&
        seen.notBefore <= now &&
        now <= seen.notAfter &&
        ['shop.example.com', '*.example.com'].includes(seen.dnsNames[0] ?? '') &&
        verdict === 'trusted';
      assert.equal(word(seen, { trust: verdict }) === 'served-match', isMatch);
    }),
  );
});

test('every word stands once in the order of severity, with a finding code and a next step of its own', () => {
  assert.equal(new Set(severityOrder).size, severityOrder.length);
  assert.equal(severityOrder[0], 'served-match');
  for (const result of severityOrder) assert.ok(findingCodes[result].remedy.length > 0, result);
  const remedies = Object.values(findingCodes).map((kind) => kind.remedy);
  assert.equal(new Set(remedies).size, remedies.length);
  assert.ok(
    Object.keys(findingCodes)
      .slice(0, severityOrder.length)
      .every((code) => severityOrder.some((result) => result === code)),
  );
});

describe('addresses that nobody looked at', () => {
  const refused = (at: string): Handshake =>
    handshake(null, {
      at,
      failure: { result: 'address-refused', detail: `leads to ${at}, which is not allowed` },
    });
  const match = handshake(current, { at: '192.0.2.1' });

  test('are no match, whatever the others show, and each is named', () => {
    for (const each of [
      { ...match, others: [refused('192.0.2.2'), refused('192.0.2.3')] },
      { ...refused('192.0.2.2'), others: [match, refused('192.0.2.3')] },
    ]) {
      const { result, message, handshake: shown } = worstAddress(each, expectation);
      assert.equal(result, 'address-refused');
      assert.match(message, /192\.0\.2\.2.*192\.0\.2\.3/);
      assert.equal(shown.others?.length, 2);
    }
  });

  test('hide nothing that was seen at another', () => {
    const others = [handshake(previous, { at: '192.0.2.9' }), refused('192.0.2.2')];
    const { result, message, handshake: shown } = worstAddress({ ...match, others }, expectation);
    assert.equal(result, 'served-previous');
    assert.equal(shown.leaf, previous);
    assert.match(message, /at 192\.0\.2\.9 .*192\.0\.2\.2, which is not allowed/);
  });
});
