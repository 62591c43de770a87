/** The other ways: records beside intent on one branch, ACME answered by renewd itself, privilege by one root-owned script. Real git, sshd, nginx, pebble, sudo. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { examine } from '../../daemon/commands/doctor.ts';
import { turnsUntilQuiet } from '../../daemon/commands/once.ts';
import { pebbleMissing, startPebble, type RealPebble } from '../fixtures/pebble.ts';
import {
  declarations,
  missingServers,
  servedFingerprint,
  startEstate,
  turn,
  type RealEstate,
} from './estate.ts';

const rootNeeded =
  process.getuid?.() !== 0
    ? 'needs root to install the script for sudo'
    : existsSync('/usr/bin/sudo')
      ? null
      : 'sudo is not installed';

describe('variants', { skip: missingServers() ?? pebbleMissing() ?? rootNeeded ?? false }, () => {
  const installed = '/usr/local/sbin/renewd-endpoint-variant';
  let estate: RealEstate;
  let pebble: RealPebble;
  let house: House;

  before(async () => {
    pebble = await startPebble();
    estate = await startEstate();
    const { nginx } = estate;
    copyFileSync(join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh'), installed);
    chmodSync(installed, 0o755);
    writeFileSync(
      `${installed}.allow`,
      `directory ${join(estate.root, 'machine')}\nlink ${dirname(nginx.certificate)}\ncommand ${nginx.control} test\ncommand ${nginx.control} reload\n`,
      { mode: 0o644 },
    );
    const all = declarations(estate, { issuer: 'pebble' });
    const indent = (pem: string): string =>
      pem
        .trim()
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n');
    const roots = await pebble.rootsPem();
    await estate.commit({
      ...all,
      'inventory/endpoints/web-01.yaml': (all['inventory/endpoints/web-01.yaml'] ?? '').replace(
        'mode: direct',
        `mode: helper, path: ${installed}`,
      ),
      'inventory/issuers/pebble.yaml': `apiVersion: renewd/v1\nkind: Issuer\nmetadata: { name: pebble }\nspec:\n  type: acme\n  directory: ${pebble.directoryUrl}\n  termsOfServiceAgreed: true\n  challenge: { type: standalone, listen: '127.0.0.1:${String(pebble.httpPort)}' }\n  trust: |\n${indent(pebble.caPem)}\n  roots: |\n${indent(roots)}\n`,
    });
    house = await estate.openHouse({ config: { state: { branch: 'main', prefix: 'status/' } } });
  });
  after(async () => {
    await house.close();
    await estate.stop();
    await pebble.stop();
    rmSync(installed, { force: true });
    rmSync(`${installed}.allow`, { force: true });
  });

  test('a certificate from the ACME server is installed by the allowed script and served', async () => {
    const reports = await turnsUntilQuiet(house, AbortSignal.timeout(60_000));
    for (const report of reports) {
      assert.deepEqual(report.troubles, []);
      for (const outcome of report.outcomes) assert.equal(outcome.failure?.message, undefined);
    }
    const record = JSON.parse(
      execFileSync('git', ['-C', estate.bare, 'show', 'main:status/certificates/web/shop.json'], {
        encoding: 'utf8',
      }),
    ) as CertificateRecord;
    assert.equal(record.status, 'ok');
    assert.match(record.installations[0]?.issued?.issuer ?? '', /Pebble/);
    assert.equal(
      await servedFingerprint(estate.nginx.port, 'shop.example.com'),
      record.installations[0]?.issued?.fingerprint,
    );
  });

  test('one branch holds both, its history stays one line, and people go on pushing to it', async () => {
    const log = execFileSync('git', ['-C', estate.bare, 'log', '--format=%an %s', 'main'], {
      encoding: 'utf8',
    });
    assert.match(log, /^renewd certificate web\/shop: issued/);
    assert.match(log, /Ada Change what is declared\n$/);
    execFileSync('git', ['-C', estate.bare, 'fsck', '--strict', '--no-dangling']);
    await estate.git('pull', '-q', '--rebase', 'origin', 'main');
    await estate.commit({ 'README.md': 'Our estate.\n' }, 'Say what this is');
    const quiet = await turn(house);
    assert.deepEqual([quiet.troubles, quiet.outcomes, quiet.published], [[], [], null]);
    assert.equal(
      execFileSync('git', ['-C', estate.bare, 'log', '-1', '--format=%s', 'main'], { encoding: 'utf8' }),
      'Say what this is\n',
    );
  });

  test('doctor writes out each line that the list lacks, and is content when it is there', async () => {
    const list = readFileSync(`${installed}.allow`, 'utf8');
    const found = async (): Promise<string> => {
      const all = await examine(house, AbortSignal.timeout(60_000));
      const { ok, message } =
        all.find((each) => each.subject === 'endpoint web-01') ?? assert.fail('not looked at');
      return `${ok ? 'ok' : 'bad'}: ${message}`;
    };
    assert.match(await found(), /^ok: OpenSSL/);
    const { nginx } = estate;
    const lines = list.split('\n').filter((each) => !/reload$|^link/.test(each));
    writeFileSync(`${installed}.allow`, lines.join('\n'));
    try {
      const said = await found();
      assert.match(
        said,
        /^bad: the list of web-01 lacks 3 lines for what is declared\. As root there, add: /,
      );
      for (const line of [
        `link ${nginx.certificate}`,
        `link ${nginx.key}`,
        `command ${nginx.control} reload`,
      ])
        assert.ok(said.includes(`"${line}"`), said);
    } finally {
      writeFileSync(`${installed}.allow`, list);
    }
  });
});
