/** When the handshakes after an installation count as a proof. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proveServed } from '../../daemon/shell/prove.ts';
import { amissIn, type Amiss } from '../../daemon/core/going-back.ts';
import type { Installed } from '../../daemon/core/installation-state.ts';
import type { Job } from '../../daemon/shell/operation.ts';
import type { World } from '../../daemon/shell/world.ts';
import type { Handshake } from '../../daemon/core/model.ts';
import { certificate, facts, handshake, installation, installed, issued, now } from '../core/sample.ts';

const leaf = facts('aa');
const second = { host: 'b.example.com', port: 443, serverName: 'shop.example.com' };

interface Before {
  readonly installed?: Installed;
  readonly amiss?: readonly Amiss[];
}

async function proved(answers: readonly Handshake[], before: Before = {}): Promise<number | null> {
  const serves = answers.map((each) => each.address);
  let index = 0;
  const world = {
    now: () => now,
    handshake: () => Promise.resolve(answers[index++ % answers.length]),
  } as unknown as World;
  const job = {
    installation: { ...installation, serves },
    certificate: certificate(),
    profile: {
      settleMs: 0,
      links: [],
      parameters: {},
      files: [{ name: 'fullchain.pem', content: 'fullchain' }],
    },
    store: { placement: { store: '/var/lib/renewd/web/shop', links: [], copied: false, words: {} } },
    installed: before.installed ?? null,
    reach: null,
    anchors: null,
  } as unknown as Job;
  return proveServed(world, job, leaf.fingerprint, before.amiss ?? [], new AbortController().signal);
}

test('it is proved when it was seen', async () => {
  assert.equal(await proved([handshake(leaf)]), now);
});

test('where no address is declared nothing was proved', async () => {
  assert.equal(await proved([]), null);
});

test('an address nobody may look at proves nothing, and undoes nothing', async () => {
  const refused = { result: 'address-refused', detail: 'not allowed' } as const;
  assert.equal(await proved([handshake(null, { failure: refused })]), null);
});

test('another certificate is a failure that says where', async () => {
  await assert.rejects(
    proved([handshake(facts('bb'))]),
    /shop\.example\.com:443.*\/var\/lib\/renewd\/web\/shop\/current\/fullchain\.pem/,
  );
});

const beside = (seen: Handshake, ...more: readonly Handshake[]): Handshake => ({ ...seen, others: more });
const unseen = handshake(null, {
  at: '192.0.2.7',
  failure: { result: 'address-refused', detail: 'leads to 192.0.2.7, which is not allowed' },
});

test('a name of which one address may not be looked at is not proved by the others, in either order', async () => {
  assert.equal(await proved([beside(handshake(leaf), unseen)]), null);
  assert.equal(await proved([beside(unseen, handshake(leaf))]), null);
  assert.equal(await proved([beside(handshake(leaf), handshake(leaf))]), now);
});

test('and what is wrong at the others is wrong all the same', async () => {
  await assert.rejects(
    proved([beside(unseen, handshake(leaf), handshake(facts('bb')))]),
    /shop\.example\.com:443/,
  );
});

test('a dead address of two undoes nothing where it was dead before, and proves nothing', async () => {
  const amiss = amissIn([handshake(null)], installed(), now);
  const [good, bad] = [handshake(leaf, { address: second }), handshake(null)];
  await assert.rejects(proved([good, bad]), /no certificate was received/);
  assert.equal(await proved([good, bad], { amiss }), null);
  // Alone, and as one address of a name.
  assert.equal(await proved([bad], { amiss }), null);
  assert.equal(await proved([beside(handshake(leaf, { at: '192.0.2.7' }), bad)], { amiss }), null);
});

test('an address that still shows the one before undoes nothing while another shows the new one', async () => {
  const had = installed({ issued: issued(facts('bb')) });
  const [good, behind] = [handshake(leaf, { address: second }), handshake(facts('bb'))];
  assert.equal(await proved([good, behind], { installed: had }), null);
  await assert.rejects(proved([behind], { installed: had }), /from before the last renewal/);
  await assert.rejects(proved([good, handshake(facts('cc'))], { installed: had }), { code: 'not-served' });
});
