import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildDesired } from '../../daemon/core/desired.ts';
import * as fc from 'fast-check';
import { ruleSchemas } from '../../daemon/core/rules/index.ts';
import type { Certificate } from '../../daemon/core/model.ts';
import type { ParsedFile } from '../../daemon/core/parsed-document.ts';
import { createReader } from '../../daemon/documents/read.ts';
import { renderProblem } from '../../daemon/documents/write.ts';
import { limits } from '../../daemon/limits.ts';

const plugins = {
  issuerSchemas: {
    ca: {
      type: 'object',
      additionalProperties: false,
      properties: { type: {}, organization: { type: 'string' } },
    },
  },
  endpointSchemas: { ssh: { type: 'object', required: ['host'], properties: { host: { type: 'string' } } } },
  ruleSchemas,
};
const reader = createReader(plugins);

function read(text: string | Uint8Array, path = 'inventory/certificates/web/shop.yaml'): ParsedFile {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return reader.parseFile({ path, oid: 'oid', bytes });
}

const shop = `# the shop
apiVersion: renewd/v1
kind: Certificate
metadata: { name: shop, team: web, labels: { env: prod } }
spec:
  dnsNames: [Shop.example.com, '*.shop.example.com']
  issuer: internal-ca
  lifetime: 47d
  renewAt: 2/3
  installations:
    - endpoint: web-01
      profile: nginx
      parameters: { certificate: /etc/nginx/tls/shop.crt }
      serves:
        - shop.example.com:443
        - { address: '[::1]:8443', serverName: www.shop.example.com }
`;

const codesOf = (file: ParsedFile): string[] => file.problems.map((problem) => problem.code);

test('a certificate is read with its defaults, its names normalised, and its places', () => {
  const { documents, problems } = read(shop);
  assert.deepEqual(problems, []);
  const certificate = documents[0] as Certificate;
  assert.equal(certificate.id, 'web/shop');
  assert.deepEqual(certificate.dnsNames, ['shop.example.com', '*.shop.example.com']);
  assert.equal(certificate.key.algorithm, 'ecdsa-p256');
  assert.deepEqual(certificate.usages, ['serverAuth']);
  assert.equal(certificate.lifetimeMs, 47 * 86_400_000);
  assert.equal(certificate.renewAtFraction, 2 / 3);
  assert.equal(certificate.drift, 'enforce');
  assert.deepEqual(certificate.installations[0]?.serves, [
    { host: 'shop.example.com', port: 443, serverName: 'shop.example.com' },
    { host: '::1', port: 8443, serverName: 'www.shop.example.com' },
  ]);
  assert.deepEqual(certificate.sourceOf.issuer, {
    file: 'inventory/certificates/web/shop.yaml',
    line: 7,
    column: 3,
  });
  assert.equal(certificate.installations[0]?.source.line, 11);
});

test('what the operator says about drift holds for certificates that say nothing', () => {
  const reporting = createReader({ ...plugins, driftDefault: 'report' });
  const drift = (text: string): string =>
    (reporting.parseFile({ path: 'a.yaml', oid: 'o', bytes: Buffer.from(text) }).documents[0] as Certificate)
      .drift;
  assert.equal(drift(shop), 'report');
  assert.equal(drift(shop.replace('  issuer:', '  drift: observe\n  issuer:')), 'observe');
});

test('many mistakes are reported at once, each at its line and column with a caret', () => {
  const { documents, problems } = read(
    shop
      .replace('issuer: internal-ca', 'isuer: internal-ca')
      .replace('47d', 'soon')
      .replace('profile: nginx', 'profile: 7'),
  );
  assert.deepEqual(documents, []);
  assert.ok(problems.length >= 3, JSON.stringify(problems));
  const unknown = problems.find((problem) => problem.message.includes('Did you mean "issuer"?'));
  assert.deepEqual(unknown?.source, { file: 'inventory/certificates/web/shop.yaml', line: 7, column: 3 });
  assert.match(
    renderProblem(unknown),
    /^inventory\/certificates\/web\/shop\.yaml:7:3: spec\.isuer: unknown key\. Did you mean "issuer"\?.*\n {4}isuer: internal-ca\n {4}\^$/s,
  );
});

