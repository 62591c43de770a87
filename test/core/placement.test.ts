/** What a requester may say of a place on an endpoint, and what she may not: judged on real profiles and real text. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildDesired, type InForce } from '../../daemon/core/desired.ts';
import type { Desired } from '../../daemon/core/model.ts';
import { placementOf } from '../../daemon/core/placement.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';

const reader = documentReader();
const brought = builtIns(reader);
const head = 'apiVersion: renewd/v1\n';

interface Sketch {
  /** Under `parameters` of the installation. */
  readonly parameters?: string;
  readonly profile?: string;
  readonly endpoint?: string;
  readonly team?: string;
  readonly name?: string;
}

const teamText = (name: string): string =>
  `${head}kind: Team\nmetadata: { name: ${name} }\nspec: { owners: [a], endpoints: ['*'], contacts: [{ email: a@example.com }], dnsNames: ['*.example.com'] }\n`;
const endpointText = (name: string, spec = '', team = 'web', host = `${name}.example.com`): string =>
  `${head}kind: Endpoint\nmetadata: { name: ${name}${team === '' ? '' : `, team: ${team}`} }\nspec:\n  type: ssh\n  host: ${host}\n  user: renewd\n  hostKeys: ['SHA256:${name.replace(/[^a-z0-9]/g, '').padEnd(43, 'A')}']\n  auth: { agent: true }\n${spec}`;
const certificateText = (each: Sketch): string =>
  `${head}kind: Certificate\nmetadata: { name: ${each.name ?? 'shop'}, team: ${each.team ?? 'web'} }\nspec:\n  dnsNames: [shop.example.com]\n  issuer: internal-ca\n  installations:\n    - endpoint: ${each.endpoint ?? 'web-01'}\n      profile: ${each.profile ?? 'nginx'}\n      parameters: ${each.parameters ?? '{}'}\n`;

function desire(
  certificates: readonly Sketch[],
  more: Readonly<Record<string, string>> = {},
  inForce?: InForce,
): Desired {
  const files: Record<string, string> = {
    'inventory/teams/web.yaml': teamText('web'),
    'inventory/teams/payments.yaml': teamText('payments'),
    'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec: { type: ca, organization: Example, permittedDnsNames: [example.com] }\n`,
    'inventory/endpoints/web-01.yaml': endpointText('web-01'),
    ...Object.fromEntries(
      certificates.map((each) => [
        `inventory/certificates/${each.team ?? 'web'}/${each.name ?? 'shop'}.yaml`,
        certificateText(each),
      ]),
    ),
    ...more,
  };
  const parsed = Object.entries(files).map(([path, text]) =>
    reader.parseFile({ path, oid: path, bytes: Buffer.from(text) }),
  );
  return buildDesired('c', parsed, brought, inForce);
}

const said = ({ problems }: Desired): string =>
  problems
    .map(
      ({ code, message, source }) =>
        `${source.file}:${String(source.line)}:${String(source.column)} ${code} ${message}`,
    )
    .join('\n');

