/** Who may write one declaration tries to have a secret of the daemon sent to a server of their own: a real SSH server and a real HTTP server that write down what they are given. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import ssh2 from 'ssh2';
import { examine } from '../../daemon/commands/doctor.ts';
import type { Config } from '../../daemon/config.ts';
import { openHouse, plainConfig, turn } from './estate.ts';

const head = 'apiVersion: renewd/v1\n';
const token = 'glpat-THE-GIT-TOKEN-0123456789';
const password = 'the password of the endpoints';

describe('a secret goes only to whom it is bound', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-secret-use-'));
  const received: string[] = [];
  const requests: string[] = [];
  const hostKeyFile = join(root, 'host-key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKeyFile]);
  const hostKey = readFileSync(`${hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const thief = new ssh2.Server({ hostKeys: [readFileSync(hostKeyFile)] }, (client) => {
    client.on('authentication', (context) => {
      if (context.method === 'password') received.push(context.password);
      if (context.method === 'publickey') received.push('a signature');
      context.reject(['password', 'publickey']);
    });
    client.on('error', () => undefined);
  });
  const directory = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(500).end();
  });
  const portOf = (server: { address: () => unknown }): number => (server.address() as AddressInfo).port;
  const work = join(root, 'work');
  const git = (...words: string[]): void => {
    execFileSync('git', ['-C', work, '-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...words], {
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    });
  };
  const endpoint = (name: string, auth: string, more = ''): string =>
    `${head}kind: Endpoint\nmetadata: { name: ${name}, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: ${String(portOf(thief))}\n  user: root\n  hostKeys: ['${hostKey}']\n  auth: ${auth}\n${more}`;
  const certificate = (name: string, at: string, issuer = 'internal-ca'): string =>
    `${head}kind: Certificate\nmetadata: { name: ${name}, team: web }\nspec:\n  dnsNames: [${name}.example.com]\n  issuer: ${issuer}\n  installations: [{ endpoint: ${at}, profile: store }]\n`;

  before(async () => {
    await new Promise<void>((resolve) => {
      thief.listen(0, '127.0.0.1', resolve);
    });
    await new Promise<void>((resolve) => {
      directory.listen(0, '127.0.0.1', resolve);
    });
    for (const each of ['teams', 'issuers', 'endpoints', 'certificates/web'])
      mkdirSync(join(work, 'inventory', each), { recursive: true });
    mkdirSync(join(work, 'policies'));
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(root, 'estate.git')]);
    git('init', '-q', '-b', 'main');
    writeFileSync(join(root, 'token'), `${token}\n`, { mode: 0o600 });
    writeFileSync(join(root, 'password'), password, { mode: 0o600 });
    const files: Record<string, string> = {
      'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: ['*.example.com']\n`,
      'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec: { type: ca, organization: Example, permittedDnsNames: [example.com] }\n`,
      'inventory/issuers/acme.yaml': `${head}kind: Issuer\nmetadata: { name: acme }\nspec:\n  type: acme\n  directory: http://127.0.0.1:${String(portOf(directory))}/directory\n  termsOfServiceAgreed: true\n  challenge: { type: standalone, listen: '127.0.0.1:5002' }\n  eab: { kid: k, hmac: { secret: eab } }\n`,
      'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files: [{ name: fullchain.pem, content: fullchain }, { name: key.pem, content: key }]\n`,
      // By name, by another name for the same file, an entry without a use, one bound to other hosts, the agent, and through a jump host of the thief's.
      'inventory/endpoints/by-name.yaml': endpoint('by-name', '{ password: { secret: git-token } }'),
      'inventory/endpoints/by-file.yaml': endpoint('by-file', '{ password: { secret: same-file } }'),
      'inventory/endpoints/by-use.yaml': endpoint('by-use', '{ password: { secret: old-style } }'),
      'inventory/endpoints/by-host.yaml': endpoint('by-host', '{ password: { secret: password } }'),
      'inventory/endpoints/by-agent.yaml': endpoint('by-agent', '{ agent: true }'),
      'inventory/endpoints/bastion.yaml': endpoint('bastion', '{ password: { secret: old-style } }'),
      'inventory/endpoints/by-jump.yaml': endpoint(
        'by-jump',
        '{ password: { secret: password } }',
        '  jump: bastion\n',
      ).replace('127.0.0.1', 'a.web.example.com'),
    };
    for (const name of ['by-name', 'by-file', 'by-use', 'by-host', 'by-agent', 'by-jump'])
      files[`inventory/certificates/web/${name}.yaml`] = certificate(name, name);
    files['inventory/certificates/web/eab.yaml'] = certificate('eab', 'by-host', 'acme');
    for (const [path, text] of Object.entries(files)) writeFileSync(join(work, path), text);
    git('add', '-A');
    git('commit', '-q', '-m', 'Declare');
    git('push', '-q', join(root, 'estate.git'), 'main');
  });
  after(() => {
    thief.close();
    directory.close();
    rmSync(root, { recursive: true, force: true });
  });

  const config = (): Config => {
    const plain = plainConfig(root, join(root, 'estate.git'));
    return {
      ...plain,
      git: { ...plain.git, tokenSecret: 'git-token' },
      secrets: {
        'git-token': { file: join(root, 'token') },
        'same-file': { file: join(root, 'work/../token'), for: 'endpoints', hosts: ['127.0.0.1:*'] },
        'old-style': { file: join(root, 'password') },
        password: { file: join(root, 'password'), for: 'endpoints', hosts: ['*.web.example.com:*'] },
        eab: { file: join(root, 'password'), for: 'issuers', hosts: ['acme.example.com'] },
      },
    };
  };

  test('nothing reaches a server it is not bound to, and each declaration is told why', async () => {
    const house = await openHouse(config());
    try {
      await turn(house);
      const examined = await examine(house, AbortSignal.timeout(60_000));
      const said = new Map(examined.map((each) => [each.subject, each]));
      for (const [subject, words] of [
        ['endpoint by-name', /renewd itself uses for git/],
        ['endpoint by-file', /holds what the daemon itself uses/],
        ['endpoint by-use', /old-style: \{ file: .*password, for: endpoints, hosts: \["127\.0\.0\.1:\d+"\]/],
        ['endpoint by-host', /may be sent to \*\.web\.example\.com:\* only, not to 127\.0\.0\.1:/],
        ['endpoint by-agent', /agent: \{ agent: true, for: endpoints/],
        ['endpoint by-jump', /may not be sent through 127\.0\.0\.1:|old-style/],
        ['issuer acme', /may be sent to acme\.example\.com only, not to 127\.0\.0\.1:/],
      ] as const) {
        assert.equal(said.get(subject)?.code, 'secret-refused', subject);
        assert.match(said.get(subject)?.message ?? '', words, subject);
      }
      assert.match(
        said.get('secret git-token')?.message ?? '',
        /for git only, never for a declaration; named by endpoint by-name/,
      );
      assert.match(
        said.get('secret password')?.message ?? '',
        /for endpoints at \*\.web\.example\.com:\*; named by endpoint by-/,
      );
      assert.match(said.get('secret old-style')?.message ?? '', /bound to no use/);
      assert.deepEqual(received, []);
      assert.deepEqual(requests, []);
      assert.ok(!JSON.stringify(examined).includes(token) && !JSON.stringify(examined).includes(password));
    } finally {
      await house.close();
    }
  });

  test('the same declaration is used as soon as the operator binds the secret to that host', async () => {
    const bound = config();
    const house = await openHouse({
      ...bound,
      dataDirectory: join(root, 'data-bound'),
      secrets: {
        ...bound.secrets,
        password: { file: join(root, 'password'), for: 'endpoints', hosts: ['127.0.0.1:*'] },
      },
    });
    try {
      const examined = await examine(house, AbortSignal.timeout(60_000));
      assert.equal(examined.find(({ subject }) => subject === 'endpoint by-host')?.code, 'ssh-auth');
      assert.deepEqual([...new Set(received)], [password]);
    } finally {
      await house.close();
    }
  });

  test('check --config says what is bound to what, and each refusal at its file, line and column', () => {
    const file = join(root, 'renewd.yaml');
    const { secrets } = config();
    writeFileSync(
      file,
      `repo: ${join(root, 'estate.git')}\ndata: ${join(root, 'data-check')}\ngit: { token: { secret: git-token } }\nhttp: { listen: none }\nsecrets: ${JSON.stringify({ ...secrets, 'same-file': { file: '/elsewhere', for: 'endpoints', hosts: ['127.0.0.1:*'] } })}\n`,
    );
    const run = (...words: string[]): string => {
      try {
        return execFileSync(process.execPath, ['bin/start.mjs', 'daemon/main.ts', 'check', ...words], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
      } catch (error) {
        assert.equal((error as { status?: number }).status, 1);
        return (error as { stdout: string }).stdout;
      }
    };
    const text = run(work, '--config', file);
    for (const name of ['by-name', 'by-use', 'by-host', 'by-agent'])
      assert.match(
        text,
        new RegExp(`inventory/endpoints/${name}\\.yaml:\\d+:\\d+: .*endpoint ${name}`),
        name,
      );
    assert.match(text, /inventory\/issuers\/acme\.yaml:\d+:\d+: /);
    assert.match(
      text,
      /^secret git-token: for git only, never for a declaration; named by endpoint by-name/m,
    );
    assert.match(
      text,
      /^secret password: for endpoints at \*\.web\.example\.com:\*; named by endpoint by-host at/m,
    );
    const report = JSON.parse(run(work, '--config', file, '--json')) as {
      valid: boolean;
      secrets: { name: string }[];
      problems: { code: string }[];
    };
    assert.equal(report.valid, false);
    assert.equal(report.secrets.length, 5);
    assert.ok(report.problems.filter(({ code }) => code === 'secret-refused').length >= 6);
  });
});
