import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildDesired } from '../../daemon/core/desired.ts';
import type { Declared, Desired, Endpoint, Issuer, Profile, Team } from '../../daemon/core/model.ts';
import type { ParsedFile, Resource } from '../../daemon/core/parsed-document.ts';
import { certificate, installation } from './sample.ts';

const declared = (name: string, file: string): Declared => ({
  name,
  labels: {},
  source: { file, line: 1, column: 1 },
  blob: 'b',
});
const team: Team = {
  ...declared('web', 'inventory/teams/web.yaml'),
  kind: 'Team',
  displayName: 'Web',
  owners: [],
  contacts: [],
  dnsNames: [],
  issuers: [],
  endpoints: [],
  signers: [],
  handles: [],
  networks: [],
};
const issuer: Issuer = {
  ...declared('internal-ca', 'inventory/issuers/ca.yaml'),
  kind: 'Issuer',
  type: 'ca',
  config: {},
};
const endpoint = (name: string, config: Record<string, unknown> = {}): Endpoint => ({
  ...declared(name, `inventory/endpoints/${name}.yaml`),
  kind: 'Endpoint',
  team: 'web',
  type: 'ssh',
  config,
  machine: [name],
  profiles: null,
  networks: [],
});
const profile: Profile = {
  ...declared('nginx', 'built-in'),
  kind: 'Profile',
  description: '',
  parameters: {
    certificate: {
      description: 'path',
      setBy: 'certificate',
      default: '/etc/nginx/tls/cert.pem',
      pattern: '/[^ ]*',
    },
    key: { description: 'path of the key', setBy: 'certificate', default: null, pattern: '/[^ ]*' },
  },
  paths: ['/etc/nginx/tls'],
  files: [],
  links: [],
  test: [],
  reload: [],
  settleMs: 1000,
};

function file(resource: Resource): ParsedFile {
  return { path: resource.source.file, oid: 'b', documents: [resource], problems: [] };
}

const placed = (parameters: Record<string, string>, changes: Parameters<typeof certificate>[0] = {}) =>
  certificate({ installations: [{ ...installation, parameters }], ...changes });

function desire(...resources: Resource[]): Desired {
  const all = [team, issuer, endpoint('web-01'), ...resources];
  return buildDesired('c0ffee', all.map(file), [file(profile)]);
}

const messages = (desired: Desired): string =>
  desired.problems.map((problem) => `${problem.code}: ${problem.message}`).join('\n');

test('references are resolved, and parameters stay as they are written', () => {
  const desired = desire(placed({ key: '/etc/nginx/tls/key' }));
  assert.equal(messages(desired), '');
  assert.deepEqual(desired.certificates.get('web/shop')?.installations[0]?.parameters, {
    key: '/etc/nginx/tls/key',
  });
});

describe('what is left out, and why', () => {
  const table: readonly [string, Resource, RegExp][] = [
    [
      'a missing issuer',
      placed({ key: '/etc/nginx/tls/k' }, { issuer: 'internal-cb' }),
      /reference-dangling: there is no issuer "internal-cb"\. Did you mean "internal-ca"\?/,
    ],
    [
      'a missing endpoint',
      placed(
        { key: '/etc/nginx/tls/k' },
        { installations: [{ ...installation, endpoint: 'web-02', parameters: { key: '/etc/nginx/tls/k' } }] },
      ),
      /no endpoint "web-02"\. Did you mean "web-01"/,
    ],
    [
      'a missing profile',
      placed(
        {},
        { installations: [{ ...installation, profile: 'ngnix', parameters: { key: '/etc/nginx/tls/k' } }] },
      ),
      /no profile "ngnix"\. Did you mean "nginx"/,
    ],
    ['a missing team', placed({ key: '/etc/nginx/tls/k' }, { team: 'wed', id: 'wed/shop' }), /no team "wed"/],
    ['a parameter that must be given', placed({}), /profile-parameter: profile nginx needs parameter key/],
    [
      'a parameter that does not exist',
      placed({ key: '/etc/nginx/tls/k', certficate: '/etc/nginx/tls/c' }),
      /no parameter "certficate".*Did you mean "certificate"/,
    ],
    ['a value that does not match in full', placed({ key: 'x /k' }), /"x \/k" holds a character/],
    [
      'the same endpoint twice',
      placed(
        {},
        {
          installations: [
            { ...installation, parameters: { key: '/etc/nginx/tls/a' } },
            { ...installation, parameters: { key: '/etc/nginx/tls/b' } },
          ],
        },
      ),
      /duplicate-installation/,
    ],
  ];
  for (const [name, resource, expected] of table) {
    test(name, () => {
      const good = placed({ key: '/etc/nginx/tls/k' }, { name: 'good', id: 'web/good' });
      const desired = desire(resource, good);
      assert.match(messages(desired), expected);
      assert.deepEqual([...desired.certificates.keys()], ['web/good'], 'the good one stays');
    });
  }
});

