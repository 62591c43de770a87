/** What stands on an endpoint before the first turn, or after the journal was lost: taken over only where it is proved to be ours. Real git, sshd, nginx, openssl. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { turnsUntilQuiet } from '../../daemon/commands/once.ts';
import { declarations, missingServers, startEstate, turn, type RealEstate } from './estate.ts';

const script = readFileSync(join(import.meta.dirname, '../../daemon/targets/renewd-endpoint.sh'), 'utf8');

describe('a certificate that stands there already', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  const call = (words: readonly string[], input = ''): string =>
    execFileSync('/bin/sh', ['-c', script, 'renewd-direct', ...words], { input, encoding: 'utf8' });
  const only = <Value>(values: Iterable<Value>): Value => {
    const [value, ...more] = values;
    assert.ok(value !== undefined && more.length === 0);
    return value;
  };
  const findings = (): string[] =>
    [...house.memory.assessments.values()].flatMap((each) => each.findings.map((finding) => finding.code));

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate));
  });
  after(async () => {
    await estate.stop();
  });

  test('a foreign one with a fitting name and key is refused by name, and replaced by a normal issuance', async () => {
    const { store, root } = estate;
    const csr = call(
      ['generate-key', store, 'theirs', 'ecdsa-p256'],
      '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = shop.example.com\n',
    );
    writeFileSync(join(root, 'csr'), Buffer.from(csr, 'base64'));
    writeFileSync(join(root, 'ext'), 'subjectAltName=DNS:shop.example.com\nextendedKeyUsage=serverAuth\n');
    const leaf = execFileSync(
      'openssl',
      [
        'x509',
        '-req',
        '-inform',
        'DER',
        '-in',
        join(root, 'csr'),
        '-signkey',
        join(store, 'generations/theirs/.key.pem'),
        '-days',
        '36500',
        '-extfile',
        join(root, 'ext'),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    call(
      ['stage', store, 'theirs', 'fullchain.pem', 'fullchain', '0644', '', 'privkey.pem', 'key', '0600', ''],
      leaf,
    );
    call(['activate', store, 'theirs']);
    house = await estate.openHouse();
    const report = await turn(house);
    assert.equal(only(report.planned).kind, 'issue');
    const { issued, renewAt } = only(house.memory.installations.values()).installed ?? {};
    assert.ok(issued !== undefined && renewAt != null);
    assert.ok(Date.parse(issued.notAfter) < Date.now() + 100 * 86_400_000);
    assert.ok(renewAt < Date.now() + 100 * 86_400_000);
    assert.ok(findings().includes('not-adopted'), findings().join());
  });

  test('after the journal was lost, what the embedded CA issued is proved and taken over, and can be put right', async () => {
    const before = only(house.memory.installations.values()).installed?.issued;
    await house.close();
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(estate.root, `data/journal.db${suffix}`), { force: true });
    house = await estate.openHouse();
    const report = await turn(house);
    assert.equal(only(report.planned).kind, 'adopt');
    const now = only(house.memory.installations.values());
    assert.equal(now.installed?.issued.fingerprint, before?.fingerprint);
    assert.equal(now.installed?.issued.generation, before?.generation);
    assert.ok((now.chain?.length ?? 0) >= 2);
    writeFileSync(join(estate.store, 'current/fullchain.pem'), 'changed');
    const again = await turn(house);
    assert.equal(only(again.planned).kind, 'restore');
    assert.deepEqual(
      again.outcomes.map((each) => each.failure?.message ?? null),
      [null],
    );
    assert.match(readFileSync(join(estate.store, 'current/fullchain.pem'), 'utf8'), /BEGIN CERT/);
  });

  test('a key that is not there is not believed to be there, nor a certificate that the log does not hold', async () => {
    await house.close();
    const stored = readFileSync(join(estate.store, 'current/privkey.pem'), 'utf8');
    for (const spoil of [
      (): void => {
        execFileSync('openssl', [
          'genpkey',
          '-algorithm',
          'EC',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-out',
          join(estate.store, 'current/privkey.pem'),
        ]);
      },
      (): void => {
        writeFileSync(join(estate.store, 'current/privkey.pem'), stored);
        const log = execFileSync('find', [join(estate.root, 'data'), '-name', 'issued.jsonl'], {
          encoding: 'utf8',
        }).trim();
        writeFileSync(log, '');
      },
    ]) {
      spoil();
      for (const suffix of ['', '-wal', '-shm'])
        rmSync(join(estate.root, `data/journal.db${suffix}`), { force: true });
      house = await estate.openHouse();
      const report = await turn(house, { dryRun: true });
      assert.equal(only(report.planned).kind, 'issue');
      assert.ok(findings().includes('not-adopted'));
      await house.close();
    }
    house = await estate.openHouse();
    await turnsUntilQuiet(house, new AbortController().signal);
    assert.ok(only(house.memory.installations.values()).installed !== null);
    await house.close();
  });
});
