import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { allowedNames, mayRequest } from '../../../daemon/core/rules/allowed-names.ts';
import type { Ruling } from '../../../daemon/core/rules/rule.ts';
import { certificate, now } from '../sample.ts';
import { subject, team } from './team.ts';

const may = (pattern: string, name: string): boolean => mayRequest(team({ dnsNames: [pattern] }), name);

function judge(names: readonly string[], patterns: readonly string[] | null, settings = {}): Ruling {
  return allowedNames.judge(
    subject({
      certificate: certificate({
        dnsNames: names.filter((name) => !/^[0-9:]/.test(name)),
        ipAddresses: names.filter((name) => /^[0-9:]/.test(name)),
      }),
      team: patterns === null ? null : team({ dnsNames: patterns }),
    }),
    settings,
    now,
  );
}

describe('one pattern', () => {
  test('a name gives exactly that name', () => {
    assert.ok(may('shop.example.com', 'shop.example.com'));
    for (const name of ['example.com', 'www.shop.example.com', '*.example.com', 'shop.example.com.evil.test'])
      assert.ok(!may('shop.example.com', name), name);
  });
  test('a wildcard gives every name below, at any depth, and wildcards there', () => {
    for (const name of ['a.example.com', 'a.b.example.com', '*.example.com', '*.b.example.com'])
      assert.ok(may('*.example.com', name), name);
  });
  test('a wildcard gives neither the domain itself nor a neighbour that only ends alike', () => {
    for (const name of [
      'example.com',
      'badexample.com',
      'a.badexample.com',
      '.example.com',
      'example.com.a.test',
    ])
      assert.ok(!may('*.example.com', name), name);
  });
  test('a wildcard of one label does not stand for a wildcard above it', () => {
    assert.ok(!may('*.b.example.com', '*.example.com'));
    assert.ok(!may('a.example.com', '*.example.com'));
  });
  test('case and one trailing dot make no difference', () => {
    assert.ok(may('*.EXAMPLE.com', 'Shop.example.COM.'));
    assert.ok(may('shop.example.com.', 'shop.example.com'));
  });
  test('letters that only look or fold alike are others', () => {
    assert.ok(!may('*.example.com', 'shop.ex\u0430mple.com'));
    assert.ok(!may('*.kiosk.test', 'a.\u212aiosk.test\u0000'));
    assert.ok(!may('*.example.com', 'shop.example\u3002com'));
  });
  test('patterns that name no domain give nothing', () => {
    for (const pattern of ['', '*', '.', '*.', '**.com'])
      assert.ok(!may(pattern, 'shop.example.com'), pattern);
  });
});

describe('the rule', () => {
  test('deny by default: an undeclared team and a team without names may request nothing', () => {
    assert.match(
      judge(['shop.example.com'], null).message,
      /web may not request shop\.example\.com; .*no names/,
    );
    assert.equal(judge(['shop.example.com'], []).verdict, 'fail');
  });
  test('one foreign name among many fails, and only the foreign ones are named', () => {
    const ruling = judge(['a.example.com', 'a.example.net', 'b.example.net'], ['*.example.com']);
    assert.match(
      ruling.message,
      /request a\.example\.net, b\.example\.net; it may request \*\.example\.com$/,
    );
    assert.match(ruling.fix, /inventory\/teams\/web\.yaml/);
  });
  test('addresses are denied unless listed', () => {
    assert.match(judge(['192.0.2.1'], ['*.example.com']).message, /192\.0\.2\.1 may not be requested/);
    assert.equal(judge(['192.0.2.1'], [], { ipAddresses: ['192.0.2.1'] }).verdict, 'pass');
    assert.equal(judge(['192.0.2.10'], [], { ipAddresses: ['192.0.2.1'] }).verdict, 'fail');
    assert.equal(judge(['2001:db8::1'], [], { ipAddresses: ['2001:db8::1'] }).verdict, 'pass');
  });
  test('a range gives the addresses in it', () => {
    assert.equal(judge(['10.1.2.3'], [], { ipAddresses: ['10.0.0.0/8'] }).verdict, 'pass');
    assert.equal(judge(['11.1.2.3'], [], { ipAddresses: ['10.0.0.0/8'] }).verdict, 'fail');
    assert.equal(judge(['10.1.2.3', '2001:db8::9'], [], { ipAddresses: ['10.0.0.0/8'] }).verdict, 'fail');
  });
  test('a listed address does not open the door for names', () => {
    assert.equal(
      judge(['192.0.2.1', 'shop.example.com'], [], { ipAddresses: ['192.0.2.1'] }).verdict,
      'fail',
    );
  });
});

const label = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const domain = fc.tuple(label, label).map((labels) => labels.join('.'));

test('nothing that is granted lies outside the pattern', () => {
  fc.assert(
    fc.property(domain, domain, fc.array(label, { maxLength: 3 }), (given, asked, above) => {
      const name = [...above, asked].join('.');
      assert.equal(may(`*.${given}`, name), name.endsWith(`.${given}`), name);
      assert.equal(may(given, name), name === given, name);
    }),
  );
});

test('who may request a wildcard may request every name it stands for', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('*.example.com', '*.b.example.com', 'b.example.com'),
      label,
      (pattern, one) => {
        for (const parent of ['example.com', 'b.example.com', 'c.b.example.com']) {
          if (may(pattern, `*.${parent}`))
            assert.ok(may(pattern, `${one}.${parent}`), `${pattern} ${parent}`);
        }
      },
    ),
  );
});
