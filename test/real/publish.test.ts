/** How the site is published: the templates with the real things they are for, as far as this machine has them. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { sampleSources } from '../site/sample-model.ts';
import { openStateRepository, type StateRepository } from '../site/state-repository.ts';
import { freePort, selfSigned } from './estate.ts';

const renewd = join(import.meta.dirname, '../../bin/renewd');
const root = mkdtempSync(join(tmpdir(), 'renewd-publish-'));
after(() => rmSync(root, { recursive: true, force: true }));

let state: StateRepository;
before(async () => {
  state = await openStateRepository();
  const { certificates, endpoints, heartbeat } = sampleSources().records;
  await state.say('2026-11-21T08:55:12Z', [...certificates, ...endpoints], {
    'heartbeat.json': JSON.stringify({ ...heartbeat, source: '' }),
  });
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', state.directory, ...words], { encoding: 'utf8' }).trim();
  const tree = execFileSync('git', ['-C', state.directory, 'mktree'], { input: '', encoding: 'utf8' }).trim();
  const commit = git('-c', 'user.name=a', '-c', 'user.email=a@b.example', 'commit-tree', '-m', 'Begin', tree);
  git('update-ref', 'refs/heads/main', commit);
});
after(() => state.close());

function run(
  cwd: string,
  program: string,
  words: readonly string[],
  environment: Record<string, string> = {},
): string {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...environment },
  });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Every file of a directory with its bytes, but for Git's own. */
function filesOf(directory: string): ReadonlyMap<string, string> {
  const paths = globSync('**/*', { cwd: directory }).filter((path) =>
    statSync(join(directory, path)).isFile(),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(directory, path), 'base64')]));
}

test('each template is written once, and a name that is none is refused with those that are', () => {
  for (const place of ['github', 'gitlab', 'forgejo', 'gitea', 'nginx', 'headers']) {
    const out = join(root, 'templates', place);
    const said = run(root, renewd, ['site', '--template', place, '--out', out]);
    const files = filesOf(out);
    assert.ok(files.size > 0);
    for (const [path, bytes] of files) {
      assert.ok(said.includes(path));
      if (!path.endsWith('.yml')) continue;
      const documents = parseAllDocuments(Buffer.from(bytes, 'base64').toString('utf8'));
      for (const each of documents) assert.deepEqual(each.errors, [], path);
    }
    const again = spawnSync(renewd, ['site', '--template', place, '--out', out], { encoding: 'utf8' });
    assert.equal(again.status, 64);
    assert.match(again.stderr, /is there already; nothing was written/);
  }
  const wrong = spawnSync(renewd, ['site', '--template', 'sharepoint'], { encoding: 'utf8' });
  assert.equal(wrong.status, 64);
  assert.match(wrong.stderr, /github, gitlab, forgejo, gitea, nginx, headers/);
});

