/** Name constraints beside stock openssl: the same verdict for each pair, and where ours is stricter it stands here with the reason. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { extensionIds, type CertificateFields } from '../../daemon/x509/certificate.ts';
import { judgeChain } from '../../daemon/x509/chain.ts';
import { comparableNames } from '../../daemon/x509/distinguished-name.ts';
import { MalformedInput } from '../../daemon/x509/malformed.ts';
import { limits } from '../../daemon/limits.ts';
import { namesAllowed as allowedWithin } from '../../daemon/x509/name-constraints.ts';
import { nameConstraintsDer, readAddressRange } from '../../daemon/x509/name-constraints-write.ts';
import { der, name, sequence } from '../fixtures/der.ts';
import { openWorkshop } from '../fixtures/openssl.ts';

const workshop = openWorkshop();
after(workshop.close);
const root = workshop.ca('Root');
/** An hour on: what is made while these tests run, however long they take, is valid by then. */
const now = Date.now() + 3_600_000;
const csr = workshop.csr('any').der;

function opensslAccepts(chain: readonly Uint8Array[]): boolean {
  const paths = [root.der, ...chain].map((each, index) => {
    const path = join(workshop.directory, `verify-${String(index)}.pem`);
    writeFileSync(path, workshop.run(['x509', '-inform', 'DER'], each));
    return path;
  });
  const [anchor = '', leaf = '', middle = ''] = paths;
  try {
    workshop.run(['verify', '-CAfile', anchor, '-untrusted', middle, leaf]);
    return true;
  } catch {
    return false;
  }
}

describe('the verdict is that of openssl', () => {
  const table: readonly [string, string, boolean][] = [
    ['permitted;DNS:example.com', 'DNS:example.com', true],
    ['permitted;DNS:example.com', 'DNS:a.b.example.com', true],
    ['permitted;DNS:example.com', 'DNS:A.EXAMPLE.COM', true],
    ['permitted;DNS:example.com', 'DNS:*.example.com', true],
    ['permitted;DNS:example.com', 'DNS:badexample.com', false],
    ['permitted;DNS:example.com', 'DNS:a.example.com,DNS:a.example.org', false],
    ['permitted;DNS:example.com', 'IP:10.0.0.1', true],
    ['permitted;DNS:example.com', 'email:a@example.org', true],
    ['permitted;DNS:example.com,permitted;DNS:example.org', 'DNS:a.example.org', true],
    ['permitted;DNS:example.com,excluded;DNS:a.example.com', 'DNS:a.example.com', false],
    ['permitted;DNS:example.com,excluded;DNS:a.example.com', 'DNS:x.a.example.com', false],
    ['permitted;DNS:example.com,excluded;DNS:a.example.com', 'DNS:b.example.com', true],
    ['excluded;DNS:example.com', 'DNS:example.com.evil.org', true],
    ['permitted;IP:10.0.0.0/255.0.0.0', 'IP:10.255.255.255', true],
    ['permitted;IP:10.0.0.0/255.0.0.0', 'IP:11.0.0.0', false],
    ['permitted;IP:10.0.0.0/255.0.0.0', 'IP:2001:db8::1', false],
    ['excluded;IP:0.0.0.0/0.0.0.0', 'IP:1.2.3.4', false],
    ['excluded;IP:0.0.0.0/0.0.0.0', 'DNS:a.example.com', true],
    ['permitted;email:example.com', 'email:a@example.com', true],
    ['permitted;email:example.com', 'email:a@b.example.com', false],
    ['permitted;email:.example.com', 'email:a@b.example.com', true],
    ['permitted;email:a@example.com', 'email:b@example.com', false],
    ['permitted;URI:example.com', 'URI:https://example.com/x', true],
    ['permitted;URI:example.com', 'URI:https://a.example.com/x', false],
    ['permitted;URI:.example.com', 'URI:https://a.example.com/x', true],
    ['excluded;URI:example.com', 'URI:https://example.com/x', false],
  ];
  for (const [index, [constraint, names, expected]] of table.entries()) {
    test(`${constraint} and ${names}: ${expected ? 'yes' : 'no'}`, () => {
      const middle = workshop.ca(`Middle ${String(index)}`, {
        issuer: root,
        extensions: [
          'basicConstraints=critical,CA:TRUE',
          'keyUsage=critical,keyCertSign',
          `nameConstraints=critical,${constraint}`,
        ],
      });
      const leaf = workshop.signCsr(middle, csr, [`subjectAltName=${names}`, 'extendedKeyUsage=serverAuth']);
      const verdict = judgeChain({ leaf, intermediates: [middle.der], anchors: [root.der], now });
      assert.equal(verdict.verdict === 'trusted', expected, verdict.reason ?? '');
      assert.equal(opensslAccepts([leaf, middle.der]), expected, 'openssl');
    });
  }
});

