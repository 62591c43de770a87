import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitMessage, describeChange } from '../../daemon/core/audit-line.ts';
import type { FindingDraft } from '../../daemon/core/assess.ts';
import { certificateRecord, repositoryFindings } from '../../daemon/core/record.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { assessment, certificate, day, facts, handshake, installed, issued, now } from './sample.ts';

const drifted: FindingDraft = {
  id: 'web/shop@web-01 store-changed',
  code: 'store-changed',
  severity: 'error',
  certificate: 'web/shop',
  installation: 'web/shop@web-01',
  endpoint: 'web-01',
  address: null,
  message: 'the certificate file was changed',
  remedy: 'look',
  expected: 'aa',
  observed: 'bb',
  rule: null,
  source: null,
};

function record(
  previous: CertificateRecord | null,
  at: number,
  changes: Parameters<typeof assessment>[0] = {},
  holds = installed(),
): CertificateRecord {
  return certificateRecord({
    certificate: certificate(),
    withdrawn: false,
    assessments: [assessment(changes)],
    installed: new Map([['web/shop@web-01', holds]]),
    previous,
    now: at,
  });
}

test('the same facts later give the same bytes: nothing in a record changes by itself', () => {
  const first = record(null, now);
  assert.equal(JSON.stringify(record(first, now + 30 * day)), JSON.stringify(first));
});

test('a status, a finding and an address keep their since while they last, and get a new one when they come back', () => {
  const first = record(null, now, { status: 'drift', findings: [drifted] });
  const second = record(first, now + day, { status: 'drift', findings: [drifted] });
  assert.equal(second.findings[0]?.since, '2026-06-01T00:00:00Z');
  assert.equal(second.since, '2026-06-01T00:00:00Z');
  const mended = record(second, now + 2 * day);
  assert.equal(mended.since, '2026-06-03T00:00:00Z');
  const again = record(mended, now + 3 * day, { status: 'drift', findings: [drifted] });
  assert.equal(again.findings[0]?.since, '2026-06-04T00:00:00Z');
});

test('an address that shows another certificate gets a new since', () => {
  const first = record(null, now);
  const other = facts('bb');
  const second = record(first, now + day, {
    addresses: [{ handshake: handshake(other), result: 'served-unknown', message: '', remedy: '' }],
  });
  assert.equal(second.installations[0]?.addresses[0]?.since, '2026-06-02T00:00:00Z');
  assert.equal(second.installations[0]?.addresses[0]?.fingerprint, other.fingerprint);
});

test('labels are written in one order whatever the order of the declaration', () => {
  const labels = (value: Record<string, string>): string =>
    JSON.stringify(
      certificateRecord({
        certificate: certificate({ labels: value }),
        withdrawn: false,
        assessments: [assessment()],
        installed: new Map(),
        previous: null,
        now,
      }).declaration.labels,
    );
  assert.equal(labels({ b: '1', a: '2' }), labels({ a: '2', b: '1' }));
});

test('the audit line says what a person would say', () => {
  const first = record(null, now);
  assert.equal(
    describeChange(null, first),
    'certificate web/shop: issued, serial 00aa, served by web-01 (shop.example.com:443)',
  );
  const next = installed({ issued: issued(facts('cc'), 'g2') });
  assert.match(
    describeChange(first, record(first, now + day, {}, next)) ?? '',
    /^certificate web\/shop: renewed, serial 00cc/,
  );
  const lost = record(first, now + day, {
    status: 'drift',
    addresses: [{ handshake: handshake(facts('bb')), result: 'served-unknown', message: '', remedy: '' }],
  });
  assert.equal(describeChange(first, lost), 'certificate web/shop: shop.example.com:443 served-unknown');
  assert.equal(describeChange(lost, first), 'certificate web/shop: shop.example.com:443 serves it again');
  assert.equal(describeChange(first, first), null);
});

test('one phrase is the subject; many are counted and listed', () => {
  assert.equal(commitMessage(['one'], [], 3), 'one\n');
  assert.equal(commitMessage(['one', 'two'], [], 3), '2 certificates changed\n\none\ntwo\n');
  const many = commitMessage(
    Array.from({ length: 10_000 }, (_, index) => `phrase ${String(index)}`),
    [],
    10_000,
  );
  assert.ok(many.split('\n').length < 110);
  assert.match(many, /^10000 certificates changed\n[^]*and 9900 more\n$/);
  assert.equal(commitMessage([], ['change abc: accepted, Ask'], 1), 'change abc: accepted, Ask\n');
  assert.equal(commitMessage([], [], 1), 'records: 1 file brought up to date\n');
});

test('findings of the repository keep their since too', () => {
  const draft = { ...drifted, id: 'repository history-rewritten' };
  const first = repositoryFindings([draft], null, now);
  assert.deepEqual(repositoryFindings([draft], first, now + day), first);
  assert.deepEqual(repositoryFindings([], first, now + day).findings, []);
});
