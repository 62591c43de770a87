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
  team: null,
  type: 'ssh',
  config,
});
const profile: Profile = {
  ...declared('nginx', 'built-in'),
  kind: 'Profile',
  description: '',
  parameters: {
    certificate: { description: 'path', default: '/etc/nginx/tls/cert.pem', pattern: '/[^ ]*' },
    key: { description: 'path of the key', default: null, pattern: '/[^ ]*' },
  },
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

test('references are resolved and parameters filled with their defaults', () => {
  const desired = desire(placed({ key: '/etc/key' }));
  assert.equal(messages(desired), '');
  assert.deepEqual(desired.certificates.get('web/shop')?.installations[0]?.parameters, {
    certificate: '/etc/nginx/tls/cert.pem',
    key: '/etc/key',
  });
});

describe('what is left out, and why', () => {
  const table: readonly [string, Resource, RegExp][] = [
    [
      'a missing issuer',
      placed({ key: '/k' }, { issuer: 'internal-cb' }),
      /reference-dangling: there is no issuer "internal-cb"\. Did you mean "internal-ca"\?/,
    ],
    [
      'a missing endpoint',
      placed(
        { key: '/k' },
        { installations: [{ ...installation, endpoint: 'web-02', parameters: { key: '/k' } }] },
      ),
      /no endpoint "web-02"\. Did you mean "web-01"/,
    ],
    [
      'a missing profile',
      placed({}, { installations: [{ ...installation, profile: 'ngnix', parameters: { key: '/k' } }] }),
      /no profile "ngnix"\. Did you mean "nginx"/,
    ],
    ['a missing team', placed({ key: '/k' }, { team: 'wed', id: 'wed/shop' }), /no team "wed"/],
    ['a parameter that must be given', placed({}), /profile-parameter: profile nginx needs parameter key/],
    [
      'a parameter that does not exist',
      placed({ key: '/k', certficate: '/c' }),
      /no parameter "certficate".*Did you mean "certificate"/,
    ],
    ['a value that does not match in full', placed({ key: 'x /k' }), /"x \/k" does not match/],
    [
      'the folder of another team',
      placed(
        { key: '/k' },
        { source: { file: 'inventory/certificates/payments/shop.yaml', line: 1, column: 1 } },
      ),
      /wrong-folder/,
    ],
    [
      'the same endpoint twice',
      placed(
        {},
        {
          installations: [
            { ...installation, parameters: { key: '/a' } },
            { ...installation, parameters: { key: '/b' } },
          ],
        },
      ),
      /duplicate-installation/,
    ],
  ];
  for (const [name, resource, expected] of table) {
    test(name, () => {
      const good = placed({ key: '/k' }, { name: 'good', id: 'web/good' });
      const desired = desire(resource, good);
      assert.match(messages(desired), expected);
      assert.deepEqual([...desired.certificates.keys()], ['web/good'], 'the good one stays');
    });
  }
});

test('of two with one name the first by path counts, whatever the order they come in', () => {
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
    assert.equal(desired.issuers.get('internal-ca')?.type, 'ca');
    assert.match(
      messages(desired),
      /duplicate-resource: Issuer internal-ca is declared already at inventory\/issuers\/ca\.yaml:1/,
    );
  }
});

test('jump hosts must exist and not lead back', () => {
  assert.match(messages(desire(endpoint('db', { jump: 'nowhere' }))), /no endpoint "nowhere"/);
  const circle = desire(endpoint('a', { jump: 'b' }), endpoint('b', { jump: 'a' }));
  assert.match(messages(circle), /jump-circle/);
  assert.equal(messages(desire(endpoint('db', { jump: 'web-01' }))), '');
});

test("a profile of the repository takes the built-in one's place", () => {
  const own: Profile = { ...profile, ...declared('nginx', 'policies/nginx.yaml'), description: 'ours' };
  assert.equal(desire(own).profiles.get('nginx')?.description, 'ours');
});
