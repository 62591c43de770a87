/** What an issuer returned and was not used: kept, judged again by the roots of now, and ordered anew only with a cause. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { Operation } from '../../daemon/core/installation-state.ts';
import type { StoredOperation } from '../../daemon/journal/journal.ts';
import { OperationError } from '../../daemon/ports/failure.ts';
import { issueCertificate } from '../../daemon/shell/issue.ts';
import type { Job } from '../../daemon/shell/operation.ts';
import type { World } from '../../daemon/shell/world.ts';
import { certificate } from '../core/sample.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const day = 86_400_000;
const workshop = openWorkshop();
after(() => {
  workshop.close();
});
const [right, wrong] = [workshop.ca('Right'), workshop.ca('Wrong')];
const csr = workshop.csr('shop.example.com').der;
const asked = certificate({ dnsNames: ['shop.example.com'], ipAddresses: [], lifetimeMs: null });

let offset: number;
let orders: number;
let issuing: typeof right;
let stored: StoredOperation;
beforeEach(() => {
  [offset, orders, issuing] = [0, 0, wrong];
  const operation = {
    id: '00',
    step: 'key-generated',
    installation: 'web/shop@web-01',
    dnsNames: asked.dnsNames,
    ipAddresses: [],
    csrSha256: null,
    because: 'asked',
    terms: { issuerBlob: 'i1', source: 'c' },
  } as unknown as Operation;
  stored = { operation, csr, handle: null, chain: null };
});

/** One try, with the roots and the declaration of the issuer as they are then. */
async function attempt(root: typeof right, blob = 'i1'): Promise<string> {
  const issue = (): Promise<unknown> => {
    orders++;
    const leaf = workshop.signCsr(issuing, Buffer.from(csr), [
      'subjectAltName=DNS:shop.example.com',
      'extendedKeyUsage=serverAuth',
    ]);
    return Promise.resolve({ state: 'issued', chain: [leaf] });
  };
  const job = {
    certificate: asked,
    installedChain: null,
    anchors: [root.pem],
    issuerSpec: {
      name: 'pebble',
      blob,
      source: { file: 'inventory/issuers/pebble.yaml', line: 1, column: 1 },
    },
    issuer: { issue, trustAnchors: () => Promise.resolve([root.pem]) },
    solver: null,
    terms: { issuerBlob: blob, source: 'd' },
  } as unknown as Job;
  const world = { now: () => Date.now() + offset } as unknown as World;
  try {
    const outcome = await issueCertificate(
      world,
      job,
      stored,
      (change, more = {}) => {
        stored = { ...stored, ...more, operation: { ...stored.operation, ...change } };
      },
      new AbortController().signal,
    );
    return outcome.state;
  } catch (error) {
    assert.ok(error instanceof OperationError);
    assert.equal(error.disposition, 'stall');
    assert.match(
      error.message,
      /correct roots in inventory\/issuers\/pebble\.yaml: .* \(renewd renew web\/shop/,
    );
    return error.code;
  }
}

test('tried again and again it costs no second order, for a week', async () => {
  for (let tries = 0; tries < 6; tries++) {
    assert.equal(await attempt(right), 'certificate-rejected');
    offset += day;
  }
  assert.equal(orders, 1);
  offset += 2 * day;
  issuing = right;
  assert.equal(await attempt(right), 'issued');
  assert.equal(orders, 2);
});

test('corrected roots take what was kept', async () => {
  assert.equal(await attempt(right), 'certificate-rejected');
  assert.equal(await attempt(wrong, 'i2'), 'issued');
  assert.equal(orders, 1);
});

test('another declaration that does not help is a cause for one new order', async () => {
  assert.equal(await attempt(right), 'certificate-rejected');
  for (let tries = 0; tries < 3; tries++) assert.equal(await attempt(right, 'i2'), 'certificate-rejected');
  assert.equal(orders, 2);
  assert.equal(stored.operation.terms?.issuerBlob, 'i2');
});
