/** Files that commands write into a directory of others, and the data directory that must be one's own. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { UsageError } from '../../daemon/commands/command.ts';
import { writeInside } from '../../daemon/commands/write-inside.ts';

const program = resolve('bin/renewd');
const root = mkdtempSync(join(tmpdir(), 'renewd-inside-'));
const directory = join(root, 'checkout');
const outside = join(root, 'outside');
after(() => {
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  for (const each of [directory, outside]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each);
  }
  writeFileSync(join(outside, 'victim'), 'as it was');
});

function untouched(): void {
  assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'as it was');
  assert.deepEqual(execFileSync('ls', ['-A', outside], { encoding: 'utf8' }).trim(), 'victim');
}

describe('a link is never written through', () => {
  for (const mode of ['create', 'replace'] as const) {
    test(`${mode}: a folder on the way that is a link, at any depth`, () => {
      symlinkSync(outside, join(directory, 'inventory'));
      mkdirSync(join(directory, 'a'));
      symlinkSync(outside, join(directory, 'a/b'));
      symlinkSync(join(root, 'nowhere'), join(directory, 'dangling'));
      for (const path of [
        'inventory/new',
        'inventory/victim',
        'inventory/deep/new',
        'a/b/new',
        'dangling/new',
      ])
        assert.throws(() => writeInside(directory, path, 'text', mode), UsageError, path);
      untouched();
      assert.ok(!existsSync(join(root, 'nowhere')));
    });
    test(`${mode}: a path that leaves the directory`, () => {
      for (const path of ['../outside/new', '/etc/renewd-test', 'a/../../outside/new', '..'])
        assert.throws(() => writeInside(directory, path, 'text', mode), UsageError, path);
      untouched();
    });
  }
  test('create: the file is a link, dangling or not', () => {
    symlinkSync(join(outside, 'victim'), join(directory, 'one'));
    symlinkSync(join(outside, 'new'), join(directory, 'two'));
    for (const path of ['one', 'two'])
      assert.throws(() => writeInside(directory, path, 'text', 'create'), UsageError, path);
    untouched();
  });
  test('replace: the link goes, what it led to stays', () => {
    symlinkSync(join(outside, 'victim'), join(directory, 'one'));
    writeInside(directory, 'one', 'text', 'replace');
    assert.ok(lstatSync(join(directory, 'one')).isFile());
    assert.equal(readFileSync(join(directory, 'one'), 'utf8'), 'text');
    untouched();
  });
  test('a plain file is made in new folders, and replaced', () => {
    writeInside(directory, 'a/b/c.yaml', 'one', 'create');
    assert.throws(() => writeInside(directory, 'a/b/c.yaml', 'two', 'create'), UsageError);
    writeInside(directory, 'a/b/c.yaml', 'two', 'replace');
    assert.equal(readFileSync(join(directory, 'a/b/c.yaml'), 'utf8'), 'two');
  });
});

describe('commands in a prepared checkout', () => {
  const prepare = (): void => {
    const made = spawnSync(program, ['init', directory, '--ci', 'none'], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
  };
  const run = (...words: string[]): { readonly code: number | null; readonly text: string } => {
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: directory, encoding: 'utf8' });
    return { code: status, text: stdout + stderr };
  };
  const answers = [
    '--offer',
    'internal-web',
    '--team',
    'web',
    '--endpoint',
    'web-01',
    '--dns',
    'docs.web.example.internal',
  ];

  test('request does not write where a link of the checkout leads', () => {
    prepare();
    rmSync(join(directory, 'inventory/certificates/web'), { recursive: true });
    symlinkSync(outside, join(directory, 'inventory/certificates/web'));
    const { code, text } = run('request', ...answers);
    assert.equal(code, 64, text);
    assert.match(text, /is a symbolic link; nothing was written/);
    untouched();
  });
  test('codeowners --write replaces a link and never its target', () => {
    prepare();
    symlinkSync(join(outside, 'victim'), join(directory, 'CODEOWNERS'));
    assert.equal(run('codeowners', '--write').code, 0);
    assert.match(readFileSync(join(directory, 'CODEOWNERS'), 'utf8'), /^# Written by renewd/);
    rmSync(join(directory, 'CODEOWNERS'));
    writeFileSync(join(outside, 'CODEOWNERS'), '# Written by renewd codeowners\n');
    symlinkSync(outside, join(directory, '.github'));
    assert.equal(run('codeowners', '--write').code, 0);
    assert.equal(readFileSync(join(outside, 'CODEOWNERS'), 'utf8'), '# Written by renewd codeowners\n');
    rmSync(join(outside, 'CODEOWNERS'));
    untouched();
  });
  test('init and site --template write through no link', () => {
    symlinkSync(outside, join(directory, '.github'));
    symlinkSync(outside, join(directory, 'policies'));
    assert.equal(run('init', '.').code, 64);
    assert.equal(run('site', '--template', 'github').code, 64);
    untouched();
  });
});

describe('the data directory', () => {
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@b.example', ...words], {
      encoding: 'utf8',
    });
  const status = (data: string): { readonly code: number | null; readonly text: string } => {
    const {
      status: code,
      stderr,
      stdout,
    } = spawnSync(program, ['status', '--repo', '.', '--data', data], {
      cwd: directory,
      encoding: 'utf8',
    });
    return { code, text: stdout + stderr };
  };
  test('what a commit brings is not believed: a kept history, a link, a link on the way', () => {
    git('init', '-q', '-b', 'main');
    mkdirSync(join(directory, 'kept'));
    writeFileSync(join(directory, 'kept/site-history.json'), '{}');
    symlinkSync(outside, join(directory, 'link'));
    git('add', '-A');
    git('commit', '-q', '-m', 'Bring a cache');
    for (const data of ['kept', 'link', 'link/below', 'kept/below/..', join(directory, 'kept')]) {
      const { code, text } = status(data);
      assert.equal(code, 73, `${data}: ${text}`);
      assert.match(text, /is part of a Git repository, which brings (kept|link)/);
    }
    untouched();
    for (const data of ['own', '.renewd', join(root, 'data')]) assert.notEqual(status(data).code, 73, data);
  });
});
