/** What an address showed before a switch and shows after it, and what the switch is taken back for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amissIn, isAsBefore, isBehind, reasonToStay } from '../../daemon/core/going-back.ts';
import { operationSteps } from '../../daemon/core/installation-state.ts';
import type { Handshake } from '../../daemon/core/model.ts';
import { day, facts, handshake, installed, issued, now } from './sample.ts';

const [old, fresh, foreign, before] = [facts('aa'), facts('bb'), facts('cc'), facts('dd')];
const had = installed({ previous: issued(before, 'g0') });
const dead = (result: 'connection-failed' | 'handshake-failed' | 'address-refused', at?: string): Handshake =>
  handshake(null, { failure: { result, detail: 'no' }, ...(at === undefined ? {} : { at }) });

const table: readonly [string, Handshake, Handshake, boolean][] = [
  ['nobody listens, nobody listens', dead('connection-failed'), dead('connection-failed'), true],
  ['nobody listens, then it fails otherwise', dead('connection-failed'), dead('handshake-failed'), false],
  ['it worked, nobody listens', handshake(old), dead('connection-failed'), false],
  ['another certificate, the same', handshake(foreign), handshake(foreign), true],
  ['another certificate, one more', handshake(foreign), handshake(facts('ee')), false],
  ['the certificate of then, still', handshake(old), handshake(old), false],
  ['the one before it, still', handshake(before), handshake(before), false],
  [
    'untrusted, untrusted',
    handshake(old, { trust: 'untrusted' }),
    handshake(fresh, { trust: 'untrusted' }),
    true,
  ],
  ['trusted, untrusted', handshake(old), handshake(fresh, { trust: 'untrusted' }), false],
  [
    'another name, another name',
    handshake(facts('aa', { dnsNames: ['x.example.com'] })),
    handshake(facts('bb', { dnsNames: ['x.example.com'] })),
    true,
  ],
  ['nobody may look there', dead('address-refused'), dead('connection-failed'), false],
  [
    'dead at one address of the name, then at another',
    dead('connection-failed', '192.0.2.1'),
    dead('connection-failed', '192.0.2.2'),
    false,
  ],
];
for (const [name, then, after, alike] of table)
  test(`${name}: ${alike ? 'as before' : 'not as before'}`, () => {
    assert.equal(isAsBefore(after, amissIn([then], had, now), fresh.fingerprint, now), alike);
  });

test('where nothing was installed, what is shown is what is to be replaced, and a dead address is dead', () => {
  assert.deepEqual(amissIn([handshake(foreign)], null, now), []);
  assert.equal(amissIn([dead('connection-failed')], null, now).length, 1);
});

test('an address is behind while it shows what was installed, and clients take it', () => {
  assert.equal(isBehind(handshake(old), had, now), true);
  assert.equal(isBehind(handshake(old), had, old.notAfter), false);
  assert.equal(isBehind(handshake(fresh), had, now), false);
  assert.equal(isBehind(dead('connection-failed'), had, now), false);
});

test('to what has expired nothing is taken back once the server accepted the new one', () => {
  const switched = { generation: 'g2', before: 'g1', repairs: false };
  for (const step of operationSteps) {
    assert.equal(reasonToStay({ ...switched, step }, had, old.notAfter - 1), null);
    const stays = ['tested', 'reloaded', 'proved'].includes(step);
    assert.equal(reasonToStay({ ...switched, step }, had, old.notAfter) !== null, stays, step);
    for (const changes of [{ before: null }, { before: 'adopted' }, { before: 'g2' }, { repairs: true }])
      assert.equal(reasonToStay({ ...switched, step, ...changes }, had, old.notAfter + day), null);
  }
});