describe('in a pipeline', () => {
  const clone = (name: string): string => {
    const work = join(root, name);
    // As pipelines do: one commit, detached, no other branch.
    run(root, 'git', [
      'clone',
      '-q',
      '--no-local',
      '--depth',
      '1',
      '--branch',
      'main',
      `file://${state.directory}`,
      work,
    ]);
    run(work, 'git', ['checkout', '-q', '--detach']);
    run(work, 'git', ['branch', '-q', '-D', 'main']);
    run(work, renewd, ['site', '--template', 'forgejo']);
    return work;
  };

  test('the script builds from a shallow, detached clone, for the public unless told otherwise', () => {
    const work = clone('public');
    run(work, 'sh', ['ci/renewd-site.sh'], { RENEWD: renewd, BASE: '/estate/' });
    const index = readFileSync(join(work, 'public/index.html'), 'utf8');
    assert.match(index, /href="\/estate\/site\.css/);
    assert.ok(!existsSync(join(work, 'public/certificates')), 'names nothing');
    assert.doesNotMatch(index, /customs-gateway/);
    run(work, 'sh', ['ci/renewd-site.sh'], {
      RENEWD: renewd,
      LEVEL: 'full',
      FORGE: 'forgejo',
      FORGE_URL: 'https://git.example/pki/estate',
    });
    assert.match(
      readFileSync(join(work, 'public/index.html'), 'utf8'),
      /https:\/\/git\.example\/pki\/estate\/commit\//,
    );
    assert.ok(existsSync(join(work, 'public/certificates/freight/customs-gateway/index.html')));
  });

  test('the same commits at the same instant give the same bytes, wherever they are built', () => {
    const sites = ['one', 'two'].map((name) => {
      const work = clone(name);
      run(work, 'sh', ['ci/renewd-site.sh'], {
        RENEWD: renewd,
        LEVEL: 'full',
        SOURCE_DATE_EPOCH: '1795251600',
      });
      return filesOf(join(work, 'public'));
    });
    assert.ok((sites[0]?.size ?? 0) > 50);
    assert.deepEqual(sites[0], sites[1]);
  });

  test('the pages branch gets one commit without a past, and none when nothing changed', () => {
    const work = clone('pages');
    const epoch = { SOURCE_DATE_EPOCH: '1795251600' };
    run(work, 'sh', ['ci/renewd-site.sh'], { RENEWD: renewd, ...epoch });
    assert.match(run(work, 'sh', ['ci/renewd-pages-branch.sh']), /published [0-9a-f]{40}/);
    const count = (): string =>
      run(work, 'git', ['-C', state.directory, 'rev-list', '--count', 'pages']).trim();
    assert.equal(count(), '1');
    assert.match(run(work, 'sh', ['ci/renewd-pages-branch.sh']), /has not changed/);
    cpSync(join(work, 'public/robots.txt'), join(work, 'public/new.txt'));
    assert.match(run(work, 'sh', ['ci/renewd-pages-branch.sh']), /published/);
    assert.equal(count(), '1', 'no past');
    const files = run(work, 'git', ['-C', state.directory, 'ls-tree', '-r', '--name-only', 'pages']);
    assert.match(files, /^index\.html$/m);
    assert.match(files, /^new\.txt$/m);
    assert.doesNotMatch(files, /renewd-site\.sh/);
  });
});

describe('the estate as it was', () => {
  test('--at builds from an older commit, at its time', async () => {
    const [first] = sampleSources().records.certificates;
    assert.ok(first !== undefined);
    await state.say('2026-11-22T10:00:00Z', [{ ...first, status: 'ok', findings: [] }]);
    const build = (out: string, ...words: string[]): string => {
      run(root, renewd, [
        'site',
        '--repo',
        state.directory,
        '--data',
        join(root, 'data'),
        '--out',
        join(root, out),
        ...words,
      ]);
      return readFileSync(join(root, out, 'index.html'), 'utf8');
    };
    assert.match(build('then', '--at', '2026-11-21'), /7 of 19 certificates need a person/);
    assert.match(build('now'), /6 of 19 certificates need a person/);
    const wrong = spawnSync(
      renewd,
      [
        'site',
        '--repo',
        state.directory,
        '--data',
        join(root, 'data'),
        '--at',
        '2020-01-01',
        '--out',
        join(root, 'x'),
      ],
      { encoding: 'utf8' },
    );
    assert.equal(wrong.status, 64);
    assert.match(wrong.stderr, /there were no records yet at 2020-01-01/);
  });

  test('a flag that is none of its words is refused with them', () => {
    for (const [words, message] of [
      [['--redact', 'secret'], /--redact is one of public, internal, full/],
      [['--base', 'status'], /--base begins and ends with a slash/],
      [['--forge-url', 'https://git.example/a'], /belong together/],
      [['--forge-url', 'https://me:pw@git.example/a', '--forge', 'gitea'], /without credentials/],
    ] as const) {
      const { status, stderr } = spawnSync(
        renewd,
        ['site', '--repo', state.directory, '--data', join(root, 'data'), ...words],
        { encoding: 'utf8' },
      );
      assert.equal(status, 64);
      assert.match(stderr, message);
    }
  });
});

const noNginx = existsSync('/usr/sbin/nginx') ? false : 'nginx is not installed (Debian: nginx-light)';

describe('behind nginx', { skip: noNginx }, () => {
  let stop: () => void = () => undefined;
  let port = 0;
  const get = async (
    path: string,
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string }> =>
    new Promise((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          port,
          path,
          rejectUnauthorized: false,
          headers: { 'accept-encoding': 'identity' },
        },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            body += chunk;
          });
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
          });
        },
      )
        .on('error', reject)
        .end();
    });

  before(async () => {
    const prefix = join(root, 'nginx');
    for (const name of ['tls', 'temp', 'logs']) mkdirSync(join(prefix, name), { recursive: true });
    const site = join(root, 'served');
    run(root, renewd, ['site', '--repo', state.directory, '--data', join(root, 'data'), '--out', site]);
    run(root, renewd, ['site', '--template', 'nginx', '--out', prefix]);
    await selfSigned(join(prefix, 'tls/site.crt'), join(prefix, 'tls/site.key'), '/CN=site', 'localhost');
    port = await freePort();
    const server = readFileSync(join(prefix, 'nginx/renewd-site.conf'), 'utf8')
      .replace('listen 8443 ssl', `listen 127.0.0.1:${String(port)} ssl`)
      .replace('/srv/www/certificates', site)
      .replace('/etc/nginx/tls/certificates.crt', join(prefix, 'tls/site.crt'))
      .replace('/etc/nginx/tls/certificates.key', join(prefix, 'tls/site.key'));
    writeFileSync(
      join(prefix, 'nginx.conf'),
      `daemon off; pid ${prefix}/nginx.pid; error_log ${prefix}/logs/error.log;\n${process.getuid?.() === 0 ? 'user root;' : ''}\nevents {}\nhttp { access_log off; client_body_temp_path ${prefix}/temp/a; proxy_temp_path ${prefix}/temp/b; fastcgi_temp_path ${prefix}/temp/c; uwsgi_temp_path ${prefix}/temp/d; scgi_temp_path ${prefix}/temp/e;\n${server}\n}\n`,
    );
    const child = spawn(
      '/usr/sbin/nginx',
      ['-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', join(prefix, 'logs/error.log')],
      { stdio: 'ignore' },
    );
    stop = () => child.kill('SIGTERM');
    for (let tries = 0; ; tries++) {
      try {
        await get('/');
        return;
      } catch (error) {
        if (tries > 200)
          throw new Error(readFileSync(join(prefix, 'logs/error.log'), 'utf8'), { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });
  after(() => {
    stop();
  });

  test('pages say what a meta element cannot, and are asked for anew each time', async () => {
    for (const path of ['/', '/certificates/freight/customs-gateway/', '/about/']) {
      const { status, headers } = await get(path);
      assert.equal(status, 200, path);
      assert.equal(headers['content-type'], 'text/html');
      assert.equal(headers['content-security-policy'], "frame-ancestors 'none'");
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(String(headers['strict-transport-security']), /max-age=\d+/);
      assert.equal(headers['cache-control'], 'no-cache');
    }
  });

  test('files named by their bytes are kept, a missing page is ours', async () => {
    const index =
      globSync('data/inventory.*.json', { cwd: join(root, 'served') })[0] ?? assert.fail('no columns');
    const data = await get(`/${index}`);
    assert.equal(data.headers['content-type'], 'application/json');
    assert.match(String(data.headers['cache-control']), /immutable/);
    const missing = await get('/certificates/web/nothing/');
    assert.equal(missing.status, 404);
    assert.match(missing.body, /There is no such page/);
    assert.equal(missing.headers['x-content-type-options'], 'nosniff');
  });
});
