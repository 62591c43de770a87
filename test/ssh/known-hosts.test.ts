import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { knownKeys } from '../../daemon/ssh/known-hosts.ts';
import { sshdMissing } from '../fixtures/sshd.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ5';

test('plain names, lists, patterns, negation, ports, revocation and comments', () => {
  const text = [
    '# a comment',
    `git.example.com,10.0.0.1 ${key}A comment`,
    `*.example.org,!bad.example.org ${key}B`,
    `[git.example.com]:2222 ${key}C`,
    `@revoked * ${key}D`,
    `@cert-authority *.example.com ${key}E`,
    'nonsense',
  ].join('\n');
  assert.deepEqual(knownKeys(text, 'Git.Example.com', 22), { keys: [`${key}A`], revoked: [`${key}D`] });
  assert.deepEqual(knownKeys(text, 'a.example.org', 22).keys, [`${key}B`]);
  assert.deepEqual(knownKeys(text, 'bad.example.org', 22).keys, []);
  assert.deepEqual(knownKeys(text, 'git.example.com', 2222).keys, [`${key}C`]);
  assert.deepEqual(knownKeys(text, 'elsewhere.net', 22).keys, []);
});

test('names hashed by the real ssh-keygen are found', { skip: sshdMissing() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'renewd-known-'));
  try {
    const path = join(directory, 'known_hosts');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'k')]);
    const line = readFileSync(join(directory, 'k.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(path, `git.example.com ${line}\n[git.example.com]:2222 ${line}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', path], { stdio: 'ignore' });
    const text = readFileSync(path, 'utf8');
    assert.match(text, /^\|1\|/);
    assert.deepEqual(knownKeys(text, 'git.example.com', 22).keys, [line]);
    assert.deepEqual(knownKeys(text, 'git.example.com', 2222).keys, [line]);
    assert.deepEqual(knownKeys(text, 'git.example.net', 22).keys, []);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a pattern of many stars is as quick as any other', () => {
  const line = `${'*a'.repeat(5000)}b ssh-ed25519 AAAA`;
  assert.deepEqual(knownKeys(line, 'a'.repeat(5000), 22), { keys: [], revoked: [] });
});

test('every spelling of one host finds its line, and its revocation', () => {
  const text = `192.0.2.7 ${key}A\n[2001:db8::7]:2222 ${key}B\n@revoked ::ffff:192.0.2.7 ${key}C\nGit.example.com. ${key}D`;
  for (const host of ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207', '[::ffff:c000:0207]'])
    assert.deepEqual(knownKeys(text, host, 22), { keys: [`${key}A`], revoked: [`${key}C`] }, host);
  for (const host of ['2001:db8::7', '2001:DB8:0:0::07'])
    assert.deepEqual(knownKeys(text, host, 2222).keys, [`${key}B`], host);
  for (const host of ['git.example.com', 'GIT.example.com.'])
    assert.deepEqual(knownKeys(text, host, 22).keys, [`${key}D`], host);
});