/** With as much work as one verdict may cost. */
const namesAllowed = (ca: CertificateFields, of: CertificateFields): boolean =>
  allowedWithin(ca, of, { left: limits.x509.nameComparisonsMax });

/** A certificate as far as name constraints look at it. */
function certificate(options: {
  readonly subject?: Uint8Array;
  readonly names?: Uint8Array;
  readonly constraints?: Uint8Array;
}): CertificateFields {
  const extensions = new Map<string, { critical: boolean; value: Uint8Array }>();
  if (options.names !== undefined)
    extensions.set(extensionIds.subjectAltName, { critical: false, value: options.names });
  if (options.constraints !== undefined)
    extensions.set(extensionIds.nameConstraints, { critical: true, value: options.constraints });
  const empty = new Uint8Array();
  const time = { at: 0, isInDueForm: true };
  return {
    version: 3,
    serial: empty,
    issuer: sequence(),
    subject: options.subject ?? sequence(),
    notBefore: time,
    notAfter: time,
    spki: empty,
    hasUniqueIds: false,
    extensions,
    signedAlgorithm: empty,
    algorithm: empty,
  };
}

const subtree = (tag: number, value: Uint8Array): Buffer => sequence(der(tag, value));
const excludes = (...subtrees: readonly Uint8Array[]): Uint8Array => sequence(der(0xa1, ...subtrees));
const permits = (...subtrees: readonly Uint8Array[]): Uint8Array => sequence(der(0xa0, ...subtrees));

test('an excluded wildcard does not hide behind the name it would also serve (CVE-2025-61727)', () => {
  const ca = certificate({ constraints: excludes(subtree(0x82, Buffer.from('a.example.com'))) });
  const names = (text: string) => certificate({ names: sequence(der(0x82, Buffer.from(text))) });
  assert.equal(namesAllowed(ca, names('*.example.com')), false);
  assert.equal(namesAllowed(ca, names('*.b.example.com')), true);
});

test('an organisation is excluded in whatever string type, case and spacing it is written (RFC 5280 section 7.1)', () => {
  const organization = '2.5.4.10';
  const base = name([organization, 'Evil Trading', 0x13]);
  const ca = certificate({ constraints: excludes(subtree(0xa4, base)) });
  for (const [text, tag] of [
    ['Evil Trading', 0x13],
    ['Evil Trading', 0x0c],
    ['EVIL  TRADING', 0x0c],
    [' evil trading ', 0x16],
  ] as const) {
    assert.equal(
      namesAllowed(ca, certificate({ subject: name([organization, text, tag], ['2.5.4.3', 'x']) })),
      false,
      text,
    );
  }
  assert.equal(namesAllowed(ca, certificate({ subject: name([organization, 'Good Trading']) })), true);
  // Another type of attribute, or the same deeper in the name, is another name.
  assert.equal(namesAllowed(ca, certificate({ subject: name(['2.5.4.11', 'Evil Trading']) })), true);
});

