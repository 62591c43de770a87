/** What of a certificate's declaration a plan sees, as whoever pushes meets it: no field comes into force beside the rules that ask for it. Real git, real signatures. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Certificate } from '../../daemon/core/model.ts';
import { certificate, control, endpoint, openSignedEstate, type SignedEstate } from './signed-estate.ts';

const file = 'inventory/certificates/web/shop.yaml';
const base = certificate('shop', 'shop.example.com');
const labelled = (labels: string): string => certificate('shop', 'shop.example.com', { labels });

let estate: SignedEstate;
/** One push of ada, who is of the team and of no other; what is held then, by its reasons. */
async function push(message: string, text: string): Promise<string[]> {
  estate.tree.commit({ [file]: text }, message, { by: estate.people['ada'] ?? null });
  await estate.push();
  const held = [...estate.memory().held.values()].filter((each) => each.tip.subject === message);
  return held.flatMap((each) => each.reasons.map((reason) => reason.code));
}
function shop(): Certificate {
  const found = estate.memory().desired?.certificates.get('web/shop');
  assert.ok(found !== undefined);
  return found;
}

describe('a reserved label', () => {
  before(async () => {
    estate = await openSignedEstate();
  });
  after(() => estate.close());

  test('is set in no number of steps, whatever other labels hold', async () => {
    assert.deepEqual(await push('Another label', labelled("a: 'x, env=prod'")), []);
    assert.deepEqual(shop().labels, { a: 'x, env=prod' });
    assert.deepEqual(await push('The reserved one', labelled('a: x, env: prod')), ['label-reserved']);
    assert.deepEqual(shop().labels, { a: 'x, env=prod' });
  });

  test('is taken away in no number of steps', async () => {
    assert.deepEqual(await push('Back', labelled("a: 'x, env=prod'")), []);
    estate.tree.commit({ [file]: labelled('a: x, env: prod') }, 'By pki', {
      by: estate.people['pia'] ?? null,
    });
    await estate.push();
    assert.deepEqual(shop().labels, { a: 'x', env: 'prod' });
    assert.deepEqual(await push('Hide it', labelled("a: 'x, env=prod'")), ['label-reserved']);
    assert.deepEqual(shop().labels, { a: 'x', env: 'prod' });
  });
});

describe('a declaration that was accepted and sleeps', () => {
  before(async () => {
    estate = await openSignedEstate();
    const asleep = certificate('shop', 'shop.example.com', { labels: 'env: prod', endpoint: 'web-02' });
    estate.tree.commit({ [file]: asleep }, 'By pki', { by: estate.people['pia'] ?? null });
    await estate.push();
    assert.deepEqual(shop().labels, {}, 'what was in force before goes on');
  });
  after(() => estate.close());

  test('keeps its reserved label, also where the older one in force has none', async () => {
    const without = certificate('shop', 'shop.example.com', { endpoint: 'web-02' });
    assert.deepEqual(await push('Take it off', without), ['label-reserved']);
    assert.deepEqual(await push('Take all of it back', base), ['label-reserved']);
  });

  test('may be changed by its team, and wakes with the label', async () => {
    const more = certificate('shop', 'shop.example.com', { labels: 'env: prod, a: b', endpoint: 'web-02' });
    assert.deepEqual(await push('Another label', more), []);
    const there = { 'inventory/endpoints/web-02.yaml': endpoint('web-02', 'web') };
    estate.tree.commit(there, 'The endpoint', { by: estate.people['pia'] ?? null });
    await estate.push();
    assert.deepEqual(shop().labels, { env: 'prod', a: 'b' });
  });
});

describe('an approval by certificate is asked for', () => {
  before(async () => {
    const every = control.replace(
      'certificates: { wildcard: true }',
      'certificates: { selector: { teams: [web] } }',
    );
    const prod = endpoint('web-02', 'web');
    estate = await openSignedEstate({
      'policies/change-control.yaml': every,
      'inventory/endpoints/web-02.yaml': prod,
    });
  });
  after(() => estate.close());

  const fields: Readonly<Record<string, string>> = {
    drift: base.replace('  issuer:', '  drift: report\n  issuer:'),
    released: base.replace('  issuer:', '  released: [web-09]\n  issuer:'),
    placement: base.replace('profile: store }', 'profile: store, placement: copy }'),
    parameters: base.replace('profile: store }', "profile: store, parameters: { a: 'x; web-02 store' } }"),
  };
  for (const [name, text] of Object.entries(fields)) {
    test(`when nothing but ${name} changes`, async () => {
      const was = shop();
      assert.deepEqual(await push(name, text), ['approval-missing']);
      assert.deepEqual(shop(), was);
      assert.deepEqual(await push(`${name} back`, base), []);
    });
  }

  test('and not when only the layout changes', async () => {
    assert.deepEqual(await push('layout', `${base}# a comment\n`), []);
    assert.equal(shop().blob, estate.tree.git('rev-parse', `HEAD:${file}`).trim());
  });
});
