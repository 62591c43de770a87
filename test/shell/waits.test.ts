/** What a wait knows of those that wait with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timestamp } from '../../daemon/core/timestamp.ts';
import type { Certificate } from '../../daemon/core/model.ts';
import type { Memory } from '../../daemon/shell/memory.ts';
import { waitsOn } from '../../daemon/shell/waits.ts';
import { certificate, day, facts, installation, issued, now } from '../core/sample.ts';

const ending = (days: number) => ({ ...issued(facts('aa')), notAfter: timestamp(now + days * day) });

function named(name: string, endpoint: string, changes: Partial<Certificate> = {}): Certificate {
  const id = `web/${name}`;
  const at = { ...installation, id: `${id}@${endpoint}`, certificate: id, endpoint };
  return certificate({ name, id, installations: [at], ...changes });
}

test('a wait that many share ends by the first of them to end, and one of a machine by those on it', () => {
  const declared = [
    named('long', 'web-01'),
    named('short', 'web-02'),
    named('new', 'web-03'),
    named('retired', 'web-01', { state: 'retired' }),
    named('elsewhere', 'web-01', { issuer: 'other-ca' }),
  ];
  const installations = new Map(
    Object.entries({
      'web/long@web-01': ending(60),
      'web/short@web-02': ending(2),
      'web/retired@web-01': ending(-9),
      'web/elsewhere@web-01': ending(1),
    }).map(([id, each]) => [id, { installed: { issued: each } }]),
  );
  const memory = {
    desired: { certificates: new Map(declared.map((each) => [each.id, each])) },
    withdrawn: new Map(),
    installations,
    operations: new Map([['web/new@web-03', { operation: { issued: ending(20) } }]]),
    attempts: new Map(),
    byEndpoint: new Map([
      ['web-01', new Set(['web/long', 'web/retired', 'web/elsewhere'])],
      ['web-02', new Set(['web/short'])],
    ]),
  } as unknown as Memory;
  const nothing = new Map();
  const waits = waitsOn(memory, {
    desired: { endpoints: nothing, issuers: nothing, profiles: nothing },
    certificate: () => null,
    stamps: nothing,
  });
  const left = (subject: string): number | null => {
    const end = waits.endsAt(subject);
    return end === null ? null : (end - now) / day;
  };
  assert.equal(left('installation:web/long@web-01'), 60);
  assert.equal(left('installation:web/new@web-03'), 20);
  assert.equal(left('installation:web/unknown@web-01'), null);
  assert.equal(left('issuer:internal-ca'), 2);
  assert.equal(left('issuer:other-ca'), 1);
  assert.equal(left('endpoint:web-01'), 1);
  assert.equal(left('endpoint:web-02'), 2);
});
