import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  hostPattern,
  type HostPort,
  type OwnUse,
  type SecretDestination,
  type SecretUser,
} from '../daemon/core/secret-binding.ts';
import { issuerSchemas, issuerSecrets } from '../daemon/issuers/schemas.ts';
import { limits } from '../daemon/limits.ts';
import { OperationError } from '../daemon/ports/failure.ts';
import { endpointSchemas, endpointSecrets } from '../daemon/targets/schemas.ts';
import { createVault, type VaultOptions } from '../daemon/vault.ts';

const directory = mkdtempSync(join(tmpdir(), 'renewd-secrets-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function put(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const warnings: string[] = [];

/** As the configuration itself opens a secret; `own` says which. */
function vaultOf(options: Partial<VaultOptions>): ReturnType<typeof createVault> {
  return createVault({
    bindings: {},
    own: new Map(),
    ownValues: () => Promise.resolve([]),
    agentSocket: null,
    credentialsDirectory: null,
    environment: {},
    decrypt: null,
    warn: (message) => warnings.push(message),
    ...options,
  });
}

function lookUp(options: Partial<VaultOptions>, name: string): Promise<string> {
  const own = new Map([[name, new Set(['git'] as const)]]);
  return vaultOf({ own, ...options })
    .openOwn(name, 'git')
    .then((secret) => secret.reveal());
}

function unavailable(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, 'secret-unavailable');
    assert.equal(error.disposition, 'stall');
    assert.match(error.message, pattern);
    return true;
  };
}

test('a secret bound to a file is its text without the last line end', async () => {
  const file = put('token', 'abc \n\n');
  assert.equal(await lookUp({ bindings: { token: { file } } }, 'token'), 'abc \n');
});

test('a rotated file is seen by the next call', async () => {
  const file = put('rotated', 'first');
  const sources = { bindings: { rotated: { file } } };
  assert.equal(await lookUp(sources, 'rotated'), 'first');
  writeFileSync(file, 'second');
  assert.equal(await lookUp(sources, 'rotated'), 'second');
});

test('a secret bound to an environment variable', async () => {
  const bindings = { token: { env: 'GIT_TOKEN' } };
  assert.equal(await lookUp({ bindings, environment: { GIT_TOKEN: 'value' } }, 'token'), 'value');
  await assert.rejects(lookUp({ bindings }, 'token'), unavailable(/GIT_TOKEN is not set\. Set it/));
});

test('a secret bound to a systemd credential, and an unbound one that falls back to it', async () => {
  put('git-token', 'from-systemd', 0o400);
  const credentialsDirectory = directory;
  assert.equal(await lookUp({ credentialsDirectory }, 'git-token'), 'from-systemd');
  const bindings = { token: { credential: 'git-token' } };
  assert.equal(await lookUp({ credentialsDirectory, bindings }, 'token'), 'from-systemd');
  await assert.rejects(lookUp({ bindings }, 'token'), unavailable(/CREDENTIALS_DIRECTORY is not set/));
});

