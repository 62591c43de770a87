/** What a look may cost, and whose certificates it believes: whoever owns a name chooses how many addresses it has and what each of them sends. Verifications are counted, not timed. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import { noReach } from '../../daemon/core/reach.ts';
import { limits } from '../../daemon/limits.ts';
import { readInspection } from '../../daemon/targets/ssh/endpoint-output.ts';
import { observeHandshake } from '../../daemon/tls/prober.ts';
import { factsOf, judgeSent, type Judged } from '../../daemon/tls/trust.ts';
import { judgeChain, newEffort } from '../../daemon/x509/chain.ts';
import { derToPem } from '../../daemon/x509/pem.ts';
import { openWorkshop, type MadeBySsl } from '../fixtures/openssl.ts';

const shop = openWorkshop();
after(() => {
  shop.close();
});
const root = shop.ca('Root');
const name = 'shop.example.com';
const now = Date.now() + 3_600_000;

/** How often a signature of a certificate is verified from here on. */
function verifications(context: TestContext): () => number {
  const spy = context.mock.method(X509Certificate.prototype, 'verify');
  return () => spy.mock.callCount();
}

const onCurve = (curve: string): readonly string[] => [
  '-algorithm',
  'EC',
  '-pkeyopt',
  `ec_paramgen_curve:${curve}`,
];

/** Certificates of one name, so that any of them may have issued any other. */
function maze(count: number, curve: string): MadeBySsl[] {
  const made: MadeBySsl[] = [];
  for (let index = 0; index < count; index++) {
    const issuer = made.at(-1);
    made.push(
      shop.ca('X', {
        algorithm: onCurve(curve),
        extensions: ['basicConstraints=critical,CA:TRUE'],
        ...(issuer === undefined ? {} : { issuer }),
      }),
    );
  }
  return made;
}

test('all addresses of a name share what a look may spend, and what they show alike is verified once', async (context) => {
  const authorities = maze(14, 'P-256');
  const leaf = shop.leaf(authorities.at(-1) ?? root, name);
  const server = createServer({
    key: leaf.key,
    cert: [leaf, ...authorities.toReversed()].map(({ pem }) => pem).join(''),
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const many: LookupAddress[] = Array.from({ length: 8 }, () => ({ address: '127.0.0.1', family: 4 }));
  const count = verifications(context);
  const seen = await observeHandshake({
    address: { host: name, port, serverName: name },
    reach: { ...noReach, endpointNetworks: ['127.0.0.0/8'] },
    anchors: [root.pem],
    signal: AbortSignal.timeout(60_000),
    timeoutMs: 30_000,
    now,
    resolver: () => Promise.resolve(many),
  });
  assert.equal(seen.trust, 'untrusted');
  // Each of 14 by each of 14, the leaf by each, each by itself; one verdict alone asks for nearly as many.
  assert.ok(count() > 14 && count() <= 14 * 14 + 14 + 14, String(count()));
});

test('a dear curve counts as what it costs, over all verdicts of a look', (context) => {
  const authorities = maze(9, 'P-521').map(({ der }) => der);
  const count = verifications(context);
  const effort = newEffort(limits.tls.signaturesPerLookMax);
  // Each sends others of them: no verdict gains by the one before.
  for (let index = 0; index < authorities.length; index++) {
    const [leaf = root.der, ...intermediates] = [...authorities.slice(index), ...authorities.slice(0, index)];
    const anchors = [root.der];
    const verdict = judgeChain({ leaf, intermediates, anchors, anchorsAsDeclared: true, now, effort });
    assert.equal(verdict.verdict, 'untrusted');
  }
  assert.ok(effort.left >= 0 && effort.left < 12, String(effort.left));
  assert.equal(count(), limits.tls.signaturesPerLookMax / 12);
});

test('of a certificate for which nothing is left it is not said that it signed itself, and that is not kept', (context) => {
  const { der } = shop.ca('Alone', { algorithm: onCurve('P-521') });
  const count = verifications(context);
  assert.equal(factsOf(der, newEffort(11))?.selfSigned, false);
  assert.equal(count(), 0);
  assert.equal(factsOf(der, newEffort(100))?.selfSigned, true);
});

test('curves nobody needs are never verified with', (context) => {
  for (const algorithm of [
    onCurve('sect571r1'),
    [...onCurve('sect571r1'), '-pkeyopt', 'ec_param_enc:explicit'],
  ]) {
    const issuer = shop.ca('Dear', { algorithm });
    const leaf = shop.leaf(issuer, name);
    const count = verifications(context);
    const question = { leaf: leaf.der, intermediates: [issuer.der], anchors: [issuer.der], now };
    const { verdict, reason } = judgeChain({ ...question, anchorsAsDeclared: true });
    assert.deepEqual(
      [verdict, reason],
      ['untrusted', 'a certificate of the path has a key that nobody verifies with'],
    );
    assert.equal(factsOf(issuer.der)?.selfSigned, false);
    assert.equal(count(), 0);
  }
});

test('of an answer to inspect one certificate is verified, and no more of them are taken than the script shows', (context) => {
  const { pem, der } = shop.ca('Alone');
  const of = (generation: number): string =>
    `generation g${String(generation)}\nleaf g${String(generation)}\n${pem}end\n`;
  const broken = 'broken /etc/ssl/x\n'.repeat(5000);
  const text = `renewd-endpoint 4\ncurrent g899\n${Array.from({ length: 900 }, (_, index) => of(index)).join('')}${broken}`;
  const count = verifications(context);
  const seen = readInspection(text, 'web-01');
  assert.equal(count(), 1);
  assert.equal(seen.generations.length, limits.target.generationsShownMax);
  assert.equal(
    Object.keys(seen.leaves).length,
    limits.target.generationsShownMax + 1,
    'what is current is among them',
  );
  assert.equal(seen.leaf?.fingerprint, factsOf(der)?.fingerprint);
  assert.equal(seen.brokenLinks.length, limits.target.brokenLinksShownMax);
});

test('what one address sent is no evidence for another, nor for itself once it sends less', () => {
  const foreign = shop.ca('Foreign Root');
  const extensions = [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign',
    'subjectKeyIdentifier=hash',
  ];
  const shared = shop.csr('Shared', { extensions: [] });
  const right = shop.signCsr(root, shared.der, extensions);
  const wrong = shop.signCsr(foreign, shared.der, extensions);
  const leaf = shop.leaf({ key: shared.key, pem: derToPem(right), der: right }, name).der;
  let reads = 0;
  const sent = (at: string, chain: readonly Uint8Array[], later = 0): Judged =>
    judgeSent([leaf, wrong], () => (reads++, chain), {
      address: { port: 443, serverName: name },
      at,
      anchors: [root.pem],
      now: now + later,
      effort: newEffort(limits.tls.signaturesPerLookMax),
    });
  const whole = [leaf, wrong, right];
  assert.equal(sent('192.0.2.1', whole).trust, 'trusted');
  const other = sent('192.0.2.2', [leaf, wrong]);
  assert.deepEqual([other.trust, other.chain.length], ['untrusted', 2]);
  const less = sent('192.0.2.1', [leaf, wrong]);
  assert.deepEqual([less.trust, less.chain.length], ['untrusted', 2]);
  assert.equal(reads, 3);
  // What led nowhere is not read again within the hour: reading costs memory.
  assert.equal(sent('192.0.2.2', whole).trust, 'untrusted');
  assert.equal(reads, 3);
  assert.equal(sent('192.0.2.2', whole, limits.tls.sentKeptMs + 1).trust, 'trusted');
});