test('of two with one name neither counts, whatever the order they come in', () => {
  const second: Issuer = {
    ...issuer,
    source: { file: 'inventory/issuers/zz.yaml', line: 1, column: 1 },
    type: 'acme',
  };
  for (const order of [
    [issuer, second],
    [second, issuer],
  ]) {
    const desired = buildDesired('c', order.map(file), []);
    assert.equal(desired.issuers.get('internal-ca'), undefined);
    assert.match(
      messages(desired),
      /duplicate-resource: Issuer internal-ca is declared at inventory\/issuers\/ca\.yaml:1 too/,
    );
    assert.equal(desired.problems.length, 2, 'each of them is told');
  }
});

test('jump hosts must exist and not lead back', () => {
  assert.match(messages(desire(endpoint('db', { jump: 'nowhere' }))), /no endpoint "nowhere"/);
  const circle = desire(endpoint('a', { jump: 'b' }), endpoint('b', { jump: 'a' }));
  assert.match(messages(circle), /jump-circle/);
  assert.deepEqual([...circle.endpoints.keys()], ['web-01']);
  assert.equal(messages(desire(endpoint('db', { jump: 'web-01' }))), '');
});

test("a profile of the repository takes the built-in one's place", () => {
  const own: Profile = { ...profile, ...declared('nginx', 'policies/nginx.yaml'), description: 'ours' };
  assert.equal(desire(own).profiles.get('nginx')?.description, 'ours');
});

test('what jumps into a circle or into nothing is left out too, and a certificate there is told so', () => {
  const at = placed(
    { key: '/etc/nginx/tls/k' },
    { installations: [{ ...installation, endpoint: 'outside' }] },
  );
  const desired = desire(
    endpoint('a', { jump: 'b' }),
    endpoint('b', { jump: 'a' }),
    endpoint('outside', { jump: 'a' }),
    endpoint('far', { jump: 'near' }),
    endpoint('near', { jump: 'nowhere' }),
    at,
  );
  assert.deepEqual([...desired.endpoints.keys()], ['web-01']);
  assert.deepEqual([...desired.certificates.keys()], []);
  const said = messages(desired);
  assert.equal(said.match(/jump-circle/g)?.length, 2, said);
  assert.match(said, /endpoint outside jumps through a, which is left out/);
  assert.match(said, /endpoint far jumps through near, which is left out/);
  assert.match(
    said,
    /endpoint outside is left out because of its own mistake; see inventory\/endpoints\/outside/,
  );
});

test('who refers to a file with a mistake is told where to look', () => {
  const broken: ParsedFile = {
    path: 'inventory/issuers/internal-ca.yaml',
    oid: 'b',
    documents: [],
    problems: [
      {
        code: 'yaml-syntax',
        message: 'bad',
        source: { file: 'inventory/issuers/internal-ca.yaml', line: 3, column: 1 },
        excerpt: null,
        severity: 'error',
        scope: 'inventory/issuers',
      },
    ],
  };
  const desired = buildDesired(
    'c',
    [broken, ...[team, endpoint('web-01'), placed({ key: '/etc/nginx/tls/k' })].map(file)],
    [file(profile)],
  );
  assert.match(
    messages(desired),
    /issuer internal-ca is left out because of its own mistake; see inventory\/issuers\/internal-ca\.yaml/,
  );
});

test('a team that names an issuer nobody declared stays, and is told', () => {
  const typo: Team = { ...team, ...declared('pay', 'inventory/teams/pay.yaml'), issuers: ['internal-cA'] };
  const desired = desire(typo);
  assert.equal(desired.teams.get('pay')?.name, 'pay');
  assert.match(messages(desired), /there is no issuer "internal-cA"\. Did you mean "internal-ca"\?/);
});

test('problems come in the order of files and lines, whatever the order of the files', () => {
  const at = (path: string, line: number): ParsedFile => ({
    path,
    oid: 'b',
    documents: [],
    problems: [
      {
        code: 'x',
        message: 'm',
        source: { file: path, line, column: 1 },
        excerpt: null,
        severity: 'error',
        scope: 's',
      },
    ],
  });
  const files = [at('b', 1), at('a', 9), at('c', 1), at('a', 2)];
  const places = (given: ParsedFile[]): string[] =>
    buildDesired('c', given, []).problems.map(({ source }) => `${source.file}:${String(source.line)}`);
  assert.deepEqual(places(files), ['a:2', 'a:9', 'b:1', 'c:1']);
  assert.deepEqual(places(files.toReversed()), ['a:2', 'a:9', 'b:1', 'c:1']);
});

test('a flood of dangling references is reported in full, with hints for the first', () => {
  const endpoints = Array.from({ length: 300 }, (_, index) => endpoint(`node-${String(index)}`));
  const installations = Array.from({ length: 300 }, (_, index) => ({
    ...installation,
    id: `web/shop@nodes-${String(index)}`,
    endpoint: `nodes-${String(index)}`,
    parameters: { key: '/etc/nginx/tls/k' },
  }));
  const { problems } = desire(...endpoints, placed({}, { installations }));
  assert.equal(problems.length, 300);
  const hints = problems.filter((problem) => problem.message.includes('Did you mean')).length;
  assert.equal(hints, 20);
});