test('an unbound secret says exactly how to bind it', async () => {
  const wanted = /secret "shop-eab": .*secrets: \{ shop-eab: \{ file: .*LoadCredential=shop-eab:/;
  await assert.rejects(lookUp({}, 'shop-eab'), unavailable(wanted));
  await assert.rejects(lookUp({ credentialsDirectory: directory }, 'shop-eab'), unavailable(wanted));
});

test('a name cannot leave the credentials directory or reach an inherited property', async () => {
  mkdirSync(join(directory, 'inner'), { recursive: true });
  put('outside', 'not yours');
  for (const name of ['../outside', '/etc/passwd', 'a/b', '', '.', 'A']) {
    await assert.rejects(
      lookUp({ credentialsDirectory: join(directory, 'inner') }, name),
      unavailable(/its name/),
    );
  }
  for (const name of ['constructor', 'valueof']) {
    await assert.rejects(lookUp({}, name), unavailable(/not bound/));
  }
});

test('mode 0640 is accepted silently, 0644 and 0660 are warned about', async () => {
  for (const [mode, expected] of [
    [0o400, 0],
    [0o600, 0],
    [0o640, 0],
    [0o644, 1],
    [0o660, 1],
    [0o604, 1],
  ] as const) {
    warnings.length = 0;
    const file = put('modes', 'value', mode);
    await lookUp({ bindings: { modes: { file } } }, 'modes');
    assert.equal(warnings.length, expected, mode.toString(8));
    if (expected === 1) assert.match(warnings[0] ?? '', /chmod 0600/);
    chmodSync(file, 0o600);
  }
});

test('exactly the size cap is read, one byte more is refused', async () => {
  const exact = put('exact', 'x'.repeat(limits.secrets.sizeMaxBytes));
  assert.equal(
    (await lookUp({ bindings: { exact: { file: exact } } }, 'exact')).length,
    limits.secrets.sizeMaxBytes,
  );
  const more = put('more', 'x'.repeat(limits.secrets.sizeMaxBytes + 1));
  await assert.rejects(lookUp({ bindings: { more: { file: more } } }, 'more'), unavailable(/larger than/));
});

test('a directory, an empty file, a missing file and a device are refused', async () => {
  const file = (path: string): Partial<VaultOptions> => ({ bindings: { it: { file: path } } });
  await assert.rejects(lookUp(file(directory), 'it'), unavailable(/not a regular file/));
  await assert.rejects(lookUp(file('/dev/zero'), 'it'), unavailable(/not a regular file/));
  await assert.rejects(lookUp(file(put('empty', '\n')), 'it'), unavailable(/empty/));
  await assert.rejects(lookUp(file(join(directory, 'absent')), 'it'), unavailable(/ENOENT.*Create the file/));
});

test('a FIFO that nobody writes to does not hang the look-up', async (context) => {
  const path = join(directory, 'fifo');
  if (spawnSync('mkfifo', [path]).status !== 0) {
    context.skip('mkfifo is not on this machine');
    return;
  }
  await assert.rejects(
    lookUp({ bindings: { it: { file: path } } }, 'it'),
    unavailable(/not a regular file|empty/),
  );
});

test('an age file is decrypted by the identity, and says what to set when there is none', async () => {
  const bindings = { sealed: { age: put('sealed.age', 'ciphertext', 0o644) } };
  const decrypt = (bytes: Uint8Array): Promise<string> => Promise.resolve(`plain:${bytes.length}\n`);
  warnings.length = 0;
  assert.equal(await lookUp({ bindings, decrypt }, 'sealed'), 'plain:10');
  assert.deepEqual(warnings, []);
  await assert.rejects(lookUp({ bindings }, 'sealed'), unavailable(/Set custody\.identity/));
  const failing = (): Promise<string> => Promise.reject(new Error('no match'));
  await assert.rejects(lookUp({ bindings, decrypt: failing }, 'sealed'), unavailable(/cannot be decrypted/));
});

test('the message of a failure never contains the value', async () => {
  const file = put('huge', 'canary-value '.repeat(10_000));
  await assert.rejects(lookUp({ bindings: { it: { file } } }, 'it'), (error: Error) => {
    assert.ok(!error.message.includes('canary-value'));
    return true;
  });
});

const web: SecretUser = { use: 'endpoints', name: 'web-01' };
const at = (host: string, port = 22, through: readonly HostPort[] = []): SecretDestination => ({
  host,
  port,
  through,
});

function refused(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, 'secret-refused');
    assert.match(error.message, pattern);
    return true;
  };
}

