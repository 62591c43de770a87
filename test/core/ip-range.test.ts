import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isInRange, readRange } from '../../daemon/core/ip-range.ts';
import { networkFault } from '../../daemon/core/reach.ts';
import { ipAddressBytes } from '../../daemon/x509/ip-address.ts';
import { inAddressRange, readAddressRange } from '../../daemon/x509/name-constraints-write.ts';

test('an address is in itself, however it is written, and in no other', () => {
  assert.ok(isInRange('192.0.2.1', '192.0.2.1'));
  assert.ok(isInRange('2001:db8::1', '2001:0DB8:0:0::0:1'));
  assert.ok(!isInRange('192.0.2.1', '192.0.2.10'));
  assert.ok(!isInRange('2001:db8::1', '2001:db8::10'));
});

test('the first and the last address of a range are in it, their neighbours are not', () => {
  assert.ok(isInRange('10.1.0.0', '10.1.0.0/16'));
  assert.ok(isInRange('10.1.255.255', '10.1.0.0/16'));
  assert.ok(!isInRange('10.0.255.255', '10.1.0.0/16'));
  assert.ok(!isInRange('10.2.0.0', '10.1.0.0/16'));
  assert.ok(isInRange('2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db8::/32'));
  assert.ok(!isInRange('2001:db9::', '2001:db8::/32'));
});

test('/0 is everything of its family, /32 and /128 are one address', () => {
  assert.ok(isInRange('203.0.113.9', '0.0.0.0/0'));
  assert.ok(!isInRange('::1', '0.0.0.0/0'));
  assert.ok(!isInRange('203.0.113.9', '::/0'));
  assert.ok(isInRange('10.0.0.1', '10.0.0.1/32') && !isInRange('10.0.0.2', '10.0.0.1/32'));
  assert.ok(isInRange('::1', '::1/128') && !isInRange('::2', '::1/128'));
});

test('an IPv4 address inside IPv6 is not smuggled into an IPv4 range', () => {
  assert.ok(!isInRange('::ffff:a00:1', '10.0.0.0/8'));
  assert.ok(!isInRange('::ffff:10.0.0.1', '10.0.0.0/8'));
});

test('what is no address or no range holds nothing', () => {
  const ranges = ['', '/', '/0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/08'];
  for (const range of [
    ...ranges,
    '010.0.0.0/8',
    '10.0.0/8',
    '10/8',
    '*',
    '::/129',
    ':::/0',
    '1::2::3/0',
    'a/0',
  ])
    assert.ok(!isInRange('10.0.0.1', range) && !isInRange('::1', range), range);
  for (const address of [
    '',
    '10.0.0',
    '10.0.0.0.1',
    '010.0.0.1',
    '10.0.0.1 ',
    '0x0a.0.0.1',
    'shop.example.com',
  ])
    assert.ok(!isInRange(address, '0.0.0.0/0'), address);
});

test('it agrees with the block list of Node', () => {
  const v4 = fc.ipV4();
  const v6 = fc.ipV6().filter((each) => !each.includes('.'));
  fc.assert(
    fc.property(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), fc.nat(128), ([address, base], length) => {
      const family = isIPv4(base) ? 'ipv4' : 'ipv6';
      const prefix = family === 'ipv4' ? length % 33 : length;
      const list = new BlockList();
      list.addSubnet(base, prefix, family);
      assert.equal(isInRange(address, `${base}/${String(prefix)}`), list.check(address, family));
    }),
  );
});

test('no text is one range for rules and another for a CA: leading zeros, dotted tails and zones are none for both', () => {
  for (const text of [
    '10.0.0.0/08',
    '10.0.0.0/008',
    '10.0.0.0/00',
    '::/00',
    '2001:db8::/032',
    '::ffff:10.0.0.0/104',
    'fe80::%1/64',
    '010.0.0.0/8',
  ]) {
    assert.equal(readRange(text), null, text);
    assert.equal(readAddressRange(text), null, text);
    assert.match(networkFault(text) ?? '', /is no address and no network/, text);
  }
  // Rules read no dotted tail in an address either: documents keep none.
  const plain = fc.oneof(
    fc.ipV4(),
    fc.ipV6().filter((each) => !each.includes('.')),
  );
  const prefix = fc.stringMatching(/^0{0,2}[0-9]{1,3}$/);
  const base = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.0', '0.0.0.0', '2001:db8::', '::'));
  fc.assert(
    fc.property(plain, base, prefix, (address, start, length) => {
      const text = `${start}/${length}`;
      const bound = readAddressRange(text);
      if (bound === null) return;
      const bytes = ipAddressBytes(address) ?? new Uint8Array();
      assert.equal(inAddressRange(bytes, bound), isInRange(address, text), `${address} in ${text}`);
      assert.ok(isInRange(start, text), text);
    }),
  );
});
