import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildDesired } from '../../daemon/core/desired.ts';
import { limitFaults } from '../../daemon/core/issuer-limits.ts';
import type { Desired } from '../../daemon/core/model.ts';
import { documentProblems } from '../../daemon/commands/change-problems.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';

const day = 86_400_000;
const limits = {
  lifetimeMaxMs: 47 * day,
  domains: ['example.com'],
  ipRanges: ['10.0.0.0/8'],
  noWildcards: null,
};
const asked = { dnsNames: ['shop.example.com'], ipAddresses: ['10.1.2.3'], lifetimeMs: 47 * day };

describe('what an issuer will not give', () => {
  const table: readonly [string, Partial<typeof asked>, Partial<typeof limits> | object, RegExp | null][] = [
    ['all that fits', {}, {}, null],
    ['a domain itself', { dnsNames: ['example.com', '*.example.com'] }, {}, null],
    ['a day more', { lifetimeMs: 48 * day }, {}, /gives at most 47d, not 48d/],
    ['a name elsewhere', { dnsNames: ['shop.example.org'] }, {}, /not for shop\.example\.org/],
    ['a name that only ends so', { dnsNames: ['evilexample.com'] }, {}, /not for evilexample\.com/],
    ['an address elsewhere', { ipAddresses: ['192.168.0.1'] }, {}, /IP address 192\.168\.0\.1/],
    ['a wildcard without proof', { dnsNames: ['*.example.com'] }, { noWildcards: 'no DNS-01' }, /no DNS-01/],
    [
      'what no declaration tells',
      { dnsNames: ['a.test'], ipAddresses: ['::1'], lifetimeMs: 9000 * day },
      { lifetimeMaxMs: null, domains: null, ipRanges: null },
      null,
    ],
  ];
  for (const [name, request, change, words] of table)
    test(name, () => {
      const faults = limitFaults('internal-ca', { ...limits, ...change }, { ...asked, ...request });
      assert.equal(faults.length, words === null ? 0 : 1);
      if (words !== null) assert.match(faults[0]?.message ?? '', words);
    });
});

const text = {
  team: 'apiVersion: renewd/v1\nkind: Team\nmetadata: { name: web }\nspec:\n  owners: [web-owner]\n  contacts: [{ email: web@example.com }]\n  dnsNames: [example.com, "*.example.com"]\n',
  ca: (lifetime: string) =>
    `apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: ${lifetime}\n`,
  acme: 'apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: acme }\nspec:\n  type: acme\n  directory: https://acme.example.com/directory\n  termsOfServiceAgreed: true\n  challenge: { type: standalone }\n',
  certificate: (issuer: string, name: string) =>
    `apiVersion: renewd/v1\nkind: Certificate\nmetadata: { name: shop, team: web }\nspec:\n  dnsNames: ["${name}"]\n  issuer: ${issuer}\n  lifetime: 90d\n  installations: [{ endpoint: web-01, profile: nginx, parameters: { certificate: /etc/nginx/tls/s.crt, key: /etc/nginx/tls/s.key } }]\n`,
  endpoint: `apiVersion: renewd/v1\nkind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: web-01.example.com\n  user: root\n  hostKeys: ["ssh-ed25519 ${'A'.repeat(68)}"]\n  auth: { agent: true }\n`,
};

function declare(lifetime: string, issuer = 'internal-ca', name = 'shop.example.com'): Desired {
  const reader = documentReader();
  const files = {
    'inventory/teams/web.yaml': text.team,
    'inventory/issuers/internal-ca.yaml': text.ca(lifetime),
    'inventory/issuers/acme.yaml': text.acme,
    'inventory/endpoints/web-01.yaml': text.endpoint,
    'inventory/certificates/web/shop.yaml': text.certificate(issuer, name),
  };
  const parsed = Object.entries(files).map(([path, written]) =>
    reader.parseFile({ path, oid: path, bytes: Buffer.from(written) }),
  );
  return buildDesired('c0ffee', parsed, builtIns(reader));
}

describe('in declarations', () => {
  test('a lifetime over that of the issuer is a mistake of its line, and the certificate stays in force', () => {
    const desired = declare('47d');
    const [problem] = desired.problems;
    assert.equal(desired.problems.length, 1);
    assert.equal(problem?.code, 'issuer-limit');
    assert.equal(problem?.severity, 'error');
    assert.deepEqual(problem?.source, { file: 'inventory/certificates/web/shop.yaml', line: 7, column: 3 });
    assert.ok(desired.certificates.has('web/shop'));
    assert.equal(declare('90d').problems.length, 0);
  });

  test('names outside of its domains, and wildcards that http-01 cannot prove', () => {
    assert.match(
      declare('90d', 'internal-ca', 'a.example.org').problems[0]?.message ?? '',
      /not for a\.example\.org/,
    );
    assert.match(declare('90d', 'acme', '*.example.com').problems[0]?.message ?? '', /http-01/);
    assert.equal(declare('90d', 'acme').problems.length, 0);
  });

  test('who asks is refused; who makes an issuer stricter is told and not held up', () => {
    const severities = (touched: string): string[] =>
      documentProblems(declare('90d'), declare('47d'), new Set([touched])).map((each) => each.severity);
    assert.deepEqual(severities('inventory/certificates/web/shop.yaml'), ['error']);
    assert.deepEqual(severities('inventory/issuers/internal-ca.yaml'), ['warning']);
  });
});

test('a range that a CA cannot be bound to is refused in its declaration, at its place', () => {
  const problems = (ranges: string): readonly string[] =>
    documentReader()
      .parseFile({
        path: 'inventory/issuers/internal-ca.yaml',
        oid: 'o',
        bytes: Buffer.from(`${text.ca('47d')}  permittedIpRanges: [${ranges}]\n`),
      })
      .problems.map(({ source, message }) => `${String(source?.line)}:${String(source?.column)} ${message}`);
  assert.deepEqual(problems('10.0.0.0/8, "2001:db8::/32"'), []);
  const refused = ['10.0.0.0/08', '10.1.2.3/8', '10.0.0.1', '"::ffff:10.0.0.0/104"'];
  for (const range of refused) {
    const [problem = '', ...more] = problems(`10.0.0.0/8, ${range}`);
    assert.match(problem, /^9:35 "[^"]+" is not an IP range such as 10\.0\.0\.0\/8/, range);
    assert.deepEqual(more, []);
  }
});