describe('what a declaration may open', () => {
  const file = put('deploy', 'a key of the endpoints');
  const bindings = {
    deploy: { file, for: 'endpoints', hosts: ['*.web.example', '10.1.0.0/16:*', '[2001:db8::1]:2222'] },
    issuer: { file, for: 'issuers', hosts: ['acme.example'] },
    old: { file },
  } as const;
  const open = (name: string, to: SecretDestination, user = web): Promise<unknown> =>
    vaultOf({ bindings }).openFor(name, user, to);

  test('a bound secret at a host that fits, in every spelling of it', async () => {
    for (const to of [
      at('a.web.example'),
      at('A.Web.Example.'),
      at('b.a.web.example'),
      at('10.1.255.3', 2200),
      at('::ffff:10.1.2.3', 22),
      at('[::ffff:a01:203]', 22),
      at('2001:db8:0:0:0:0:0:1', 2222),
      at('2001:DB8::0:1', 2222),
    ])
      await assert.doesNotReject(open('deploy', to), JSON.stringify(to));
  });

  test('not at any other host, port or spelling that only some programs understand', async () => {
    for (const to of [
      at('web.example'),
      at('aweb.example'),
      at('a.web.example.evil.test'),
      at('a.web.example', 2222),
      at('a..web.example'),
      at('.web.example'),
      at('evil.test#.web.example'),
      at('evil.test/.web.example'),
      at('evil@a.web.example'),
      at('10.2.0.1'),
      at('10.1.1'),
      at('0x0a.1.2.3'),
      at('10.1.2.03'),
      at('167837955'),
      at('10.1.2.3.'),
      at('2001:db8::1'),
      at('2001:db8::1%eth0', 2222),
      at('a.web.ex\u0430mple'),
      at(''),
    ])
      await assert.rejects(open('deploy', to), refused(/may be sent to/), JSON.stringify(to));
  });

  test('not through a jump host that is not bound: it could show us another machine', async () => {
    const way = [{ host: 'bastion.example', port: 22 }];
    await assert.rejects(open('deploy', at('a.web.example', 22, way)), refused(/sent through bastion/));
    await assert.doesNotReject(
      vaultOf({
        bindings: { deploy: { ...bindings.deploy, through: ['bastion.example'] } },
      }).openFor('deploy', web, at('a.web.example', 22, [...way, { host: '10.1.0.9', port: 7 }])),
    );
  });

  test('not for another use, another name, or without a use; the message holds the entry to write', async () => {
    const acme = { use: 'issuers', name: 'acme' } as const;
    await assert.rejects(open('issuer', at('acme.example', 443)), refused(/is bound to issuers/));
    await assert.doesNotReject(open('issuer', at('acme.example', 443), acme));
    await assert.rejects(open('issuer', at('acme.example', 22), acme), refused(/only, not to/));
    await assert.rejects(
      open('old', at('h.example', 2200)),
      refused(/secrets: \{ old: \{ file: .*deploy, for: endpoints, hosts: \["h\.example:2200"\] \} \}/),
    );
    await assert.rejects(
      open('absent', at('h.example')),
      refused(/file: \/etc\/renewd\/absent, for: endpoints/),
    );
    await assert.rejects(open('constructor', at('h.example')), refused(/bound to no use/));
    const named = { deploy: { ...bindings.deploy, names: ['web-02'] } };
    await assert.rejects(
      vaultOf({ bindings: named }).openFor('deploy', web, at('a.web.example')),
      refused(/bound to web-02/),
    );
  });

  test('never what renewd itself uses: by name, by value, by a part of it, or as the same key in another form', async () => {
    const hosts = ['*.web.example'];
    const own = new Map<string, ReadonlySet<OwnUse>>([
      ['git-token', new Set(['git'])],
      ['signing', new Set(['signing'])],
    ]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'id')]);
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(directory, 'rsa')]);
    execFileSync('cp', [join(directory, 'rsa'), join(directory, 'rsa.pem')]);
    execFileSync('ssh-keygen', ['-q', '-p', '-m', 'PKCS8', '-N', '', '-f', join(directory, 'rsa.pem')]);
    const token = put('token-file', 'glpat-0123456789abcdef\n');
    execFileSync('ln', ['-s', token, join(directory, 'link')]);
    execFileSync('ln', [token, join(directory, 'hard')]);
    const other = (place: string): object => ({ file: place, for: 'endpoints', hosts });
    const vault = vaultOf({
      own,
      ownValues: () => Promise.resolve(['AGE-SECRET-KEY-1CUSTODY']),
      bindings: {
        'git-token': { file: token },
        signing: { file: join(directory, 'rsa') },
        link: other(join(directory, 'link')),
        hard: other(join(directory, 'hard')),
        proc: other(`/proc/self/root${token}`),
        part: other(put('part', 'user: me\npassword: glpat-0123456789abcdef\n')),
        key: other(join(directory, 'rsa.pem')),
        identity: other(put('identity', '# made\nAGE-SECRET-KEY-1CUSTODY\n')),
        env: { env: 'COPY', for: 'endpoints', hosts },
        good: other(join(directory, 'id')),
      } as VaultOptions['bindings'],
      environment: { COPY: 'glpat-0123456789abcdef' },
    });
    const to = at('a.web.example');
    await assert.rejects(vault.openFor('git-token', web, to), refused(/itself uses for git; no declaration/));
    for (const name of ['link', 'hard', 'proc', 'part', 'key', 'identity', 'env'])
      await assert.rejects(vault.openFor(name, web, to), refused(/holds what the daemon itself uses/), name);
    await assert.doesNotReject(vault.openFor('good', web, to));
  });

  test('the SSH agent is bound like any other secret', async () => {
    const agentSocket = '/run/agent';
    const to = at('a.web.example');
    await assert.rejects(
      vaultOf({ agentSocket }).agentFor(web, to),
      refused(/agent: \{ agent: true, for: endpoints/),
    );
    const bound = { agent: { agent: true, for: 'endpoints', hosts: ['*.web.example'] } } as const;
    assert.equal(await vaultOf({ agentSocket, bindings: bound }).agentFor(web, to), agentSocket);
    await assert.rejects(
      vaultOf({ agentSocket, bindings: bound }).agentFor(web, at('evil.test')),
      refused(/only, not to evil\.test:22/),
    );
  });
});