describe('a requester sets where files stand, and nothing else', () => {
  test('the program of a profile is refused at its line, with the text to write instead', () => {
    const desired = desire([{ parameters: "{ nginx: /bin/bash, config: '/usr/bin/id>/tmp/x' }" }]);
    assert.match(
      said(desired),
      /^inventory\/certificates\/web\/shop\.yaml:10:2\d profile-parameter parameter nginx of profile nginx is set by the owner of endpoint web-01, not by a certificate\. .*inventory\/endpoints\/web-01\.yaml: profiles: \{ nginx: \{ parameters: \{ nginx: "\/bin\/bash" \} \} \}$/m,
    );
    assert.match(said(desired), /parameter config of profile nginx is set by the owner/);
    assert.equal(desired.certificates.size, 0);
  });

  test('even a value that changes nothing is the owner’s to write', () => {
    assert.match(
      said(desire([{ parameters: '{ nginx: nginx }' }])),
      /is set by the owner of endpoint web-01/,
    );
  });

  test('what the owner sets is what commands get, and nothing of the certificate is', () => {
    const desired = desire([{ parameters: '{ certificate: /etc/nginx/tls/shop.crt }' }], {
      'inventory/endpoints/web-01.yaml': endpointText(
        'web-01',
        '  profiles: { nginx: { parameters: { nginx: /opt/nginx/sbin/nginx } } }\n',
      ),
    });
    assert.equal(said(desired), '');
    const certificate = desired.certificates.get('web/shop');
    const [installation] = certificate?.installations ?? [];
    const endpoint = desired.endpoints.get('web-01');
    const profile = desired.profiles.get('nginx');
    assert.ok(certificate && installation && endpoint && profile);
    const result = placementOf({ certificate, installation, endpoint, profile });
    assert.ok('placement' in result);
    assert.deepEqual(result.placement, {
      store: '/var/lib/renewd/web/shop',
      links: [{ path: '/etc/nginx/tls/shop.crt', file: 'fullchain.pem' }],
      copied: false,
      words: { nginx: '/opt/nginx/sbin/nginx', config: '' },
    });
    for (const [own, all, copied] of [
      ['copy', undefined, true],
      [undefined, 'copy', true],
      ['link', 'copy', false],
    ] as const) {
      const made = placementOf({
        certificate,
        installation: { ...installation, ...(own === undefined ? {} : { placement: own }) },
        endpoint,
        profile: { ...profile, ...(all === undefined ? {} : { placement: all }) },
      });
      assert.ok('placement' in made && made.placement.copied === copied);
    }
  });

  test('what an earlier version accepted is judged again: only a value that the owner says too goes on', () => {
    const desired = desire([{}]);
    const certificate = desired.certificates.get('web/shop');
    const [installation] = certificate?.installations ?? [];
    const endpoint = desired.endpoints.get('web-01');
    const profile = desired.profiles.get('nginx');
    assert.ok(certificate && installation && endpoint && profile);
    const judge = (parameters: Record<string, string>) =>
      placementOf({ certificate, installation: { ...installation, parameters }, endpoint, profile });
    assert.ok('placement' in judge({ nginx: 'nginx', config: '', certificate: '', key: '' }));
    assert.ok('faults' in judge({ nginx: '/bin/bash', config: '' }));
    assert.ok('faults' in judge({ nginx: 'nginx', config: '/tmp/x' }));
  });

  test('a parameter belongs to the endpoint unless the profile says otherwise', () => {
    const profile = (more: string): string =>
      `${head}kind: Profile\nmetadata: { name: own }\nspec:\n  parameters: { program: { default: a${more} } }\n  files: [{ name: a.pem, content: fullchain }]\n`;
    const at = (more: string): Desired =>
      desire([{ profile: 'own', parameters: '{ program: b }' }], { 'policies/own.yaml': profile(more) });
    assert.match(said(at('')), /parameter program of profile own is set by the owner of endpoint/);
    assert.match(said(at(', setBy: endpoint')), /is set by the owner of endpoint/);
    assert.equal(said(at(', setBy: certificate')), '');
  });

  for (const [what, spec, expected] of [
    [
      'a parameter of certificates',
      "parameters: { p: { setBy: certificate } }\n  reload: [[a, 'x={{ p }}']]",
      /parameter p is set by certificates, and must not be part of a command/,
    ],
    [
      'a condition on one',
      "parameters: { p: { setBy: certificate } }\n  test: [[a, '{{#if p}}-x{{/if}}']]",
      /parameter p is set by certificates/,
    ],
    [
      'the name of a certificate',
      "reload: [[systemctl, restart, '{{name}}']]",
      /\{\{name\}\} is chosen by whoever asks/,
    ],
    ['its team', "test: [['/usr/bin/{{{team}}}']]", /\{\{team\}\} is chosen by whoever asks/],
    ['the store as a program', "test: [['{{store}}/current/x']]", /no program/],
    [
      'a path with a helper',
      "links: [{ path: '/etc/{{lookup a b}}', file: a.pem }]",
      /a path is made of text/,
    ],
  ] as const) {
    test(`a profile that would put into a command ${what} is refused`, () => {
      const text = `${head}kind: Profile\nmetadata: { name: own }\nspec:\n  files: [{ name: a.pem, content: fullchain }]\n  ${spec}\n`;
      assert.match(said(desire([], { 'policies/own.yaml': text })), expected);
    });
  }

  test('a profile counts only in policies/: nginx is not redefined from a folder of a team', () => {
    const text = `${head}kind: Profile\nmetadata: { name: nginx }\nspec:\n  files: [{ name: a.pem, content: fullchain }]\n  reload: [[/bin/bash]]\n`;
    for (const file of ['inventory/certificates/web/x.yaml', 'inventory/endpoints/x.yaml']) {
      const desired = desire([], { [file]: text });
      assert.match(said(desired), /wrong-folder Profile nginx is not used/);
      assert.deepEqual(desired.profiles.get('nginx')?.source.file, 'built-in/profiles/nginx.yaml');
    }
  });

  test('an endpoint that sets what it may not, or what is not there, is left out with its reason', () => {
    for (const [spec, expected] of [
      ['nginx: { parameters: { nginx: -c } }', /parameter nginx: "-c" begins with a dash/],
      ['nginx: { parameters: { certificate: /etc/x/y } }', /set by each certificate/],
      ['nginx: { parameters: { nginxx: a } }', /no parameter "nginxx".*Did you mean "nginx"/],
      ['ngnix: {}', /no profile "ngnix"/],
      ['nginx: { paths: [/etc] }', /whole directory of the system/],
      ['nginx: { paths: [/etc/../etc/nginx] }', /holds the part \.\./],
      ['nginx: { paths: [etc] }', /not an absolute path/],
    ] as const) {
      const desired = desire([{}], {
        'inventory/endpoints/web-01.yaml': endpointText('web-01', `  profiles: { ${spec} }\n`),
      });
      assert.match(said(desired), expected, spec);
      assert.equal(desired.certificates.size, 0, spec);
    }
  });
});

