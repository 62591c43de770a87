import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Certificate, Endpoint, Issuer, Profile } from '../../daemon/core/model.ts';
import {
  basisOf,
  endsWhenAsked,
  isMetWithOther,
  stallSentence,
  withStall,
  type Ground,
} from '../../daemon/core/stall.ts';
import { certificate } from './sample.ts';

const shop: Certificate = certificate();
const [installation] = shop.installations;
assert.ok(installation !== undefined);
const named = <T>(name: string, blob: string, more: object = {}): T =>
  ({ name, blob, config: {}, ...more }) as unknown as T;

function ground(
  changes: {
    readonly certificate?: Certificate | null;
    readonly endpoint?: string;
    readonly hop?: string;
    readonly issuer?: string;
    readonly profile?: string;
    readonly stamps?: Readonly<Record<string, string>>;
  } = {},
): Ground {
  const { endpoint = 'e1', hop = 'h1', issuer = 'i1', profile = 'p1', stamps = {} } = changes;
  return {
    desired: {
      endpoints: new Map<string, Endpoint>([
        [
          installation?.endpoint ?? '',
          named(installation?.endpoint ?? '', endpoint, { config: { jump: 'hop' } }),
        ],
        ['hop', named('hop', hop)],
      ]),
      issuers: new Map<string, Issuer>([[shop.issuer, named(shop.issuer, issuer)]]),
      profiles: new Map<string, Profile>([
        [installation?.profile ?? '', named(installation?.profile ?? '', profile)],
      ]),
    },
    certificate: () => (changes.certificate === undefined ? shop : changes.certificate),
    stamps: new Map(Object.entries(stamps)),
  };
}

describe('what a wait depends on', () => {
  const subjects = {
    installation: `installation:${installation.id}`,
    endpoint: `endpoint:${installation.endpoint}`,
    issuer: `issuer:${shop.issuer}`,
  };
  const cases: readonly [string, Parameters<typeof ground>[0], readonly (keyof typeof subjects)[]][] = [
    ['nothing', {}, []],
    ['the certificate', { certificate: { ...shop, blob: 'other' } }, ['installation']],
    ['the certificate is gone', { certificate: null }, ['installation']],
    ['the profile', { profile: 'p2' }, ['installation']],
    ['the endpoint', { endpoint: 'e2' }, ['installation', 'endpoint']],
    ['the jump host', { hop: 'h2' }, ['installation', 'endpoint']],
    ['the issuer', { issuer: 'i2' }, ['installation', 'issuer']],
    ['a secret of the endpoint', { stamps: { [subjects.endpoint]: 'new' } }, ['installation', 'endpoint']],
    ['a secret of the issuer', { stamps: { [subjects.issuer]: 'new' } }, ['installation', 'issuer']],
    ['a secret of another issuer', { stamps: { 'issuer:other': 'new' } }, []],
  ];
  for (const [what, changes, ended] of cases)
    test(`${what}: ends the wait of ${ended.join(' and ') || 'nobody'}`, () => {
      const over = Object.entries(subjects)
        .filter(([, subject]) => basisOf(subject, ground()) !== basisOf(subject, ground(changes)))
        .map(([name]) => name);
      assert.deepEqual(over, ended);
    });
});

describe('a wait that a CA asked for', () => {
  const subject = `installation:${installation.id}`;
  const basis = basisOf(subject, ground());
  const cases: readonly [string, Parameters<typeof ground>[0], boolean][] = [
    ['another blob with the same names', { certificate: { ...shop, blob: 'other' } }, false],
    ['a secret of the endpoint', { stamps: { [`endpoint:${installation.endpoint}`]: 'new' } }, false],
    ['the endpoint', { endpoint: 'e2' }, false],
    ['the profile', { profile: 'p2' }, false],
    ['other names', { certificate: { ...shop, dnsNames: ['other.example.com'] } }, true],
    ['another declaration of the issuer', { issuer: 'i2' }, true],
    ['a secret of the issuer', { stamps: { [`issuer:${shop.issuer}`]: 'new' } }, true],
    ['no certificate any more', { certificate: null }, true],
  ];
  for (const [what, changes, expected] of cases)
    test(`${what}: ${expected ? 'ends' : 'does not end'} it`, () => {
      for (const wait of [
        { code: 'rate-limited' },
        { code: 'pending' },
        { code: 'acme-server', askedUntil: 2 },
      ])
        assert.equal(isMetWithOther(subject, { ...wait, basis }, ground(changes), 1), expected, wait.code);
      assert.equal(
        isMetWithOther(subject, { code: 'acme-server', askedUntil: 1, basis }, ground(changes), 1),
        true,
      );
    });

  test('nothing changed, and what an older version wrote down', () => {
    assert.equal(isMetWithOther(subject, { code: 'rate-limited', basis }, ground(), 1), false);
    const older = JSON.stringify((JSON.parse(basis) as unknown[]).slice(0, 4));
    assert.equal(isMetWithOther(subject, { code: 'rate-limited', basis: older }, ground(), 1), false);
    assert.equal(
      isMetWithOther(subject, { code: 'rate-limited', basis: older }, ground({ issuer: 'i2' }), 1),
      true,
    );
    assert.equal(isMetWithOther(subject, { code: 'rate-limited' }, ground({ issuer: 'i2' }), 1), false);
  });
});

test('the sentence says what is seen at once, what is found out, and never that nothing is tried', () => {
  assert.equal(
    stallSentence(['issuer', 'declaration', 'secret']),
    'It is tried again at once when its declaration or a secret it uses changes, and otherwise at least once a day. A correction of the CA is found within a day. renewd once, or SIGHUP to the daemon, tries it now.',
  );
  assert.equal(
    stallSentence(['data-directory']),
    'Correct the data directory: it is tried again at least once a day.',
  );
});

test('the sentence stands apart from a message that has no full stop', () => {
  const sentence = stallSentence(['data-directory']);
  assert.equal(withStall('it is deactivated', ['data-directory']), `it is deactivated. ${sentence}`);
  assert.equal(withStall('Correct it.', ['data-directory']), `Correct it. ${sentence}`);
  assert.equal(withStall('it is away'), 'it is away');
});

test('a person who asks ends what waits for an endpoint or an account, and nothing that counts against a CA', () => {
  const table: [boolean, string, Parameters<typeof endsWhenAsked>[1]][] = [
    [true, 'endpoint:web-01', { code: 'ssh-auth', endsWhen: ['endpoint'] }],
    [
      true,
      'installation:web/shop@web-01',
      { code: 'ssh-command-failed', endsWhen: ['endpoint', 'declaration'] },
    ],
    [true, 'installation:web/shop@web-01', { code: 'config-test-failed' }],
    [true, 'issuer:public', { code: 'acme-account', endsWhen: ['issuer', 'secret'] }],
    [false, 'issuer:public', { code: 'acme-server' }],
    [false, 'issuer:public', { code: 'rate-limited', endsWhen: ['issuer'] }],
    [false, 'installation:web/shop@web-01', { code: 'acme-rejected', endsWhen: ['issuer'] }],
    [false, 'installation:web/shop@web-01', { code: 'rate-limited' }],
    [false, 'installation:web/shop@web-01', { code: 'pending' }],
  ];
  for (const [expected, subject, attempt] of table)
    assert.equal(endsWhenAsked(subject, attempt), expected, `${subject} ${attempt.code}`);
});
