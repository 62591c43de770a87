/** Names and addresses: which names a certificate speaks for, and one text for one address. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalIpAddress, formatIpAddress, ipAddressBytes } from '../../daemon/x509/ip-address.ts';
import { inAddressRange, readAddressRange } from '../../daemon/x509/name-constraints-write.ts';
import { isCertifiableName, matchesServerName } from '../../daemon/x509/server-name.ts';

const speaks = (dnsNames: string[], asked: string, ipAddresses: string[] = []): boolean =>
  matchesServerName({ dnsNames, ipAddresses, others: 0 }, asked);

test('a name speaks for itself in any case, and with the dot of the root', () => {
  assert.ok(speaks(['shop.example.com'], 'Shop.Example.COM'));
  assert.ok(speaks(['shop.example.com'], 'shop.example.com.'));
  assert.ok(!speaks(['shop.example.com'], 'example.com'));
  assert.ok(!speaks(['example.com'], 'shop.example.com'));
});

test('a wildcard is one whole leftmost label: not none, not two, not a part', () => {
  assert.ok(speaks(['*.example.com'], 'shop.example.com'));
  assert.ok(!speaks(['*.example.com'], 'example.com'));
  assert.ok(!speaks(['*.example.com'], 'a.b.example.com'));
  assert.ok(!speaks(['s*.example.com'], 'shop.example.com'));
  assert.ok(!speaks(['shop.*.com'], 'shop.example.com'));
  assert.ok(!speaks(['*'], 'localhost'));
  assert.ok(!speaks(['*.*.com'], 'a.b.com'));
});

test('an address is asked for as an address: never by wildcard, never by a DNS name that looks like it', () => {
  assert.ok(speaks([], '192.0.2.1', ['192.0.2.1']));
  assert.ok(speaks([], '[2001:DB8:0::1]', ['2001:db8::1']));
  assert.ok(!speaks(['192.0.2.1'], '192.0.2.1'));
  assert.ok(!speaks(['*.0.2.1'], '192.0.2.1'));
});

test('a name may have 63 characters a label and 253 in all, and no more', () => {
  assert.ok(isCertifiableName(`${'a'.repeat(63)}.example`));
  assert.ok(!isCertifiableName(`${'a'.repeat(64)}.example`));
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.`;
  assert.ok(isCertifiableName(long + 'd'.repeat(61)));
  assert.ok(!isCertifiableName(long + 'd'.repeat(62)));
});

test('what is no host name is none', () => {
  for (const name of [
    '',
    '.',
    '.a',
    'a.',
    'a..b',
    '-a.b',
    'a-.b',
    'a b',
    'ä.de',
    'a\\x00.b',
    '*',
    '*a.b',
    '1.2.3.4',
    '127.1',
    'a.0x7f000001',
    'a.7',
    '_acme.a.b',
    'a_b.c',
    '*.com',
  ])
    assert.ok(!isCertifiableName(name), JSON.stringify(name));
  for (const name of ['a', 'a.b', '*.a.b', 'xn--mnchen-3ya.de', '3com.com'])
    assert.ok(isCertifiableName(name), name);
});

test('a hostile name costs linear work', () => {
  for (const name of ['a'.repeat(65_536), 'a.'.repeat(32_768), `${'a-'.repeat(32_768)}!`, '-'.repeat(65_536)])
    assert.equal(isCertifiableName(name), false);
});

test('property: an address has one text, and text and bytes are each other', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
      ),
      (bytes) => {
        const text = formatIpAddress(bytes);
        assert.notEqual(isIP(text), 0);
        assert.equal(canonicalIpAddress(text), text);
        assert.equal(canonicalIpAddress(text.toUpperCase()), text);
        assert.deepEqual(ipAddressBytes(text), Uint8Array.from(bytes));
      },
    ),
    { numRuns: 1000 },
  );
});

test('texts that only look like addresses are none', () => {
  for (const text of [
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4.',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    'g::',
    ' ::1',
  ])
    assert.equal(canonicalIpAddress(text), null, text);
});

test('a range holds its first and its last address, and not the next', () => {
  const holds = (range: string, address: string): boolean => {
    const read = readAddressRange(range);
    const bytes = ipAddressBytes(address);
    assert.ok(read && bytes, `${range} ${address}`);
    return inAddressRange(bytes, read);
  };
  assert.ok(holds('10.0.0.0/8', '10.0.0.0') && holds('10.0.0.0/8', '10.255.255.255'));
  assert.ok(!holds('10.0.0.0/8', '9.255.255.255') && !holds('10.0.0.0/8', '11.0.0.0'));
  assert.ok(holds('192.0.2.128/25', '192.0.2.128') && !holds('192.0.2.128/25', '192.0.2.127'));
  assert.ok(holds('192.0.2.1/32', '192.0.2.1') && !holds('192.0.2.1/32', '192.0.2.0'));
  assert.ok(holds('0.0.0.0/0', '255.255.255.255') && !holds('0.0.0.0/0', '::'));
  assert.ok(holds('2001:db8::/33', '2001:db8:7fff::') && !holds('2001:db8::/33', '2001:db8:8000::'));
  assert.ok(!holds('::/0', '1.2.3.4'));
});

test('a range with bits beyond its prefix, or of another form, is none', () => {
  for (const text of [
    '10.0.0.1/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    'fd00::/129',
    'fd00::1/8',
    'a/8',
  ])
    assert.equal(readAddressRange(text), null, text);
});
