/** The rules with few cases: key algorithms, issuers, owners. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KeyAlgorithm, Team } from '../../../daemon/core/model.ts';
import { allowedIssuers } from '../../../daemon/core/rules/allowed-issuers.ts';
import { keyAlgorithms } from '../../../daemon/core/rules/key-algorithms.ts';
import { requiredOwner } from '../../../daemon/core/rules/required-owner.ts';
import type { Ruling, Stage } from '../../../daemon/core/rules/rule.ts';
import { certificate, facts, now } from '../sample.ts';
import { subject, team } from './team.ts';

describe('key-algorithms', () => {
  const settings = { algorithms: ['ecdsa-p256', 'rsa-3072'] };
  const judge = (stage: Stage, asked: KeyAlgorithm, seen: string | null = null): Ruling =>
    keyAlgorithms.judge(
      subject({
        stage,
        certificate: certificate({ key: { algorithm: asked } }),
        team: null,
        facts: seen === null ? null : facts('aa', { keyAlgorithm: seen }),
      }),
      settings,
      now,
    );
  test('a listed algorithm passes, another fails and a listed one is proposed', () => {
    assert.equal(judge('request', 'rsa-3072').verdict, 'pass');
    const ruling = judge('request', 'rsa-2048');
    assert.match(ruling.message, /rsa-2048 is not allowed .* ecdsa-p256, rsa-3072/);
    assert.match(ruling.fix, /algorithm: ecdsa-p256/);
  });
  test('a larger key of the same kind is not allowed by a smaller one, nor the other way round', () => {
    assert.equal(judge('request', 'rsa-4096').verdict, 'fail');
    assert.equal(judge('request', 'ecdsa-p384').verdict, 'fail');
  });
  test('what was issued is judged by its own key, not by what was declared', () => {
    assert.equal(judge('issued', 'ecdsa-p256', 'rsa-1024').verdict, 'fail');
    assert.equal(judge('observed', 'rsa-2048', 'ecdsa-p256').verdict, 'pass');
    assert.equal(judge('issued', 'ecdsa-p256', '1.2.840.113549.1.1.10').verdict, 'fail');
  });
  test('nothing to look at is not applicable', () => {
    assert.equal(judge('issued', 'ecdsa-p256').verdict, 'not-applicable');
  });
});

describe('allowed-issuers', () => {
  const judge = (issuer: string, issuers: readonly string[], owner: Team | null = team()): Ruling =>
    allowedIssuers.judge(subject({ certificate: certificate({ issuer }), team: owner }), { issuers }, now);
  test('a listed issuer passes, another fails by exact name', () => {
    assert.equal(judge('internal-ca', ['internal-ca']).verdict, 'pass');
    for (const issuer of ['internal', 'internal-ca2', 'Internal-CA'])
      assert.equal(judge(issuer, ['internal-ca']).verdict, 'fail', issuer);
  });
  test('a team is narrowed by its own document and never widened', () => {
    const narrow = team({ issuers: ['lets-encrypt', 'other'] });
    assert.match(
      judge('internal-ca', ['internal-ca', 'lets-encrypt'], narrow).message,
      /team web may not use issuer internal-ca/,
    );
    assert.equal(judge('lets-encrypt', ['internal-ca', 'lets-encrypt'], narrow).verdict, 'pass');
    assert.equal(judge('other', ['internal-ca'], narrow).verdict, 'fail');
  });
  test('an undeclared team does not open what the list closes', () => {
    assert.equal(judge('other', ['internal-ca'], null).verdict, 'fail');
  });
});

describe('required-owner', () => {
  const judge = (owner: Team | null): Ruling => requiredOwner.judge(subject({ team: owner }), {}, now);
  test('a team with an owner and a contact passes', () => {
    assert.equal(judge(team()).verdict, 'pass');
  });
  test('no team, no owner, no contact: each fails with the file to write in', () => {
    for (const owner of [null, team({ owners: [] }), team({ contacts: [] })]) {
      const ruling = judge(owner);
      assert.equal(ruling.verdict, 'fail');
      assert.match(ruling.fix, /inventory\/teams\/web\.yaml/);
    }
  });
});
