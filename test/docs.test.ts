/** What the documentation says beside the tables it is taken from. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../daemon/commands/index.ts';
import { allSchemas } from '../daemon/commands/schema.ts';
import { checkDirectory } from '../daemon/commands/check-directory.ts';
import { findingCodes } from '../daemon/core/finding-codes.ts';
import { rules } from '../daemon/core/rules/index.ts';

test('docs/findings.md has every code with its severity, meaning and remedy', () => {
  const text = readFileSync('docs/findings.md', 'utf8');
  const headings = [...text.matchAll(/^## `([a-z-]+)`$/gm)].map((match) => match[1]);
  assert.deepEqual(headings, Object.keys(findingCodes));
  for (const [code, { title, severity, meaning, remedy }] of Object.entries(findingCodes)) {
    assert.ok(
      text.includes(`## \`${code}\`\n\n${title} (${severity}). ${meaning}\n\n**Do:** ${remedy}\n`),
      code,
    );
  }
});

test('docs/rules.md has every rule with its explanation, source and settings', () => {
  const text = readFileSync('docs/rules.md', 'utf8');
  assert.deepEqual(
    [...text.matchAll(/^## `([a-z-]+)`$/gm)].map((match) => match[1]),
    [...rules.keys()],
  );
  for (const rule of rules.values()) {
    assert.ok(text.includes(`${rule.title}. ${rule.explanation}\n\nSource: ${rule.citation}.`), rule.id);
  }
});

test('schemas/ is what renewd schema --out writes', () => {
  const written = new Map(
    globSync('schemas/*.json').map((path) => [path.replace('schemas/', ''), readFileSync(path, 'utf8')]),
  );
  assert.deepEqual([...written.keys()].sort(), [...allSchemas().keys()].sort());
  for (const [name, text] of allSchemas())
    assert.equal(written.get(name), text, `${name} is old: npm run -s renewd -- schema --out schemas`);
});

test('the example organisation is valid', async () => {
  const { problems, desired } = checkDirectory('.');
  assert.deepEqual(
    problems.filter((problem) => problem.severity === 'error'),
    [],
  );
  assert.equal(desired.certificates.size, 12);
});

test('every YAML example of a declaration in the documentation is one the reader knows', async () => {
  const { documentReader } = await import('../daemon/reader.ts');
  const reader = documentReader();
  let count = 0;
  for (const path of ['README.md', ...globSync('docs/*.md')]) {
    for (const [, text = ''] of readFileSync(path, 'utf8').matchAll(/```yaml\n(apiVersion:[^]*?)```/g)) {
      const { problems } = reader.parseFile({ path, oid: path, bytes: Buffer.from(text) });
      assert.deepEqual(
        problems.map((problem) => problem.message),
        [],
        `${path}: ${text}`,
      );
      count++;
    }
  }
  assert.ok(count >= 6, String(count));
});

test('links inside the documentation lead somewhere', () => {
  for (const path of [...globSync('*.md'), ...globSync('docs/**/*.md')]) {
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      assert.ok(existsSync(normalize(join(dirname(path), target))), `${path} links to ${target}`);
    }
  }
});

test('the README names every command, and every command explains itself', async () => {
  const readme = readFileSync('README.md', 'utf8');
  for (const listed of commands) {
    const command = await listed.load();
    assert.deepEqual([command.name, command.summary], [listed.name, listed.summary]);
    assert.match(readme, new RegExp(`\\b${command.name}\\b`));
    assert.ok(command.about.length > 80 && command.examples.length > 0, command.name);
  }
});
