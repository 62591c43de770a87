/** A certificate of a CA that ends: said in good time, louder towards the end, with what to do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { issuerEndDraft, issuerEndPhases, type IssuerEnd } from '../../daemon/core/issuer-end.ts';
import { renewalAfter } from '../../daemon/core/renewal.ts';
import { timestamp } from '../../daemon/core/timestamp.ts';
import { day, facts, issued, now } from './sample.ts';

const source = { file: 'inventory/issuers/internal-ca.yaml', line: 1, column: 1 };
const end = (changes: Partial<IssuerEnd> = {}): IssuerEnd => ({
  issuer: 'internal-ca',
  source,
  which: 'own-root',
  subject: 'CN=Example Root',
  notBefore: now,
  notAfter: now + 3650 * day,
  lifetimeMs: 90 * day,
  ...changes,
});
const leads = (each: IssuerEnd): readonly number[] => {
  const { warningAt, errorAt, criticalAt } = issuerEndPhases(each);
  return [warningAt, errorAt, criticalAt].map((at) => (each.notAfter - at) / day);
};

describe('the end of a certificate of a CA', () => {
  test('is said a lifetime of leaves and the time that people need before', () => {
    assert.deepEqual(leads(end()), [270, 90, 30]);
    assert.deepEqual(leads(end({ lifetimeMs: day })), [181, 90, 30]);
    assert.deepEqual(leads(end({ notAfter: now + 60 * day, lifetimeMs: 20 * day })), [32, 20, 10]);
    assert.deepEqual(leads(end({ which: 'root' })), [270, 90, 30]);
    assert.deepEqual(leads(end({ which: 'intermediate' })), [120, 90, 30]);
    assert.deepEqual(leads(end({ which: 'intermediate', lifetimeMs: 6 * day })), [36, 15, 5]);
    assert.deepEqual(
      leads(end({ which: 'intermediate', notAfter: now + 10 * day, lifetimeMs: day })),
      [3, 1, 0.5],
    );
  });

  test('is said before the first certificate is cut to it, whatever lives how long', () => {
    for (const life of [2, 30, 365, 3650])
      for (const leaf of [0.1, 1, 20, 90])
        for (const which of ['own-root', 'root', 'intermediate'] as const) {
          const [warning = 0, error = 0, critical = 0] = leads(
            end({ which, notAfter: now + life * day, lifetimeMs: leaf * day }),
          );
          assert.ok(warning > leaf && error >= leaf, `${which} ${String(life)} ${String(leaf)}`);
          assert.ok(warning >= error && error >= critical && critical > 0);
        }
  });

  test('is one finding that becomes louder, and says what to do and from when on leaves are cut', () => {
    const said = (left: number, changes: Partial<IssuerEnd> = {}) => {
      const each = end(changes);
      return issuerEndDraft(each, each.notAfter - left * day);
    };
    assert.equal(said(271), null);
    assert.deepEqual(
      [269, 89, 29, -1].map((left) => said(left)?.severity),
      ['warning', 'error', 'critical', 'critical'],
    );
    assert.equal(new Set([269, 89, 29, -1].map((left) => said(left)?.id)).size, 1);
    assert.match(said(269)?.message ?? '', /from \S+Z on no certificate lives longer than that/);
    assert.match(said(89)?.message ?? '', /each is renewed sooner than the one before/);
    assert.match(said(-1)?.message ?? '', /ended at .*nothing that was issued under it is good any more/);
    assert.match(said(1)?.remedy ?? '', /Declare its successor.*spec\.issuer/);
    assert.match(
      said(1, { which: 'root' })?.remedy ?? '',
      /under roots of issuer internal-ca beside the old one/,
    );
    assert.match(said(1, { which: 'intermediate' })?.remedy ?? '', /next intermediate/);
    assert.deepEqual(said(1)?.source, source);
  });
});

test('what ends at the same instant as what it renewed is not renewed at ever shorter intervals', () => {
  const hour = day / 24;
  const ending = (left: number) => ({
    ...issued(facts('aa')),
    notBefore: timestamp(now),
    notAfter: timestamp(now + left),
  });
  const pause = (left: number, previous: number | null): number =>
    renewalAfter({ issued: ending(left), previous: previous === null ? null : ending(previous) }, null, {
      random01: 0.5,
      now,
    }) - now;
  assert.equal(pause(day, null), day / 2);
  assert.equal(pause(day, day - hour), day / 2);
  assert.equal(pause(6 * day, 6 * day), 3 * day);
  assert.equal(pause(1.5 * day, 1.5 * day), 0.75 * day);
  assert.equal(pause(hour, hour), hour);
  assert.equal(pause(hour / 60, hour / 60), hour);
});
