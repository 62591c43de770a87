/** The request form without a browser: what fields become, what is said of them, and that it is what the command and the daemon say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  nameFor,
  requestDraft,
  requestText,
  type RequestAnswers,
} from '../../daemon/commands/request/declaration.ts';
import { namePattern } from '../../daemon/documents/schemas/parts.ts';
import { limits } from '../../daemon/limits.ts';
import { documentReader } from '../../daemon/reader.ts';
import type { InventoryColumns } from '../../site/src/lib/columns.ts';
import type { Catalogue } from '../../site/src/lib/model.ts';
import { nameIndex } from '../../site/src/lib/name-index.ts';
import { addressOfFields, commandOf, fieldsFromAddress } from '../../site/src/lib/request-address.ts';
import {
  declarationOf,
  endpointChoices,
  readFields,
  type FormFields,
} from '../../site/src/lib/request-form.ts';
import { requestProblems, type FieldMessage } from '../../site/src/lib/request-problems.ts';
import { offerTemplate } from '../../site/src/lib/request-template.ts';
import { requestWarnings } from '../../site/src/lib/request-warnings.ts';
import { selfHelp } from '../../site/src/lib/self-help.ts';
import { createLinks } from '../../site/src/lib/links.ts';
import { toHtml } from '../../site/src/lib/markup.ts';
import { certificateValidator } from './certificate-validator.ts';
import { sampleModel } from './sample-model.ts';

const catalogue: Catalogue = sampleModel().catalogue;
const validate = certificateValidator();
const reader = documentReader();

const filled: FormFields = {
  offer: 'public-web',
  team: 'web',
  names: 'docs.kestrel.example\nmanual.kestrel.example, ',
  name: '',
  issuer: '',
  profile: '',
  endpoints: ['web-ams-01'],
  parameters: { certificate: '/etc/nginx/tls/docs.crt', key: '' },
  serves: '',
  labels: '',
};
const say = (fields: Partial<FormFields>, from = catalogue): readonly FieldMessage[] => {
  const whole = { ...filled, ...fields };
  return requestProblems(whole, readFields(whole, from), from, validate);
};
/** What `renewd check` says of the file that these fields make. */
const check = (fields: Partial<FormFields>): readonly string[] => {
  const { path, text } = declarationOf(readFields({ ...filled, ...fields }, catalogue));
  return reader.parseFile({ path, oid: '0', bytes: Buffer.from(text) }).problems.map((each) => each.message);
};

const answers: RequestAnswers = {
  team: 'web',
  name: 'docs',
  dnsNames: ['docs.example.com'],
  issuer: 'ca',
  endpoints: ['web-01', 'web-02'],
  profile: 'nginx',
  parameters: { certificate: '/etc/x' },
  serves: [],
  labels: {},
};

test('a complete form is a declaration that the daemon reads, and nothing is said of it', () => {
  assert.deepEqual(say({}), []);
  const request = readFields(filled, catalogue);
  assert.deepEqual(requestWarnings(request, catalogue), []);
  const { path, text } = declarationOf(request);
  assert.equal(path, 'inventory/certificates/web/docs.yaml');
  const { documents, problems } = reader.parseFile({ path, oid: '0', bytes: Buffer.from(text) });
  assert.deepEqual(problems, []);
  const [document] = documents;
  assert.ok(document?.kind === 'Certificate');
  assert.deepEqual(document.dnsNames, ['docs.kestrel.example', 'manual.kestrel.example']);
  assert.deepEqual(document.labels, { env: 'prod' });
  assert.deepEqual(document.installations[0]?.parameters, { certificate: '/etc/nginx/tls/docs.crt' });
  assert.deepEqual(
    document.installations[0]?.serves.map((each) => `${each.host}:${String(each.port)}`),
    ['docs.kestrel.example:443', 'manual.kestrel.example:443'],
  );
});

test('what is missing is asked for once, in the order of the form', () => {
  const empty: FormFields = {
    ...filled,
    offer: '',
    team: '',
    names: '',
    endpoints: [],
    parameters: {},
  };
  assert.deepEqual(
    say(empty).map(({ field }) => field),
    ['offer', 'team', 'names', 'endpoints'],
  );
});

for (const [what, fields, field] of [
  ['a name with a capital and a space', { name: 'Shop Web' }, 'name'],
  ['an international name', { names: 'bücher.kestrel.example' }, 'names'],
  ['a name that is none', { names: '-docs.kestrel.example' }, 'names'],
  ['a wildcard in the middle', { names: 'a.*.kestrel.example' }, 'names'],
  ['an address among the names', { names: '192.0.2.1' }, 'names'],
  [
    'too many names',
    {
      names: Array.from(
        { length: limits.documents.namesPerCertificateMax + 1 },
        (_, n) => `n${String(n)}.kestrel.example`,
      ).join('\n'),
    },
    'names',
  ],
  ['an address without a port', { serves: 'docs.kestrel.example' }, 'serves'],
  ['a port that is none', { serves: 'docs.kestrel.example:99999' }, 'serves'],
  ['a wildcard as an address', { serves: '*.kestrel.example:443' }, 'serves'],
  ['a label with a bad name', { labels: 'a|b=c' }, 'labels'],
] as const)
  test(`${what}: at its field, in the words of renewd check`, () => {
    const messages = say(fields);
    assert.deepEqual(
      messages.map((each) => each.field),
      [field],
    );
    const words = messages[0]?.message ?? '';
    const said = check(fields);
    assert.ok(
      said.some((each) => each === words || each.endsWith(words) || words.endsWith(each)),
      `${words}\n${said.join('\n')}`,
    );
  });