test('a broken document does not hide a good one in the same file', () => {
  const { documents, problems } = read(
    `${shop}---\nkind: Certificat\n---\n${shop.replace('name: shop', 'name: other')}`,
  );
  assert.deepEqual(
    documents.map((document) => document.name),
    ['shop', 'other'],
  );
  assert.match(problems[0]?.message ?? '', /there is no kind "Certificat".*Did you mean "Certificate"\?/);
});

describe('what is refused, by code', () => {
  const table: readonly [string, string | Uint8Array, string][] = [
    ['an alias bomb', `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n`, 'yaml-alias'],
    ['a merge key', `base: &base { kind: Team }\n<<: *base\n`, 'yaml-alias'],
    [
      'a key that stands twice',
      shop.replace('  lifetime', '  issuer: other\n  lifetime'),
      'yaml-repeated-key',
    ],
    [
      'a tag that makes something else of a value',
      shop.replace('issuer: ', 'issuer: !!js/function '),
      'yaml-syntax',
    ],
    ['a file that is too large', `# ${'x'.repeat(limits.documents.fileMaxBytes)}`, 'document-too-large'],
    ['brackets without end', '['.repeat(5000), 'document-too-deep'],
    ['dashes without end', '- '.repeat(5000), 'document-too-deep'],
    ['bytes that are no UTF-8', Buffer.from([0x6b, 0xff, 0xfe]), 'document-encoding'],
    ['a NUL', 'kind: Te\u0000am\n', 'document-characters'],
    ['text that reads backwards', 'kind: Team # \u202edeen\n', 'document-characters'],
    ['a list where a map should be', '- a\n- b\n', 'document-form'],
    ['a scalar', 'hello\n', 'document-form'],
    ['no kind', 'apiVersion: renewd/v1\n', 'document-kind'],
    ['a tab where an indent should be', 'kind: Team\nmetadata:\n\tname: x\n', 'yaml-syntax'],
    ['an unclosed bracket', 'kind: Team\nmetadata: { name: x\n', 'yaml-syntax'],
    ['another version', shop.replace('renewd/v1', 'renewd/v9'), 'document-schema'],
    ['a name with a path in it', shop.replace('name: shop', 'name: ../../etc'), 'document-schema'],
    [
      'a name in its international form',
      shop.replace('Shop.example.com', 'bücher.example.com'),
      'document-value',
    ],
    ['a name that ends with a dot', shop.replace('Shop.example.com', 'shop.example.com.'), 'document-value'],
    ['a wildcard inside', shop.replace('*.shop.example.com', 'a.*.example.com'), 'document-value'],
    ['a wildcard over a top-level domain', shop.replace('*.shop.example.com', '*.com'), 'document-value'],
    ['an IP address among DNS names', shop.replace('Shop.example.com', '10.0.0.1'), 'document-value'],
    ['a name twice', shop.replace('*.shop.example.com', 'SHOP.example.com'), 'document-value'],
    ['a port that is none', shop.replace('example.com:443', 'example.com:70000'), 'document-value'],
    ['renewal after the end', shop.replace('2/3', '3/2'), 'document-value'],
    ['no name at all', shop.replace(/ {2}dnsNames.*\n/, ''), 'document-value'],
  ];
  for (const [name, text, code] of table) {
    test(name, () => {
      const file = read(text);
      assert.ok(codesOf(file).includes(code), `${code} not in ${JSON.stringify(file.problems)}`);
      assert.deepEqual(file.documents, []);
    });
  }
});

test('the hint for an international name is the name to write', () => {
  assert.match(
    read(shop.replace('Shop.example.com', 'bücher.example.com')).problems[0]?.message ?? '',
    /xn--bcher-kva\.example\.com/,
  );
});

test('three thousand keys in one map are refused in linear time', () => {
  const text = Array.from({ length: 3000 }, (_, index) => `k${String(index)}: 1`).join('\n');
  assert.deepEqual(codesOf(read(text)), ['document-kind']);
  assert.ok(codesOf(read(`${text}\nk7: 2\n`)).includes('yaml-repeated-key'));
});

