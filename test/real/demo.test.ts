/** What the README promises in its first minute: `npm run demo -- --exit` gets everything served that it is meant to, from SSH servers that take small packets only. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const directory = mkdtempSync(join(tmpdir(), 'renewd-demo-'));
after(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('the demo finds, installs, proves, mends and shows', () => {
  const home = join(import.meta.dirname, '../..');
  const ran = spawnSync(
    process.execPath,
    ['--no-warnings', join(home, 'demo/main.ts'), '--exit', '--dir', join(directory, 'estate')],
    { cwd: home, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  assert.equal(ran.status, 0, ran.stdout.slice(-2000) + ran.stderr);
  assert.doesNotMatch(ran.stdout, /endpoint-unreachable|issue-failed|install-failed/);
  assert.match(ran.stdout, /After \d+ seconds: 1 ≠ drift, 1 ▲ non-compliant, 10 ✓ ok/);
  const page = join(directory, 'estate/site/index.html');
  assert.ok(existsSync(page));
  assert.match(readFileSync(page, 'utf8'), /2 of 12 certificates need a person/);
});
