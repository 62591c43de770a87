/** What approvals are bound to, and what they are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangePlan, PlannedStep } from '../../daemon/core/change-plan.ts';
import { planHash } from '../../daemon/shell/in-force.ts';

const step: PlannedStep = {
  action: 'issue',
  installation: 'web/shop@web-01',
  endpoint: 'web-01',
  host: 'web-01:22',
  profile: 'nginx',
  profileFrom: 'repository',
  commands: [['nginx', '-t']],
  serves: ['shop.example.com:443'],
  because: 'declared and not yet installed',
};
const plan = (changes: Partial<PlannedStep> = {}, names = ['shop.example.com']): ChangePlan => ({
  apiVersion: 'renewd/v1',
  kind: 'ChangePlan',
  documents: [{ path: 'inventory/certificates/web/shop.yaml', before: null, after: 'a'.repeat(40) }],
  certificates: [
    {
      certificate: 'web/shop',
      change: 'requested',
      file: 'f',
      line: 1,
      dnsNames: names,
      issuer: 'ca',
      keyAlgorithm: 'ecdsa-p256',
      fields: [],
      steps: [{ ...step, ...changes }],
    },
  ],
  resources: [],
  orders: [],
});
const hash = (
  changes: Partial<PlannedStep> = {},
  names?: string[],
  judging = ['policies/a.yaml b'],
): string => planHash(plan(changes, names), judging);

test('another name, server, command of the repository or judging document is another hash', () => {
  const all = [
    hash(),
    hash({}, ['pay.example.com']),
    hash({ host: 'web-02:22' }),
    hash({ commands: [['sh', '-c', 'x']] }),
    hash({}, undefined, ['policies/a.yaml c']),
  ];
  assert.equal(new Set(all).size, all.length);
  assert.equal(hash(), hash());
});

test('the commands of a profile that comes with renewd may change with renewd', () => {
  assert.equal(
    hash({ profileFrom: 'renewd' }),
    hash({ profileFrom: 'renewd', commands: [['nginx', '-t', '-q']] }),
  );
  assert.notEqual(hash({ profileFrom: 'renewd' }), hash());
});