test('settings of a rule are checked against the rule, and an unknown rule is named', () => {
  const policy = (rules: string): ParsedFile =>
    read(
      `apiVersion: renewd/v1\nkind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n${rules}`,
      'policies/baseline.yaml',
    );
  assert.deepEqual(
    policy('    - { rule: lifetime-max, action: block, settings: { max: 47d } }\n').problems,
    [],
  );
  assert.match(
    policy('    - { rule: lifetime-max, action: block, settings: { max: long } }\n').problems[0]?.message ??
      '',
    /spec\.rules\.0\.settings\.max/,
  );
  const misspelt = policy('    - { rule: lifetime-mix, action: block }\n');
  assert.match(buildDesired('c', [misspelt], []).problems[0]?.message ?? '', /Did you mean "lifetime-max"\?/);
});

test('the plug-in that a type names checks its own part', () => {
  const issuer = (spec: string): ParsedFile =>
    read(
      `apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: x }\nspec: ${spec}\n`,
      'inventory/issuers/x.yaml',
    );
  assert.deepEqual(issuer('{ type: ca, organization: Example }').problems, []);
  assert.match(
    issuer('{ type: ca, organisation: Example }').problems[0]?.message ?? '',
    /Did you mean "organization"\?/,
  );
  assert.match(issuer('{ type: cs }').problems[0]?.message ?? '', /spec\.type.*Did you mean "ca"\?/);
});

test('prototype names are data', () => {
  const file = read(shop.replace('labels: { env: prod }', 'labels: { __proto__: x, constructor: y }'));
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
  assert.ok(file.documents.length + file.problems.length > 0);
});

test('CRLF, a byte order mark, comments alone and an empty file are fine', () => {
  assert.deepEqual(read(`\ufeff${shop}`).problems, []);
  assert.deepEqual(read(shop.replaceAll('\n', '\r\n')).problems, []);
  assert.deepEqual(read('# nothing yet\n'), {
    path: 'inventory/certificates/web/shop.yaml',
    oid: 'oid',
    documents: [],
    problems: [],
  });
  assert.deepEqual(read('').problems, []);
});

test('whatever is written, reading never throws, and every problem stands inside the file', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'kind: Team\n',
      'metadata: { name: a }\n',
      'spec: {}\n',
      '---\n',
      '- ',
      '&a ',
      '*a',
      '? ',
      '!!x ',
      '|\n',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ': ',
      '\t',
      '%YAML 1.1\n',
      '\u0000',
      '<<: ',
    ),
    fc.string({ maxLength: 12 }),
    fc.constant(shop),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('');
      const lines = text.split('\n');
      for (const { source, message } of read(text).problems) {
        assert.ok(
          source.line >= 1 && source.line <= lines.length,
          `${String(source.line)} of ${String(lines.length)}: ${message}`,
        );
        assert.ok(source.column >= 1 && source.column <= (lines[source.line - 1] ?? '').length + 2, message);
      }
    }),
    { numRuns: 300 },
  );
});

describe('what people write instead is answered with what to write', () => {
  const table: readonly [string, string, RegExp][] = [
    [
      'a capital in a name',
      shop.replace('name: shop', 'name: Shop Two'),
      /must be a name: .*for example "shop-two"$/,
    ],
    [
      'one name where a list is meant',
      shop.replace(/dnsNames: .*/, 'dnsNames: a.b.c'),
      /must be a list; put it in \[ \]$/,
    ],
    [
      'nothing where something is meant',
      shop.replace('issuer: internal-ca', 'issuer:'),
      /must be a string; it is empty$/,
    ],
    [
      'a number where text is meant',
      shop.replace('env: prod', 'env: 7'),
      /must be a string; put it in quotes$/,
    ],
    ['a duration in words', shop.replace('47d', '90 days'), /for example "47d"$/],
    [
      'a label with a space',
      shop.replace('env: prod', '"my env": prod'),
      /a label is made of letters and digits/,
    ],
    [
      'an address without a port',
      shop.replace('- shop.example.com:443', '- shop.example.com'),
      /for example "shop\.example\.com:443"$/,
    ],
    ['half an address', shop.replace(', serverName: www.shop.example.com', ''), /for example/],
  ];
  for (const [name, text, expected] of table) {
    test(name, () => {
      const { problems } = read(text);
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.match(problems[0]?.message ?? '', expected);
    });
  }
});