test('a name that stands twice, a label without a value, a team an offer is not for', () => {
  assert.match(
    say({ names: 'a.kestrel.example A.kestrel.example' })[0]?.message ?? '',
    /a\.kestrel\.example stands here twice/,
  );
  assert.match(say({ labels: 'prod' })[0]?.message ?? '', /a label is written name=value/);
  const closed = { ...catalogue, offers: catalogue.offers.map((each) => ({ ...each, teams: ['freight'] })) };
  assert.deepEqual(say({}, closed), [
    { field: 'team', message: 'offer public-web is for freight, not for web' },
  ]);
});

test('a parameter without a default is asked for, and one that does not fit is said to', () => {
  const parameter = { name: 'alias', description: 'name in the store', default: null, pattern: '[a-z]+' };
  const own = {
    ...catalogue,
    profiles: [{ name: 'nginx', description: 'x', parameters: [parameter] }],
  };
  assert.deepEqual(say({ parameters: {} }, own), [
    {
      field: 'parameter-alias',
      message: 'profile nginx needs parameter alias (name in the store) for web/docs',
    },
  ]);
  assert.match(
    say({ parameters: { alias: 'A1' } }, own)[0]?.message ?? '',
    /parameter alias: "A1" does not match \[a-z\]\+/,
  );
  assert.deepEqual(say({ parameters: { alias: 'abc' } }, own), []);
});

test('without offers issuer and kind of server are asked', () => {
  const bare = { ...catalogue, offers: [] };
  assert.deepEqual(
    say({ offer: '' }, bare).map(({ field }) => field),
    ['issuer', 'profile'],
  );
  assert.deepEqual(say({ offer: '', issuer: 'kestrel-ca', profile: 'files', parameters: {} }, bare), []);
});

test('foreign names and servers, and what nobody can prove, are said beforehand and stop nobody', () => {
  const fields = { ...filled, names: '*.elsewhere.example', endpoints: ['pax-edge-01'] };
  const request = readFields(fields, catalogue);
  assert.deepEqual(requestProblems(fields, request, catalogue, validate), []);
  const warnings = requestWarnings(request, catalogue);
  assert.deepEqual(
    warnings.map(({ field }) => field),
    ['names', 'endpoints', 'serves'],
  );
  assert.match(
    warnings[0]?.message ?? '',
    /^team web may not request \*\.elsewhere\.example; it may request shop\.kestrel\.example/,
  );
  assert.match(warnings[1]?.message ?? '', /^team web may not install on pax-edge-01/);
});

test('a team sees its own servers and those its document lists first', () => {
  const teams = catalogue.teams.map((each) =>
    each.name === 'web' ? { ...each, endpoints: ['sig-*'] } : each,
  );
  const { usable, others } = endpointChoices({ ...catalogue, teams }, 'web');
  assert.deepEqual(usable, ['sig-core-01', 'web-ams-01', 'web-ams-02']);
  assert.equal(others.length, catalogue.endpoints.length - 3);
});

test('an address fills the form, and the form makes the address', () => {
  const search = '?offer=public-web&team=web&names=a.example,b.example&endpoints=web-01';
  const fields = fieldsFromAddress(search);
  assert.deepEqual(fields, {
    offer: 'public-web',
    team: 'web',
    names: 'a.example\nb.example',
    endpoints: ['web-01'],
  });
  assert.equal(addressOfFields(fields), search);
  assert.equal(addressOfFields(fieldsFromAddress('?x=1&offer=')), '');
  assert.doesNotMatch(addressOfFields({ ...fields, names: 'a.example '.repeat(200) }), /names/);
});

test('the command is one that a shell takes apart into exactly these answers', () => {
  const request = readFields({ ...filled, labels: "note=it's;$(rm)`x`" }, catalogue);
  const command = commandOf(request).replace(/^renewd request/, 'printf "%s\\n"');
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trimEnd().split('\n');
  assert.equal(words[words.indexOf('--label') + 1], "note=it's;$(rm)`x`");
  assert.equal(words[words.indexOf('--dns') + 1], 'docs.kestrel.example,manual.kestrel.example');
  assert.ok(!words.includes('--profile'), 'the offer fixes it');
});

