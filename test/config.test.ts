/** The configuration: what wins over what, where paths start, and that every mistake is found at its place. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isPath } from '../daemon/config-checks.ts';
import { type ConfigResult, type ConfigSources, readConfig } from '../daemon/config.ts';
import { configSchema } from '../daemon/documents/config-schema.ts';
import { limits } from '../daemon/limits.ts';

const directory = mkdtempSync(join(tmpdir(), 'renewd-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function read(text: string | null, rest: Partial<ConfigSources> = {}): Promise<ConfigResult> {
  if (text !== null) writeFileSync(join(directory, 'renewd.yaml'), text);
  return readConfig({
    flags: {},
    environment: {},
    file: text === null ? null : 'renewd.yaml',
    currentDirectory: directory,
    ...rest,
  });
}

/** `line:column code` of each problem. */
async function places(text: string, rest: Partial<ConfigSources> = {}): Promise<readonly string[]> {
  const { problems } = await read(text, rest);
  return problems.map(({ source, code }) => `${source.line}:${source.column} ${code}`);
}

const repo = 'repo: https://git.example/estate.git\n';

describe('what wins', () => {
  test('without a file there are flags and defaults', async () => {
    const { config, problems } = await read(null, { flags: { repo: 'https://git.example/estate.git' } });
    assert.deepEqual(problems, []);
    assert.equal(config?.branch, 'main');
    assert.equal(config?.dataDirectory, join(directory, '.renewd'));
    assert.deepEqual(config?.state, { branch: 'renewd/state', prefix: '' });
    assert.deepEqual(config?.http, { host: '127.0.0.1', port: 9753, webhookSecret: null });
    assert.equal(config?.turn.pollIntervalMs, limits.turn.pollIntervalMs);
    assert.equal(config?.site.outDirectory, join(directory, '.renewd/site'));
  });

  test('the site tells everything and links nowhere unless told otherwise', async () => {
    const plain = await read(repo);
    assert.deepEqual([plain.config?.site.redaction, plain.config?.site.forge], ['full', null]);
    const { config } = await read(
      `${repo}site:\n  redaction: public\n  forge: { kind: forgejo, url: 'https://git.example/pki/estate/' }\n`,
    );
    assert.equal(config?.site.redaction, 'public');
    assert.deepEqual(config?.site.forge, { kind: 'forgejo', url: 'https://git.example/pki/estate' });
  });

  test('a flag wins over the file, and the file over the default', async () => {
    const { config } = await read(`${repo}branch: trunk\ndata: here\n`, {
      flags: { branch: 'next' },
      environment: { STATE_DIRECTORY: '/var/lib/renewd' },
    });
    assert.equal(config?.branch, 'next');
    assert.equal(config?.dataDirectory, join(directory, 'here'));
  });

  test("systemd's state directory is the default for data", async () => {
    const { config } = await read(repo, { environment: { STATE_DIRECTORY: '/var/lib/renewd:/other' } });
    assert.equal(config?.dataDirectory, '/var/lib/renewd');
    assert.equal(config?.site.outDirectory, '/var/lib/renewd/site');
  });

  test('relative paths in the file start at the file, those of flags at the current directory', async () => {
    await read('repo: estate\n');
    const rest = { currentDirectory: '/elsewhere', file: join(directory, 'renewd.yaml') };
    assert.equal(
      (await readConfig({ flags: {}, environment: {}, ...rest })).config?.repo,
      join(directory, 'estate'),
    );
    const flagged = await readConfig({ flags: { repo: 'mine' }, environment: {}, ...rest });
    assert.equal(flagged.config?.repo, '/elsewhere/mine');
  });

  test('state on the branch of intent goes under status/', async () => {
    const { config } = await read(`${repo}state: { branch: main }\n`);
    assert.deepEqual(config?.state, { branch: 'main', prefix: 'status/' });
  });

  test('durations have units and sections may be empty', async () => {
    const { config, problems } = await read(
      `${repo}http:\nturn: { pollInterval: 90s, observeInterval: 1d }\n`,
    );
    assert.deepEqual(problems, []);
    assert.equal(config?.turn.pollIntervalMs, 90_000);
    assert.equal(config?.turn.observeIntervalMs, 86_400_000);
  });

  test('an IPv6 address to listen on loses its brackets', async () => {
    const { config } = await read(`${repo}http: { listen: '[::1]:8080' }\n`);
    assert.deepEqual(config?.http, { host: '::1', port: 8080, webhookSecret: null });
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['no repository', 'branch: main\n', ['1:1 config-repo-missing']],
    ['an unknown key at its place', `${repo}http:\n  prot: 1\n`, ['3:3 config-schema']],
    [
      'two mistakes at once',
      `${repo}turn:\n  pollInterval: often\nlog: { level: loud }\n`,
      ['3:3 config-schema', '4:8 config-schema'],
    ],
    ['broken YAML', `${repo}http: {\n`, ['3:1 yaml-syntax']],
    ['a key given twice', `${repo}${repo}`, ['2:1 yaml-syntax']],
    ['an alias', `repo: &a x\nbranch: *a\n`, ['2:9 yaml-alias']],
    [
      'a secret in two places',
      `${repo}secrets: { t: { file: /a, env: B } }\n`,
      ['2:12 config-secret', '2:12 config-secret-unbound'],
    ],
    [
      'a secret of Git that is bound to endpoints',
      `${repo}git: { token: { secret: t } }\nsecrets: { t: { file: /t, for: endpoints, hosts: [a.example] } }\n`,
      ['3:12 config-secret-use'],
    ],
    [
      'a second name for what Git uses',
      `${repo}git: { token: { secret: t } }\nsecrets: { t: { env: T }, u: { env: T, for: endpoints, hosts: [a.example] } }\n`,
      ['3:27 config-secret'],
    ],
    [
      'a credential under another name that signing uses without an entry',
      `${repo}signing: { key: { secret: s } }\nsecrets: { u: { credential: s, for: endpoints, hosts: [a.example] } }\n`,
      ['3:12 config-secret'],
    ],
    [
      'a secret out of custody',
      `${repo}data: /d\nsecrets: { u: { file: /d/x/../custody/identity, for: endpoints, hosts: [a.example] } }\n`,
      ['3:12 config-secret'],
    ],
    [
      'a secret for endpoints without hosts',
      `${repo}secrets: { u: { file: /u, for: endpoints } }\n`,
      ['2:12 config-secret-use'],
    ],
    [
      'a secret for everybody',
      `${repo}secrets: { u: { file: /u, for: issuers, hosts: ['*'] } }\n`,
      ['2:12 config-secret-use'],
    ],
    [
      'a secret for signing that signing does not name',
      `${repo}secrets: { u: { file: /u, for: signing } }\n`,
      ['2:12 config-secret-use'],
    ],
    ['git://', 'repo: git://git.example/x\n', ['1:1 config-repo']],
    ['plain http beyond this machine', 'repo: http://git.example/x\n', ['1:1 config-repo']],
    ['SSH without key and host keys', 'repo: git@git.example:x\n', ['1:1 config-ssh', '1:1 config-ssh']],
    ['a branch with two dots', `${repo}branch: a..b\n`, ['2:1 config-branch']],
    [
      'a state branch inside the branch of intent',
      `${repo}state:\n  branch: main/state\n`,
      ['3:3 config-branch'],
    ],
    ['a port that is none', `${repo}http: { listen: '127.0.0.1:65536' }\n`, ['2:9 config-http']],
    ['polling under five seconds', `${repo}turn: { pollInterval: 4999ms }\n`, ['2:9 config-interval']],
    ['an interval over a week', `${repo}turn: { observeInterval: 8d }\n`, ['2:9 config-interval']],
    ['a site over the data', `${repo}data: /srv/a/b\nsite: { outDir: /srv/a }\n`, ['3:9 config-site']],
    ['a level of redaction that is none', `${repo}site: { redaction: secret }\n`, ['2:9 config-schema']],
    [
      'a forge with credentials in its address',
      `${repo}site:\n  forge: { kind: github, url: 'https://me:pw@git.example/a' }\n`,
      ['3:26 config-schema'],
    ],
    [
      'a forge without its kind',
      `${repo}site:\n  forge: { url: 'https://git.example/a' }\n`,
      ['3:3 config-schema'],
    ],
    ['a site over the repository', 'repo: /srv/a/estate\nsite: { outDir: /srv/a/ }\n', ['2:9 config-site']],
    [
      'a custody identity encrypted to itself',
      `${repo}custody: { identity: { secret: id } }\nsecrets: { id: { age: /x } }\n`,
      ['3:12 config-custody'],
    ],
    ['an agent that is not there', `${repo}git: { ssh: { agent: true } }\n`, ['2:15 config-ssh']],
  ];
  for (const [name, text, expected] of cases) {
    test(name, async () => {
      assert.deepEqual(await places(text), expected);
      assert.equal((await read(text)).config, null);
    });
  }

  test('an entry without a use is only warned about, and one that the file itself names needs none', async () => {
    const { config, problems } = await read(
      `${repo}git: { token: { secret: t } }\nsecrets: { t: { file: /t }, old: { file: /o } }\n`,
    );
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [['config-secret-unbound', 'warning']],
    );
    assert.match(problems[0]?.message ?? '', /^secrets\.old: .*add for: endpoints/);
    assert.notEqual(config, null);
  });

  test('polling at exactly five seconds passes', async () => {
    assert.deepEqual(await places(`${repo}turn: { pollInterval: 5s }\n`), []);
  });

  test('plain http on this machine passes', async () => {
    for (const host of ['127.0.0.1:3000', '[::1]:3000', 'localhost'])
      assert.deepEqual(await places(`repo: http://${host}/x\n`), [], host);
  });

  test('credentials in the address are refused and never repeated', async () => {
    for (const address of [
      'https://me:geheim@git.example/x',
      'https://geheim@git.example/x',
      'ssh://git:geheim@git.example/x',
    ]) {
      const { config, problems } = await read(null, { flags: { repo: address } });
      assert.equal(config, null);
      assert.ok(problems.some(({ code }) => code === 'config-repo-credentials'));
      assert.doesNotMatch(JSON.stringify(problems), /geheim/);
      assert.equal(problems[0]?.source.file, 'command line');
    }
  });

  test('a file that is missing, too large or not UTF-8 is a problem that says so', async () => {
    const missing = await read(null, { file: 'absent.yaml' });
    assert.match(missing.problems[0]?.message ?? '', /ENOENT/);
    const path = join(directory, 'bytes.yaml');
    writeFileSync(path, Buffer.alloc(limits.config.sizeMaxBytes + 1, '#'));
    assert.match((await read(null, { file: path })).problems[0]?.message ?? '', /larger/);
    writeFileSync(path, Buffer.from([0x61, 0xff]));
    assert.match((await read(null, { file: path })).problems[0]?.message ?? '', /UTF-8/);
  });
});