test('a pattern for everybody, or one that is no host, is none', () => {
  for (const text of [
    '*',
    '*.',
    '*:22',
    '',
    '*.10.0.0.1',
    '10.0.0.0/33',
    'a b',
    'a:0',
    'a:65536',
    '[::1',
    '0x7f.1',
    '*.*.x',
  ])
    assert.equal(hostPattern(text), null, text);
});

test('a secret is revealed only where it is used, and read only by the vault', () => {
  const revealing = globSync('daemon/**/*.ts').filter((path) =>
    readFileSync(path, 'utf8').includes('.reveal()'),
  );
  assert.deepEqual(revealing.sort(), [
    'daemon/custody/custody.ts',
    'daemon/git/http-transport.ts',
    'daemon/http/server.ts',
    'daemon/issuers/acme.ts',
    'daemon/open-vault.ts',
    'daemon/ssh/connection.ts',
    'daemon/ssh/pool.ts',
  ]);
  const reading = globSync('daemon/**/*.ts').filter((path) =>
    /\breadSecret\(/.test(readFileSync(path, 'utf8')),
  );
  assert.deepEqual(reading.sort(), ['daemon/secrets.ts', 'daemon/vault.ts']);
  const making = globSync('daemon/**/*.ts').filter((path) =>
    /\bcreateVault\(/.test(readFileSync(path, 'utf8')),
  );
  assert.deepEqual(making.sort(), ['daemon/open-vault.ts', 'daemon/vault.ts']);
});

test('every kind that may name a secret says which and where: no schema can add one unnoticed', () => {
  const names = (schema: unknown): boolean =>
    typeof schema === 'object' &&
    schema !== null &&
    Object.entries(schema).some(([key, value]) => key === 'secret' || names(value));
  for (const [schemas, tables] of [
    [endpointSchemas, endpointSecrets],
    [issuerSchemas, issuerSecrets],
  ] as const) {
    assert.deepEqual(Object.keys(schemas).sort(), Object.keys(tables).sort());
    for (const [type, schema] of Object.entries(schemas)) {
      const config = {
        directory: 'https://acme.example/d',
        host: 'h',
        auth: { key: { secret: 's' } },
        eab: { kid: 'k', hmac: { secret: 's' } },
      };
      assert.equal(names(schema), (tables[type]?.(config) ?? []).length > 0, type);
    }
  }
});

describe('the stamp of a secret', () => {
  const bindings = { key: { file: join(directory, 'stamped') } };
  const stamp = (stampKey = 'one'): Promise<string> => vaultOf({ bindings, stampKey }).stamp('key');
  test('is the same for the same value however often its file is written, and another for another value', async () => {
    put('stamped', 'value');
    const first = await stamp();
    rmSync(join(directory, 'stamped'));
    assert.notEqual(await stamp(), first);
    put('stamped', 'value\n', 0o640);
    assert.equal(await stamp(), first);
    put('stamped', 'another');
    assert.notEqual(await stamp(), first);
  });

  test('tells nothing of the value without the key, and is no other in the next process', async () => {
    put('stamped', 'value');
    assert.equal(await stamp(), await stamp());
    assert.notEqual(await stamp('two'), await stamp());
    assert.doesNotMatch(await stamp(), /value/);
  });

  test('is there for what cannot be read, and reads what stands in the environment', async () => {
    const environment = { HERE: 'value' };
    const env = (name: string): Promise<string> =>
      vaultOf({ bindings: { key: { env: name } }, environment }).stamp('key');
    assert.equal(await env('AWAY'), await env('AWAY'));
    assert.notEqual(await env('HERE'), (await env('AWAY')).replace('AWAY', 'HERE'));
  });
});