test('whatever is typed reads back as what was typed: no alias, no tag, no second document, no truth value', () => {
  const nasty = [
    'no',
    'on',
    'y',
    '~',
    'null',
    '1e3',
    '0x1f',
    '2027-03-15',
    '- a',
    '? b',
    '&a',
    '*a',
    '!!x',
    '{a: b}',
    '[',
    '# c',
    'a: b',
    'a #b',
    "it's",
    '"',
    '\\',
    '|',
    '>',
    '%x',
    '@x',
    '`',
    '---',
    '...',
    ' x ',
    '',
    '<<',
    '=',
    'a\nb: c',
  ];
  for (const [index, value] of nasty.entries()) {
    const parameters = { [`p${String(index)}`]: value, [value]: 'x' };
    const odd = { ...answers, parameters, labels: { [value]: value }, name: value, dnsNames: [value] };
    const text = requestText(odd, null);
    // Keys of maps sort integers first in JavaScript, so values are compared, not texts.
    assert.deepEqual(
      parse(text, { version: '1.2' }),
      { apiVersion: 'renewd/v1', kind: 'Certificate', ...requestDraft(odd, null) },
      JSON.stringify(value),
    );
    assert.deepEqual(
      parse(text, { version: '1.1', merge: false }),
      parse(text),
      `YAML 1.1 ${JSON.stringify(value)}`,
    );
    assert.doesNotMatch(text, /(^|\s)[&*][a-z0-9]+(\s|$)/m);
  }
});

test('a comment of an offer stays a comment', () => {
  const text = requestText(answers, {
    title: 'x\nkind: Team\u2028spec:\u0085a: b\r- c',
    description: '',
    keyAlgorithm: null,
    lifetime: null,
    usages: null,
    certificateLabels: {},
  });
  assert.match(text, /^# [^\n]*\napiVersion: renewd\/v1\nkind: Certificate\n/);
});

test('short lists stand on one line, long ones on a line for each, and every line is what people write', () => {
  assert.match(
    requestText(answers, null),
    /^metadata: \{ name: docs, team: web \}\nspec:\n  dnsNames: \[docs\.example\.com\]$/m,
  );
  const dnsNames = Array.from({ length: 9 }, (_, n) => `name-${String(n)}.example.com`);
  const text = requestText({ ...answers, dnsNames }, null);
  assert.match(text, /dnsNames:\n {4}- name-0\.example\.com\n {4}- name-1/);
});

test('the name that is made of a DNS name is a name', () => {
  assert.equal(nameFor('www.shop.example.com'), 'www-shop');
  for (const name of [
    'shop.example.com',
    '*.example.com',
    'xn--bcher-kva.example.com',
    '-.-.a.b',
    'a',
    '',
    '_x.y.z',
    '漢.字.example.com',
  ])
    assert.match(nameFor(name), new RegExp(namePattern), name);
});

test('the template of each offer is a declaration, with its path and a comment for everything to fill in', () => {
  for (const offer of catalogue.offers) {
    const { path, text } = offerTemplate(offer, catalogue.profiles);
    assert.equal(path, 'inventory/certificates/your-team/your-service.yaml');
    assert.deepEqual(reader.parseFile({ path, oid: '0', bytes: Buffer.from(text) }).problems, []);
    assert.ok(text.split('\n').filter((line) => line.trimStart().startsWith('#')).length >= 5, text);
  }
});

test('who holds a name, also by a wildcard, and which of it is only half known', () => {
  const columns = {
    total: 3,
    dictionaries: { team: ['web', 'pay'], status: ['ok', 'drift'] },
    columns: {
      name: ['shop', 'wild', 'many'],
      team: [0, 1, 1],
      status: [1, 0, 0],
      names: ['shop.example.com Www.example.com', '*.pay.example.com', 'm0.example.com'],
      nameCount: [2, 1, 40],
      page: [1, 0, 0],
    },
  } as unknown as InventoryColumns;
  const index = nameIndex(columns);
  assert.equal(index.cut, 1);
  assert.deepEqual(index.holders(['www.example.com', 'shop.example.com', 'x.example.com']), [
    { id: 'web/shop', status: 'drift', names: ['www.example.com', 'shop.example.com'], page: true },
  ]);
  assert.deepEqual(
    index.holders(['a.pay.example.com']).map(({ id }) => id),
    ['pay/wild'],
  );
  assert.deepEqual(index.holders(['a.b.pay.example.com', 'pay.example.com', '', 'com']), []);
  assert.equal(index.byId('pay/wild')?.id, 'pay/wild');
  assert.equal(index.byId('web/wild'), null);
  assert.deepEqual(
    [
      index.search('PAY wild', 5).total,
      index.search('example.com', 2).shown.length,
      index.search(' ', 5).total,
    ],
    [1, 2, 0],
  );
});

test('help leads nowhere that the public does not see', () => {
  const html = (named: boolean): string =>
    selfHelp(createLinks('/x/'), named)
      .map((each) => toHtml(each.answer))
      .join('');
  assert.match(html(true), /href="\/x\/certificates\/"/);
  assert.doesNotMatch(html(false), /\/x\/(certificates|endpoints|findings|request)\//);
});
