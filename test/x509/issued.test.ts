/** The certificate that comes back is compared with CSR and plan: each deviation made by the real openssl is named. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { checkCsr, readCsr } from '../../daemon/x509/csr.ts';
import { checkIssued } from '../../daemon/x509/issued.ts';
import { verifyChain } from '../../daemon/x509/chain.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const shop = openWorkshop();
after(shop.close);
const root = shop.ca('Root');
const middle = shop.ca('Middle', { issuer: root });
const name = 'shop.example.com';
const request = shop.csr(name);
const good = [
  `subjectAltName=DNS:${name}`,
  'extendedKeyUsage=serverAuth',
  'keyUsage=critical,digitalSignature',
];
// A little later than the certificates made below: their validity has begun.
/** An hour on: what is made while these tests run, however long they take, is valid by then. */
const now = Date.now() + 3_600_000;
const day = 86_400_000;

function deviations(
  extensions: readonly string[],
  changes: Partial<Parameters<typeof checkIssued>[0]> = {},
  days = 30,
): string[] {
  const leaf = shop.signCsr(middle, request.der, extensions, days);
  return checkIssued({
    chain: [leaf, middle.der],
    csr: request.der,
    subject: { dnsNames: [name], ipAddresses: [], usages: ['serverAuth'], lifetimeMs: null },
    trustAnchors: [root.der],
    now,
    ...changes,
  });
}

test('what was asked for is accepted', () => {
  assert.deepEqual(deviations(good), []);
});

describe('what is not what was asked for is named', () => {
  const table: readonly [
    string,
    readonly string[],
    Partial<Parameters<typeof checkIssued>[0]>,
    number,
    RegExp,
  ][] = [
    ['another key', good, { csr: shop.csr(name).der }, 30, /another key than the CSR/],
    [
      'one name too many',
      [`subjectAltName=DNS:${name},DNS:evil.example.com`, ...good.slice(1)],
      {},
      30,
      /has evil\.example\.com which was not asked for/,
    ],
    [
      'a name missing',
      [`subjectAltName=DNS:other.example.com`, ...good.slice(1)],
      {},
      30,
      /lacks shop\.example\.com/,
    ],
    [
      'a mail address beside',
      [`subjectAltName=DNS:${name},email:a@b.c`, ...good.slice(1)],
      {},
      30,
      /neither DNS names nor IP addresses/,
    ],
    ['a CA certificate', [...good, 'basicConstraints=critical,CA:TRUE'], {}, 30, /it is a CA certificate/],
    [
      'another purpose',
      [good[0] ?? '', 'extendedKeyUsage=codeSigning'],
      {},
      30,
      /not for serverAuth.*|also for/,
    ],
    [
      'a longer life',
      good,
      { subject: { dnsNames: [name], ipAddresses: [], usages: ['serverAuth'], lifetimeMs: 10 * day } },
      30,
      /lives longer than planned/,
    ],
    ['expired on arrival', good, { now: now + 40 * day }, 30, /has already expired/],
    ['from the future', good, { now: now - 40 * day }, 30, /begins in the future/],
    [
      'an unknown root',
      good,
      { trustAnchors: [shop.ca('Stranger').der] },
      30,
      /does not lead to a trusted root/,
    ],
    ['no chain', good, { chain: [] }, 30, /the chain is empty/],
    ['rubbish', good, { chain: [Buffer.from('hello')] }, 30, /cannot be read/],
  ];
  for (const [what, extensions, changes, days, expected] of table) {
    test(what, () => {
      assert.match(deviations(extensions, changes, days).join('; '), expected);
    });
  }
  test('a chain in the wrong order', () => {
    const leaf = shop.signCsr(middle, request.der, good);
    assert.match(
      deviations(good, { chain: [leaf, root.der, middle.der] }).join('; '),
      /was not issued by the next one/,
    );
  });
});