describe('where files may stand', () => {
  const at = (path: string, more: Partial<Sketch> = {}, endpoint = endpointText('web-01')): string =>
    said(
      desire([{ parameters: `{ certificate: ${JSON.stringify(path)} }`, ...more }], {
        'inventory/endpoints/web-01.yaml': endpoint,
      }),
    );

  test('below the directories of the profile, and nowhere else', () => {
    assert.equal(at('/etc/nginx/tls/shop.crt'), '');
    assert.equal(at('/etc/nginx/ssl/a/b/shop.crt'), '');
    for (const path of [
      '/etc/ssh/sshd_config',
      '/etc/nginx/tlsx/a',
      '/etc/nginx/nginx.conf',
      '/root/.ssh/authorized_keys',
    ])
      assert.match(
        at(path),
        /profile-parameter parameter certificate: .* is not where files of nginx may stand.*profiles: \{ nginx: \{ paths: \[/,
        path,
      );
  });

  test('a path that does not mean what it says is refused, whatever it leads to', () => {
    for (const path of [
      '/etc/nginx/tls/../../ssh/sshd_config',
      '/etc/nginx/tls/..',
      '/etc/nginx/tls//a',
      '/etc/nginx/tls/./a',
      '/etc/nginx/tls/',
      '/etc/nginx/tls/-a',
      '/etc/nginx/tls/a b',
      '/etc/nginx/tls/a\\b',
      '/etc/nginx/tls/$(id)',
      '/etc/nginx/tls/a;b',
      '/etc/nginx/tls/é',
      '/etc/nginx/tls/a*',
      '/etc/nginx/tls/a.renewd-new',
      '-c',
      ' /etc/nginx/tls/a',
    ])
      assert.notEqual(at(path), '', path);
    for (const path of [
      '/etc/nginx/tls/a\n',
      '/etc/nginx/tls/a\r',
      '/etc/nginx/tls/\u0000',
      '/etc/nginx/tls/\u202ea',
    ])
      assert.notEqual(at(path), '', JSON.stringify(path));
  });

  test('the endpoint says otherwise, and then only what it says', () => {
    const other = endpointText('web-01', '  profiles: { nginx: { paths: [/srv/tls/a] } }\n');
    assert.equal(at('/srv/tls/a/shop.crt', {}, other), '');
    assert.match(at('/etc/nginx/tls/shop.crt', {}, other), /\(\/srv\/tls\/a\)/);
  });

  test('a profile that the endpoint does not list is not used there', () => {
    const other = endpointText('web-01', '  profiles: { files: {} }\n');
    assert.match(at('/etc/nginx/tls/shop.crt', {}, other), /takes certificates by files, not by nginx/);
  });

  test('another team has the directory of its name, or what the owner gives it', () => {
    const theirs = { team: 'payments' };
    assert.match(at('/etc/nginx/tls/shop.crt', theirs), /for team payments \(\/etc\/nginx\/tls\/payments/);
    assert.equal(at('/etc/nginx/tls/payments/shop.crt', theirs), '');
    const given = endpointText(
      'web-01',
      '  profiles: { nginx: { paths: [/etc/nginx/tls, { path: /etc/nginx/pay, teams: [payments] }] } }\n',
    );
    assert.equal(at('/etc/nginx/pay/shop.crt', theirs, given), '');
    assert.match(at('/etc/nginx/pay/shop.crt', {}, given), /not where files/);
  });

  test('an endpoint without a team is nobody’s: each team has the directory of its name', () => {
    const shared = endpointText('web-01', '', '');
    assert.match(at('/etc/nginx/tls/shop.crt', {}, shared), /not where files/);
    assert.equal(at('/etc/nginx/tls/web/shop.crt', {}, shared), '');
  });

  test('never in the directory of keys', () => {
    for (const path of ['/var/lib/renewd/payments/pay/current/x.pem', '/var/lib/renewd', '/var/lib']) {
      const wide = endpointText('web-01', '  profiles: { nginx: { paths: [/var/lib] } }\n');
      assert.match(at(path, {}, wide), /keeps keys/, path);
    }
  });

  test('one installation does not put two files at one path', () => {
    const both = '{ certificate: /etc/nginx/tls/a, key: /etc/nginx/tls/A }';
    assert.match(said(desire([{ parameters: both }])), /in each other's way/);
  });

  test('a path that policies/ alone decide stands where they say, for the team of the endpoint', () => {
    const text = `${head}kind: Profile\nmetadata: { name: own }\nspec:\n  files: [{ name: a.pem, content: fullchain }]\n  links: [{ path: /srv/app/tls.pem, file: a.pem }]\n`;
    const own = (team: string): string =>
      said(desire([{ profile: 'own', team }], { 'policies/own.yaml': text }));
    assert.equal(own('web'), '');
    assert.match(own('payments'), /not where files of own may stand/);
  });
});

describe('one path on one machine has one owner', () => {
  const on = (name: string, path: string, more: Partial<Sketch> = {}): Sketch => ({
    name,
    parameters: `{ certificate: ${path} }`,
    ...more,
  });
  const claimed = (first: Sketch, second: Sketch, more: Record<string, string> = {}): string =>
    said(desire([first, second], more));

  test('the same path, another case of it, and one below the other are refused at the later one', () => {
    for (const path of ['/etc/nginx/tls/a', '/etc/nginx/tls/A', '/etc/nginx/tls/a/b'])
      assert.match(
        claimed(on('one', '/etc/nginx/tls/a'), on('two', path)),
        /^inventory\/certificates\/web\/two\.yaml:\d+:\d+ path-claimed .* belongs to web\/one@web-01/,
        path,
      );
    assert.match(claimed(on('one', '/etc/nginx/tls/a/b'), on('two', '/etc/nginx/tls/a')), /path-claimed/);
    assert.equal(claimed(on('one', '/etc/nginx/tls/a'), on('two', '/etc/nginx/tls/ab')), '');
  });

  test('through another profile, and through a default', () => {
    const text = `${head}kind: Profile\nmetadata: { name: own }\nspec:\n  files: [{ name: a.pem, content: fullchain }]\n  links: [{ path: /etc/nginx/tls/a, file: a.pem }]\n`;
    assert.match(
      claimed(on('one', '/etc/nginx/tls/a'), { name: 'two', profile: 'own' }, { 'policies/own.yaml': text }),
      /two\.yaml.*path-claimed/,
    );
  });

  test('two endpoints that name one machine are one: by address, and by host key', () => {
    const same = (text: string): string =>
      claimed(on('one', '/etc/nginx/tls/a'), on('two', '/etc/nginx/tls/a', { endpoint: 'web-02' }), {
        'inventory/endpoints/web-02.yaml': text,
      });
    assert.equal(same(endpointText('web-02')), '');
    assert.match(
      same(endpointText('web-02', '', 'web', 'WEB-01.example.com')),
      /same machine by endpoint web-01/,
    );
    assert.match(
      same(
        endpointText('web-01').replace('name: web-01', 'name: web-02').replace('host: web-01', 'host: other'),
      ),
      /path-claimed/,
    );
  });

  test('a key line and its fingerprint are one host key', () => {
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIESrDeDWm3/9aulolOJnNUPQJggBRx256M2hls0sJURc';
    const print = 'SHA256:/xe6CSRGnT/hV8JIDCAeGI5j7deHTzyJtj09SZasacc';
    const pin = (name: string, key: string): string =>
      endpointText(name).replace(/hostKeys: .*/, `hostKeys: ['${key}']`);
    const marks = desire([], {
      'inventory/endpoints/web-01.yaml': pin('web-01', line),
      'inventory/endpoints/web-02.yaml': pin('web-02', print),
    }).endpoints;
    assert.equal(marks.get('web-01')?.machine[1], marks.get('web-02')?.machine[1]);
  });

  test('one certificate through two endpoints of one machine would share a store', () => {
    const text = certificateText({}).concat('    - { endpoint: web-02, profile: nginx }\n');
    const desired = desire([], {
      'inventory/certificates/web/shop.yaml': text,
      'inventory/endpoints/web-02.yaml': endpointText('web-02', '', 'web', 'web-01.example.com'),
    });
    assert.match(said(desired), /path-claimed \/var\/lib\/renewd\/web\/shop belongs to/);
  });

  test('endpoints of two teams on one machine are named, those of one team are not', () => {
    const warned = (owner: string): string[] =>
      desire([], {
        'inventory/endpoints/web-02.yaml': endpointText('web-02', '', owner, 'web-01.example.com'),
      }).problems.map(
        ({ severity, code, source, message }) => `${severity} ${code} ${source.file} ${message}`,
      );
    assert.deepEqual(warned('web'), []);
    const both = warned('payments');
    assert.equal(both.length, 2);
    assert.match(
      both[0] ?? '',
      /^warning machine-shared inventory\/endpoints\/web-01\.yaml .*endpoint web-02/,
    );
    assert.match(both[1] ?? '', /web-02 of team payments is the machine of endpoint web-01 of team web/);
    assert.equal(warned('').length, 2);
  });

  test('a store inside another store is refused', () => {
    const desired = desire([{ name: 'shop' }, { name: 'a', endpoint: 'web-02' }], {
      'inventory/endpoints/web-02.yaml': endpointText(
        'web-02',
        '  directory: /var/lib/renewd/web/shop\n',
        'web',
        'web-01.example.com',
      ),
    });
    assert.match(said(desired), /path-claimed/);
  });

  test('who was in force keeps the path, though the newcomer comes first by file', () => {
    const before = desire([on('zeta', '/etc/nginx/tls/a')]);
    const desired = desire([on('zeta', '/etc/nginx/tls/a'), on('alpha', '/etc/nginx/tls/a')], {}, before);
    assert.deepEqual([...desired.certificates.keys()], ['web/zeta']);
    assert.match(said(desired), /alpha\.yaml.*belongs to web\/zeta/);
  });

  test('who moves onto the path of another is the newcomer', () => {
    const before = desire([on('alpha', '/etc/nginx/tls/b'), on('zeta', '/etc/nginx/tls/a')]);
    const desired = desire([on('alpha', '/etc/nginx/tls/a'), on('zeta', '/etc/nginx/tls/a')], {}, before);
    assert.deepEqual([...desired.certificates.keys()], ['web/zeta']);
  });

  test('who brings a machine together by one more host key comes after who was there, and stays so', () => {
    const both = [on('zeta', '/etc/nginx/tls/a'), on('alpha', '/etc/nginx/tls/a', { endpoint: 'web-02' })];
    const second = endpointText('web-02');
    const key = /'(SHA256:.*)'/.exec(endpointText('web-01'))?.[1] ?? '';
    const build = (text: string, before?: Desired): Desired =>
      desire(both, { 'inventory/endpoints/web-02.yaml': text }, before);
    const apart = build(second);
    assert.equal(said(apart), '');
    const union = second.replace("hostKeys: ['", `hostKeys: ['${key}', '`);
    let state = build(union, apart);
    for (let again = 0; again < 2; again++) {
      assert.deepEqual([...(state.pathless ?? [])], ['web/alpha@web-02']);
      assert.match(said(state), /alpha\.yaml.*belongs to web\/zeta/);
      // What is in force of it is kept, and makes it no earlier.
      state = build(union, { ...state, certificates: apart.certificates });
    }
    assert.equal(said(build(second, state)), '');
  });

  test('a retired certificate leaves its path', () => {
    const desired = desire([on('two', '/etc/nginx/tls/a')], {
      'inventory/certificates/web/one.yaml': certificateText(on('one', '/etc/nginx/tls/a')).replace(
        'issuer: internal-ca',
        'issuer: internal-ca\n  state: retired',
      ),
    });
    assert.equal(said(desired), '');
  });
});