test('names are compared as values, and texts cannot imitate the border between them', () => {
  const one = comparableNames(name(['2.5.4.10', 'a"],["2.5.4.3","b']));
  const two = comparableNames(
    sequence(der(0x31, ...[name(['2.5.4.10', 'a']), name(['2.5.4.3', 'b'])].map((each) => each.subarray(4)))),
  );
  assert.notDeepEqual(one, two);
});

describe('a constraint that is not understood refuses', () => {
  const names = sequence(der(0x82, Buffer.from('a.example.com')));
  const table: readonly [string, Uint8Array][] = [
    ['nothing at all', sequence()],
    ['an empty list', sequence(der(0xa0))],
    ['an unknown list', sequence(der(0xa2, subtree(0x82, Buffer.from('example.com'))))],
    ['a leading dot', permits(subtree(0x82, Buffer.from('.example.com')))],
    ['an IP mask with holes', permits(subtree(0x87, Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0)))],
    ['an IP address without mask', permits(subtree(0x87, Uint8Array.of(10, 0, 0, 0)))],
    ['a minimum', permits(sequence(der(0x82, Buffer.from('example.com')), der(0x80, Uint8Array.of(1))))],
    ['mail with two @', permits(subtree(0x81, Buffer.from('a@b@c')))],
  ];
  for (const [what, constraints] of table) {
    test(what, () => {
      assert.throws(() => namesAllowed(certificate({ constraints }), certificate({ names })), MalformedInput);
    });
  }
  test('a name of a kind that is constrained but not understood', () => {
    const other = sequence(der(0xa0, Buffer.from('x')));
    assert.equal(
      namesAllowed(
        certificate({ constraints: permits(subtree(0xa0, Buffer.from('x'))) }),
        certificate({ names: other }),
      ),
      false,
    );
    assert.equal(
      namesAllowed(
        certificate({ constraints: excludes(subtree(0xa0, Buffer.from('y'))) }),
        certificate({ names: other }),
      ),
      false,
    );
  });
  test('a URI without a host, when hosts are constrained either way', () => {
    const uri = certificate({ names: sequence(der(0x86, Buffer.from('urn:x:y'))) });
    const base = subtree(0x86, Buffer.from('example.com'));
    assert.equal(namesAllowed(certificate({ constraints: permits(base) }), uri), false);
    assert.equal(namesAllowed(certificate({ constraints: excludes(base) }), uri), false);
  });
});

test('2,000 names against 4,000 constraints are refused for the work they would cost', () => {
  const names = sequence(
    ...Array.from({ length: 2000 }, (_, index) => der(0x82, Buffer.from(`a${String(index)}.example.com`))),
  );
  const constraints = excludes(
    ...Array.from({ length: 3999 }, (_, index) => subtree(0x82, Buffer.from(`b${String(index)}.org`))),
  );
  assert.throws(
    () => namesAllowed(certificate({ constraints }), certificate({ names })),
    /too many names for too many/,
  );
});

test('what is written is what openssl reads, both families of addresses closed unless opened', () => {
  const ranges = ['10.0.0.0/8', '192.0.2.128/25']
    .map((text) => readAddressRange(text))
    .filter((each) => each !== null);
  const hex = Buffer.from(nameConstraintsDer(['example.com', 'internal'], ranges)).toString('hex');
  const middle = workshop.ca('Written', {
    issuer: root,
    extensions: ['basicConstraints=critical,CA:TRUE', `nameConstraints=critical,DER:${hex}`],
  });
  const text = workshop.run(['x509', '-noout', '-text'], middle.pem).toString();
  for (const line of [
    'DNS:example.com',
    'DNS:internal',
    'IP:10.0.0.0/255.0.0.0',
    'IP:192.0.2.128/255.255.255.128',
    'IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0',
  ]) {
    assert.ok(text.includes(line), line);
  }
  assert.ok(!text.includes('IP:0.0.0.0/0.0.0.0'));
});
