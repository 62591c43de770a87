/**
 * What the hash of a plan is bound to: every field that an endpoint, an issuer or a profile may have is changed by itself while a certificate that uses it waits, and
 * either the hash is another one or the field is among the named exceptions. The fields come from the schemas: one that is added has to be answered for here.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unboundFields } from '../../daemon/core/change-reach.ts';
import { buildDesired } from '../../daemon/core/desired.ts';
import { profileSchema } from '../../daemon/documents/schemas/profile.ts';
import { acmeSchema } from '../../daemon/issuers/acme/schema.ts';
import { caSchema } from '../../daemon/issuers/ca/schema.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';
import { planOnTop } from '../../daemon/shell/judge-change.ts';
import { sshSchema } from '../../daemon/targets/ssh/schema.ts';
import { places } from '../schema-places.ts';

type Tree = Readonly<Record<string, unknown>>;
/** One change of a document, by where the schema says it: a value in the place of another, or a whole other form. */
type Variants = Readonly<Record<string, (spec: Record<string, unknown>) => void>>;

const reader = documentReader();
const brought = builtIns(reader);
const key = (letter: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)}`;
const pem = (letter: string): string =>
  `-----BEGIN CERTIFICATE-----\n${letter.repeat(64)}\n-----END CERTIFICATE-----\n`;

function document(kind: string, metadata: Tree, spec: Tree): Tree {
  return { apiVersion: 'renewd/v1', kind, metadata, spec };
}

const sshSpec = {
  type: 'ssh',
  host: '192.0.2.1',
  port: 22,
  user: 'deploy',
  hostKeys: [key('A')],
  auth: { key: { secret: 'deploy-key' } },
  jump: 'bastion',
  privilege: { mode: 'helper', path: '/usr/local/sbin/renewd-endpoint' },
  networks: ['10.0.0.0/8'],
  profiles: { store: { parameters: { program: '/usr/sbin/one' }, paths: ['/srv/tls'] } },
  directory: '/var/lib/renewd',
};
const endpoints: Readonly<Record<string, Tree>> = {
  'web-01': document('Endpoint', { name: 'web-01', team: 'web', labels: { env: 'prod' } }, sshSpec),
  bastion: document(
    'Endpoint',
    { name: 'bastion', team: 'web' },
    { type: 'ssh', host: '192.0.2.9', user: 'hop', hostKeys: [key('B')], auth: { agent: true } },
  ),
  'bastion-2': document(
    'Endpoint',
    { name: 'bastion-2', team: 'web' },
    { type: 'ssh', host: '192.0.2.8', user: 'hop', hostKeys: [key('C')], auth: { agent: true } },
  ),
};
const profileSpec = {
  description: 'files only',
  parameters: {
    program: { description: 'what runs', setBy: 'endpoint', default: '/usr/sbin/other', pattern: '[a-z/]+' },
  },
  files: [
    { name: 'fullchain.pem', content: 'fullchain', mode: '0644' },
    { name: 'key.pem', content: 'key', mode: '0640', owner: 'root:tls' },
  ],
  paths: ['/srv/tls'],
  links: [{ path: '/srv/tls/fullchain.pem', file: 'fullchain.pem' }],
  test: [['{{program}}', '-t']],
  reload: [['{{program}}', '-s', 'reload']],
  settle: '10s',
};
const acmeSpec = {
  type: 'acme',
  directory: 'https://acme.example.com/directory',
  contacts: ['pki@example.com'],
  termsOfServiceAgreed: true,
  eab: { kid: 'one', hmac: { secret: 'eab-hmac' } },
  trust: pem('A'),
  roots: pem('B'),
  profile: 'short',
  preferredChain: 'Root One',
  challenge: { type: 'webroot', path: '/var/www/html', listen: '0.0.0.0:80' },
};
const caSpec = {
  type: 'ca',
  organization: 'Example',
  permittedDnsNames: ['example.com'],
  permittedIpRanges: ['192.0.2.0/24'],
  lifetime: '90d',
  rootLifetime: '3650d',
  intermediateLifetime: '1825d',
  crlUrl: 'http://crl.example.com/crl',
};

/** Everything declared, one document in place of another. */
interface Estate {
  readonly endpoints: Readonly<Record<string, Tree>>;
  readonly issuer: Tree;
  readonly profile: Tree;
}
const estate: Estate = {
  endpoints,
  issuer: document('Issuer', { name: 'internal-ca', labels: { tier: 'one' } }, caSpec),
  profile: document('Profile', { name: 'store', labels: { tier: 'one' } }, profileSpec),
};

function hashOf({ endpoints: servers, issuer, profile }: Estate): string {
  const named = (folder: string, each: Tree): [string, Tree] => [
    `${folder}/${String((each['metadata'] as Tree)['name'])}.yaml`,
    each,
  ];
  const texts = [
    ...Object.values(servers).map((each) => named('inventory/endpoints', each)),
    named('inventory/issuers', issuer),
    named('policies', profile),
    named(
      'inventory/teams',
      document(
        'Team',
        { name: 'web' },
        { owners: ['ada'], contacts: [{ email: 'web@example.com' }], dnsNames: ['*.example.com'] },
      ),
    ),
  ];
  const file = 'inventory/certificates/web/shop.yaml';
  const certificate = document(
    'Certificate',
    { name: 'shop', team: 'web' },
    {
      dnsNames: ['shop.example.com'],
      issuer: 'internal-ca',
      installations: [{ endpoint: 'web-01', profile: 'store' }],
    },
  );
  const parse = (path: string, content: Tree): ReturnType<typeof reader.parseFile> => {
    const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
    const parsed = reader.parseFile({ path, oid: 'b'.repeat(40), bytes });
    assert.deepEqual(
      parsed.problems.map((each) => `${path}: ${each.message}`),
      [],
    );
    return parsed;
  };
  const before = texts.map(([path, content]) => parse(path, content));
  const documents = [{ path: file, before: null, after: 'c'.repeat(40) }];
  const states = [before, [...before, parse(file, certificate)]].map((files) =>
    buildDesired('c', files, brought),
  );
  const [was, will] = states;
  assert.ok(was !== undefined && will !== undefined);
  return planOnTop({ before: was, after: will, trust: new Map(), documents }).hash;
}

const set =
  (name: string, value: unknown) =>
  (spec: Record<string, unknown>): void => {
    spec[name] = value;
  };
const ofStore = (said: Tree): ((spec: Record<string, unknown>) => void) => set('profiles', { store: said });
const auth = (how: Tree): ((spec: Record<string, unknown>) => void) => set('auth', how);
const program = (changes: Tree): ((spec: Record<string, unknown>) => void) =>
  set('parameters', { program: { ...profileSpec.parameters.program, ...changes } });
const certificateFile = (changes: Tree): ((spec: Record<string, unknown>) => void) =>
  set('files', [{ ...profileSpec.files[0], ...changes }, profileSpec.files[1]]);
const challenge = (changes: Tree): ((spec: Record<string, unknown>) => void) =>
  set('challenge', { ...acmeSpec.challenge, ...changes });

const sshVariants: Variants = {
  type: set('type', 'ssh'),
  host: set('host', '192.0.2.2'),
  port: set('port', 2222),
  user: set('user', 'mallory'),
  'hostKeys[]': set('hostKeys', [key('D')]),
  'auth.key.secret': auth({ key: { secret: 'other-key' } }),
  'auth.password.secret': auth({ password: { secret: 'deploy-key' } }),
  'auth.agent': auth({ agent: true }),
  jump: set('jump', 'bastion-2'),
  'privilege.mode': set('privilege', { mode: 'direct' }),
  'privilege.path': set('privilege', { mode: 'helper', path: '/usr/local/sbin/other' }),
  'networks[]': set('networks', ['10.0.0.0/9']),
  'profiles.*.parameters.*': ofStore({ parameters: { program: '/usr/sbin/two' }, paths: ['/srv/tls'] }),
  'profiles.*.paths[]': ofStore({ parameters: { program: '/usr/sbin/one' }, paths: ['/srv/tls/other'] }),
  'profiles.*.paths[].path': ofStore({
    parameters: { program: '/usr/sbin/one' },
    paths: [{ path: '/srv/tls', teams: ['web'] }],
  }),
  'profiles.*.paths[].teams[]': ofStore({
    parameters: { program: '/usr/sbin/one' },
    paths: [{ path: '/srv/tls', teams: ['other'] }],
  }),
  directory: set('directory', '/var/lib/other'),
};
const profileVariants: Variants = {
  description: set('description', 'other words'),
  'parameters.*.description': program({ description: 'other words' }),
  'parameters.*.setBy': set('parameters', {
    ...profileSpec.parameters,
    extra: { setBy: 'certificate', default: 'x' },
  }),
  'parameters.*.default': program({ default: '/usr/sbin/third' }),
  'parameters.*.pattern': program({ pattern: '[a-z/.]+' }),
  'files[].name': (spec) => {
    certificateFile({ name: 'other.pem' })(spec);
    set('links', [{ path: '/srv/tls/fullchain.pem', file: 'other.pem' }])(spec);
  },
  'files[].content': certificateFile({ content: 'certificate' }),
  'files[].mode': certificateFile({ mode: '0444' }),
  'files[].owner': certificateFile({ owner: 'mallory' }),
  'paths[]': set('paths', ['/srv/other']),
  'links[].path': set('links', [{ path: '/srv/tls/other.pem', file: 'fullchain.pem' }]),
  'links[].file': set('links', [{ path: '/srv/tls/fullchain.pem', file: 'key.pem' }]),
  placement: set('placement', 'copy'),
  'test[][]': set('test', [['{{program}}', '-T']]),
  'reload[][]': set('reload', [['{{program}}', '-s', 'stop']]),
  settle: set('settle', '20s'),
};
const acmeVariants: Variants = {
  type: set('type', 'acme'),
  directory: set('directory', 'https://other.example.com/directory'),
  'contacts[]': set('contacts', ['other@example.com']),
  termsOfServiceAgreed: set('termsOfServiceAgreed', true),
  'eab.kid': set('eab', { ...acmeSpec.eab, kid: 'two' }),
  'eab.hmac.secret': set('eab', { kid: 'one', hmac: { secret: 'other' } }),
  trust: set('trust', pem('C')),
  roots: set('roots', pem('D')),
  profile: set('profile', 'long'),
  preferredChain: set('preferredChain', 'Root Two'),
  'challenge.type': challenge({ type: 'standalone' }),
  'challenge.path': challenge({ path: '/var/www/other' }),
  'challenge.listen': challenge({ listen: '0.0.0.0:8080' }),
};
const caVariants: Variants = {
  type: set('type', 'ca'),
  organization: set('organization', 'Other'),
  'permittedDnsNames[]': set('permittedDnsNames', ['example.org', 'example.com']),
  'permittedIpRanges[]': set('permittedIpRanges', ['192.0.2.0/25']),
  lifetime: set('lifetime', '89d'),
  rootLifetime: set('rootLifetime', '3649d'),
  intermediateLifetime: set('intermediateLifetime', '1824d'),
  crlUrl: set('crlUrl', 'http://crl.example.com/other'),
};

/** The only values these may have. */
const constant = new Set(['type', 'termsOfServiceAgreed']);
/** Words for people, that nothing is done by. */
const words = new Set(['Profile description']);

function varied(kind: string, base: Tree, change: Variants[string]): Tree {
  const spec = structuredClone(base['spec']) as Record<string, unknown>;
  change(spec);
  return document(kind, base['metadata'] as Tree, spec);
}

describe('the hash of a waiting plan is another one', () => {
  const acme = { ...estate, issuer: document('Issuer', { name: 'internal-ca' }, acmeSpec) };
  const kinds: readonly [string, string, unknown, Variants, Estate, (one: Tree) => Partial<Estate>, Tree][] =
    [
      [
        'Endpoint',
        'an endpoint',
        sshSchema,
        sshVariants,
        estate,
        (one) => ({ endpoints: { ...endpoints, 'web-01': one } }),
        endpoints['web-01'] ?? {},
      ],
      [
        'Profile',
        'a profile',
        (profileSchema['properties'] as Tree)['spec'],
        profileVariants,
        estate,
        (one) => ({ profile: one }),
        estate.profile,
      ],
      [
        'Issuer',
        'an issuer of type ca',
        caSchema,
        caVariants,
        estate,
        (one) => ({ issuer: one }),
        estate.issuer,
      ],
      [
        'Issuer',
        'an issuer of type acme',
        acmeSchema,
        acmeVariants,
        acme,
        (one) => ({ issuer: one }),
        acme.issuer,
      ],
    ];
  for (const [kind, name, schema, variants, from, put, base] of kinds) {
    test(`when any field of ${name} changes, or the field is a named exception`, () => {
      assert.deepEqual(Object.keys(variants).sort(), places(schema).sort(), 'a field nobody answers for');
      const own = hashOf(from);
      for (const [place, change] of Object.entries(variants)) {
        const other = hashOf({ ...from, ...put(varied(kind, base, change)) });
        const excepted = constant.has(place) || words.has(`${kind} ${place}`);
        assert.equal(other === own, excepted, `${name}: ${place}`);
      }
    });
  }

  test('when the team of an endpoint changes, or whom it is reached through', () => {
    const own = hashOf(estate);
    const server = endpoints['web-01'] ?? {};
    const bastion = endpoints['bastion'] ?? {};
    const with_ = (changes: Readonly<Record<string, Tree>>): string =>
      hashOf({ ...estate, endpoints: { ...endpoints, ...changes } });
    const team = document('Endpoint', { ...(server['metadata'] as Tree), team: 'other' }, sshSpec);
    assert.notEqual(with_({ 'web-01': team }), own);
    for (const change of [set('user', 'mallory'), set('hostKeys', [key('E')]), set('host', '192.0.2.7')])
      assert.notEqual(with_({ bastion: varied('Endpoint', bastion, change) }), own);
    // Labels are a named exception, and another way on that is not taken makes no difference.
    assert.ok(Object.hasOwn(unboundFields.Endpoint, 'labels'));
    const labels = document('Endpoint', { ...(server['metadata'] as Tree), labels: { env: 'dev' } }, sshSpec);
    assert.equal(with_({ 'web-01': labels }), own);
    assert.equal(
      with_({ 'bastion-2': varied('Endpoint', endpoints['bastion-2'] ?? {}, set('user', 'x')) }),
      own,
    );
  });
});