test('a CSR is compared with the plan before an issuer sees it', () => {
  const expected = { dnsNames: [name], ipAddresses: [], algorithm: 'ecdsa-p256' } as const;
  assert.equal(checkCsr(readCsr(request.der), expected), null);
  assert.match(
    checkCsr(readCsr(request.der), { ...expected, algorithm: 'rsa-2048' }) ?? '',
    /instead of rsa-2048/,
  );
  assert.match(
    checkCsr(readCsr(request.der), { ...expected, dnsNames: ['a.example.com', name] }) ?? '',
    /lacks a\.example\.com/,
  );
  const tampered = Uint8Array.from(request.der);
  tampered[tampered.length - 3] = (tampered.at(-3) ?? 0) ^ 1;
  assert.match(checkCsr(readCsr(tampered), expected) ?? '', /not signed by the key/);
  const evil = shop.csr(name, { extensions: [`subjectAltName=DNS:${name},DNS:evil.example.com`] });
  assert.match(checkCsr(readCsr(evil.der), expected) ?? '', /evil\.example\.com/);
});

test('a chain is trusted, incomplete or untrusted', () => {
  const leaf = shop.signCsr(middle, request.der, [
    ...good,
    'authorityInfoAccess=caIssuers;URI:http://ca.example.com/ca.crt',
  ]);
  const ask = (intermediates: readonly Uint8Array[], anchors: readonly Uint8Array[]) =>
    verifyChain({ leaf, intermediates, anchors, now, serverName: name });
  assert.equal(ask([middle.der], [root.der]), 'trusted');
  assert.equal(ask([], [root.der]), 'chain-incomplete');
  assert.equal(ask([middle.der], [shop.ca('Other').der]), 'untrusted');
  assert.equal(
    verifyChain({ leaf, intermediates: [], anchors: [root.der], known: [middle.der], now }),
    'chain-incomplete',
  );
});

test('name constraints of a CA bind what it signs', () => {
  const bound = shop.ca('Bound', {
    issuer: root,
    extensions: [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign',
      'nameConstraints=critical,permitted;DNS:example.org',
    ],
  });
  const leaf = shop.leaf(bound, name);
  assert.equal(
    verifyChain({ leaf: leaf.der, intermediates: [bound.der], anchors: [root.der], now }),
    'untrusted',
  );
  const inside = shop.leaf(bound, 'a.example.org');
  assert.equal(
    verifyChain({ leaf: inside.der, intermediates: [bound.der], anchors: [root.der], now }),
    'trusted',
  );
});

test('a maze of CAs of one name leads to no anchor', () => {
  const maze = Array.from({ length: 12 }, () => shop.ca('Same name', { issuer: root }));
  const leaf = shop.leaf(maze[0] ?? root, name);
  const verdict = verifyChain({
    leaf: leaf.der,
    intermediates: maze.map((each) => each.der),
    anchors: [shop.ca('Nobody').der],
    now,
  });
  assert.equal(verdict, 'untrusted');
});

test('a common name that a CSR may not have, a certificate may not have either, whatever it looks like', () => {
  for (const common of [
    'evil.example.com',
    'localhost',
    'evil.example.com ',
    ' ',
    'shop',
    `${name}.`,
    'a person',
    '10.0.0.1',
  ]) {
    const asked = shop.csr(common, { extensions: [`subjectAltName=DNS:${name}`] });
    const csr = checkCsr(readCsr(asked.der), { dnsNames: [name], ipAddresses: [], algorithm: 'ecdsa-p256' });
    assert.match(csr ?? '', /has the common name .*, which is not planned/, common);
    const chain = [shop.signCsr(middle, asked.der, good, 30), middle.der];
    assert.match(
      deviations(good, { csr: asked.der, chain }).join('; '),
      /has the common name .*, which was not asked for/,
      common,
    );
  }
  const asked = shop.csr(name.toUpperCase(), { extensions: [`subjectAltName=DNS:${name}`] });
  const chain = [shop.signCsr(middle, asked.der, good, 30), middle.der];
  assert.deepEqual(deviations(good, { csr: asked.der, chain }), []);
});
