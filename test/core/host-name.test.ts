import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marksOf } from '../../daemon/core/endpoint-machine.ts';
import { canonicalHost, isLocalName, machineHost } from '../../daemon/core/host-name.ts';
import type { Endpoint } from '../../daemon/core/model.ts';
import { readMachineHost } from '../../daemon/documents/names.ts';

const spellings: Readonly<Record<string, readonly string[]>> = {
  '10.1.2.3': [
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '::FFFF:a01:203',
    '0:0:0:0:0:ffff:0a01:0203',
    '[::ffff:10.1.2.3]',
  ],
  '2001:db8:0:0:0:0:0:1': [
    '2001:db8::1',
    '2001:DB8:0:0::1',
    '2001:0db8::0001',
    '2001:db8::0.0.0.1',
    '[2001:db8::1]',
  ],
  'pay.example.com': ['pay.example.com', 'PAY.Example.com', 'pay.example.com.'],
  '0:0:0:0:0:0:0:1': ['::1', '0::1', '0:0:0:0:0:0:0:0001'],
};

const unreadable = [
  ...[
    '10.1.515',
    '167838211',
    '0xa010203',
    '012.1.2.3',
    '10.1.2.03',
    '127.1',
    '10.1.2.3.',
    '0x7f.1',
    '10.1.2.3 ',
    '10.1.2.256',
  ],
  ...[
    'pay.example.com..',
    '.example.com',
    'pay..example.com',
    '-a.example',
    'pay\u3002example.com',
    'p\u0430y.example.com',
    '',
  ],
  ...[
    'fe80::1%eth0',
    '2001:db8::1%25lo',
    '[::1',
    '::1]',
    '1::2::3',
    '::ffff:10.1.2.03',
    '::ffff:10.1.515',
    '12345::1',
    'a:22',
  ],
];

test('one host has one spelling, and what only some programs read has none', () => {
  for (const [host, all] of Object.entries(spellings))
    for (const each of all) assert.deepEqual([canonicalHost(each), machineHost(each)], [host, host], each);
  for (const each of unreadable)
    assert.deepEqual([canonicalHost(each), machineHost(each)], [null, null], each);
});

test('an address that always carries one of IPv4 is that machine, and never a place for its secrets', () => {
  for (const each of ['::10.1.2.3', '64:ff9b::a01:203', '::ffff:0:10.1.2.3']) {
    assert.equal(machineHost(each), '10.1.2.3', each);
    assert.notEqual(canonicalHost(each), '10.1.2.3', each);
  }
});

test('an A-label stands for one name, or is none', () => {
  assert.equal(readMachineHost('XN--mnchen-3ya.example'), 'xn--mnchen-3ya.example');
  for (const each of ['xn--a.example', 'xn--.example', 'xn--pay-.example'])
    assert.equal(readMachineHost(each), null, each);
});

test('every spelling of the loopback at the end of a way is the machine there', () => {
  const endpoint = (name: string, config: Readonly<Record<string, unknown>>): Endpoint =>
    ({ name, config, machine: [`key of ${name}`] }) as unknown as Endpoint;
  const hop = endpoint('hop', { host: 'hop.example.com' });
  const endpoints = new Map([['hop', hop]]);
  const local = [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    '::',
    '0.0.0.0',
    'LOCALHOST.',
    'x.localhost',
    'localhost.localdomain',
    'ip6-localhost',
  ];
  for (const host of local) {
    const marks = marksOf(endpoint('far', { host, jump: 'hop' }), endpoints);
    assert.ok(marks.has('key of hop'), host);
  }
  assert.equal(marksOf(endpoint('far', { host: 'other', jump: 'hop' }), endpoints).has('key of hop'), false);
  assert.equal(isLocalName('notlocalhost'), false);
});