describe('what is only unwise', () => {
  test('a warning leaves the configuration in force', async () => {
    const { config, problems } = await read(
      `${repo}http: { listen: none, webhook: { secret: { secret: hook } } }\n`,
    );
    assert.equal(config?.http, null);
    assert.deepEqual(
      problems.map(({ severity, code }) => `${severity} ${code}`),
      ['warning config-unused'],
    );
  });
});

test('a path is told from an address', () => {
  for (const text of ['/srv/x', './x', 'x', 'x/a:b']) assert.equal(isPath(text), true, text);
  for (const text of ['https://h/x', 'git@h:x', 'h:x', 'ssh://h/x', 'file:///x'])
    assert.equal(isPath(text), false, text);
});

/** `git.ssh.key` for every key of the schema that is not only a section. */
function keysOf(schema: Readonly<Record<string, unknown>>, prefix = ''): readonly string[] {
  const properties = schema['properties'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return Object.entries(properties).flatMap(([name, each]) => {
    const inner = each['properties'] as Readonly<Record<string, unknown>> | undefined;
    if (inner === undefined || Object.hasOwn(inner, 'secret')) {
      return inner !== undefined && name === 'webhook' ? keysOf(each, `${prefix}${name}.`) : [prefix + name];
    }
    return keysOf(each, `${prefix}${name}.`);
  });
}

test('docs/configuration.md describes every key, and no key that does not exist', () => {
  const text = readFileSync('docs/configuration.md', 'utf8');
  const described = [...text.matchAll(/^\| `([a-zA-Z.]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(new Set(described), new Set(keysOf(configSchema)));
  assert.equal(new Set(described).size, described.length, 'a key is described twice');
});

test('the examples in docs/configuration.md are accepted', async () => {
  const text = readFileSync('docs/configuration.md', 'utf8');
  const examples = [...text.matchAll(/```yaml\n(repo:[\s\S]*?)```/g)].map((match) => match[1] ?? '');
  assert.ok(examples.length >= 2);
  for (const example of examples) assert.deepEqual(await places(example), [], example);
});

test('every pattern of the schema accepts its own example', async () => {
  const walk = (schema: Readonly<Record<string, unknown>>): void => {
    const example = (schema['examples'] as readonly unknown[] | undefined)?.[0];
    if (typeof schema['pattern'] === 'string' && typeof example === 'string' && !example.includes('...'))
      assert.match(example, new RegExp(schema['pattern'], 'u'));
    for (const each of Object.values(schema))
      if (typeof each === 'object' && each !== null) walk(each as Readonly<Record<string, unknown>>);
  };
  walk(configSchema);
});
