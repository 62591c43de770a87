/** The systemd unit: known to systemd, hardened, and in step with the program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../daemon/limits.ts';

const unit = readFileSync('systemd/renewd.service', 'utf8');

function setting(name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
}

test('the unit gives what is under way its time, and never more memory than the builder may take', () => {
  assert.ok(Number(setting('TimeoutStopSec')) * 1000 > limits.turn.stopGraceMs);
  assert.ok(Number.parseInt(setting('MemoryHigh'), 10) * 1024 > limits.site.buildHeapMaxMiB);
});

test('starts that a person must mend are not repeated', () => {
  assert.deepEqual(setting('RestartPreventExitStatus').split(' '), ['64', '77', '78']);
});

test('memory may become executable, because V8 compiles while it runs', () => {
  assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m);
});

test('systemd knows every setting and calls the exposure low', (t) => {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
    t.skip('systemd-analyze is not installed');
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'renewd-unit-'));
  try {
    const path = join(directory, 'renewd.service');
    // The program is not installed where the unit looks for it.
    writeFileSync(path, unit.replace('/opt/renewd/bin/renewd', '/bin/true'));
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    assert.equal(verify.stderr, '');
    assert.equal(verify.status, 0);
    const security = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', '--threshold=20', path],
      { encoding: 'utf8' },
    );
    assert.equal(security.status, 0, security.stdout.slice(-200));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
