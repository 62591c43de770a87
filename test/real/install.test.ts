/** From a commit of YAML to a served certificate and back again when a step fails: real git, sshd and nginx, the embedded CA. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import {
  declarations,
  missingServers,
  recordOf,
  selfSigned,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';

const missing = missingServers();
const minute = 60_000;
const day = 24 * 60 * minute;

describe('an estate with one real nginx', { skip: missing ?? false }, () => {
  let estate: RealEstate;
  let house: House;
  let clockOffsetMs = 0;

  const served = (): Promise<string> => servedFingerprint(estate.nginx.port, 'shop.example.com');
  const issued = async (): Promise<string> => {
    const record = await recordOf(estate, 'web/shop');
    return record.installations[0]?.issued?.fingerprint ?? '';
  };
  const codes = async (): Promise<string[]> =>
    (await recordOf(estate, 'web/shop')).findings.map((finding) => finding.code);

  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
    house = await estate.openHouse({ clockOffsetMs: () => clockOffsetMs });
  });
  after(async () => {
    await house.close();
    await estate.stop();
  });

  test('the first turn issues, installs, proves and records', async () => {
    const before = await served();
    const report = await turn(house);
    assert.deepEqual(report.troubles, []);
    assert.equal(report.outcomes[0]?.failure?.message, undefined);
    assert.equal(report.outcomes[0]?.state, 'done');
    assert.notEqual(await served(), before);
    assert.equal(await served(), await issued());
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'ok');
    assert.equal(record.installations[0]?.addresses[0]?.result, 'served-match');
    assert.notEqual(record.installations[0]?.issued?.provedAt, null);
    assert.deepEqual(record.findings, []);
  });

  test('the chain that is committed is the chain that is served, and stock openssl verifies it', async () => {
    const root = join(estate.root, 'root.pem');
    const chain = join(estate.root, 'chain.pem');
    writeFileSync(root, await stateFile(estate, 'issuers/internal-ca/root.pem'));
    writeFileSync(chain, await stateFile(estate, 'certificates/web/shop@web-01.pem'));
    execFileSync('openssl', [
      ...['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'shop.example.com'],
      ...['-CAfile', root, '-untrusted', chain, chain],
    ]);
    const { serial } = (await recordOf(estate, 'web/shop')).installations[0]?.issued ?? { serial: '' };
    const line = JSON.parse(await stateFile(estate, `issuance/internal-ca/${serial}.json`)) as {
      certificate: string;
    };
    assert.equal(line.certificate, 'web/shop');
  });

  test('no private key is in Git, and the key file is for its owner only', async () => {
    const everything = execFileSync('git', ['-C', estate.bare, 'log', '--all', '-p'], { encoding: 'utf8' });
    assert.doesNotMatch(everything, /PRIVATE KEY/);
    const mode = execFileSync('stat', ['-L', '-c', '%a', estate.nginx.key], { encoding: 'utf8' }).trim();
    assert.equal(mode, '600');
  });

  test('stock git finds nothing wrong, verifies the signature and shows the trailers', async () => {
    execFileSync('git', ['-C', estate.bare, 'fsck', '--strict', '--no-dangling']);
    const signers = join(estate.root, 'allowed_signers');
    writeFileSync(signers, `${house.signingKey()}\n`);
    const log = execFileSync(
      'git',
      [
        '-C',
        estate.bare,
        '-c',
        `gpg.ssh.allowedSignersFile=${signers}`,
        'log',
        '-1',
        '--show-signature',
        'renewd/state',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    assert.match(log, /Good "git" signature for renewd@example.com/);
    const head = (await estate.git('rev-parse', 'HEAD')).trim();
    assert.ok(log.includes(`Renewd-Source: ${head}`), log);
    assert.match(log, /web\/shop/);
  });

  test('a turn with nothing to do commits nothing and asks the endpoint nothing', async () => {
    const tip = execFileSync('git', ['-C', estate.bare, 'rev-parse', 'renewd/state'], { encoding: 'utf8' });
    const report = await turn(house, { observeAll: false });
    assert.equal(report.observed, 0);
    assert.equal(report.published, null);
    const looked = await turn(house);
    assert.equal(looked.observed, 1);
    assert.equal(looked.published, null);
    assert.equal(
      execFileSync('git', ['-C', estate.bare, 'rev-parse', 'renewd/state'], { encoding: 'utf8' }),
      tip,
    );
  });

  for (const how of ['test-fails', 'reload-fails', 'reload-ignored'] as const) {
    test(`when the server misbehaves (${how}) the old certificate stays, and the next try orders nothing new`, async () => {
      const old = await served();
      const oldFile = readFileSync(estate.nginx.certificate, 'utf8');
      const count = issuances();
      estate.nginx.misbehave(how);
      // A new key is asked for by moving the clock past the drawn instant of renewal.
      clockOffsetMs += 85 * day;
      const failed = await turn(house);
      assert.equal(failed.outcomes[0]?.state, 'failed');
      assert.equal(
        failed.outcomes[0]?.failure?.code,
        {
          'test-fails': 'config-test-failed',
          'reload-fails': 'reload-failed',
          'reload-ignored': 'not-served',
        }[how],
      );
      assert.equal(await served(), old);
      assert.equal(readFileSync(estate.nginx.certificate, 'utf8'), oldFile);
      assert.ok((await codes()).includes('install-failed'));
      assert.equal(issuances(), count + 1);

      estate.nginx.misbehave(null);
      const early = await turn(house);
      assert.deepEqual(early.outcomes, [], 'the backoff holds');
      clockOffsetMs += 2 * minute;
      const again = await turn(house);
      assert.equal(again.outcomes[0]?.failure?.message, undefined);
      assert.equal(again.outcomes[0]?.state, 'done');
      assert.equal(issuances(), count + 1, 'no second order');
      assert.notEqual(await served(), old);
      assert.equal(await served(), await issued());
      assert.deepEqual(await codes(), []);
    });
  }

  test('a certificate is renewed when its time has come, with a new key', async () => {
    const before = (await recordOf(estate, 'web/shop')).installations[0];
    clockOffsetMs += 85 * day;
    const report = await turn(house);
    assert.equal(report.outcomes[0]?.action.because, 'renewal due');
    assert.equal(report.outcomes[0]?.failure?.message, undefined);
    const after = (await recordOf(estate, 'web/shop')).installations[0];
    assert.notEqual(after?.issued?.spki, before?.issued?.spki);
    assert.equal(after?.previous?.fingerprint, before?.issued?.fingerprint);
    assert.equal(await served(), after?.issued?.fingerprint);
  });

  test('somebody copies an old certificate back: found, named, and put right', async () => {
    const right = await served();
    const live = join(estate.root, 'by-hand');
    await selfSigned(`${live}.crt`, `${live}.key`, '/CN=old friend', 'shop.example.com');
    // Through the link, into the store: as `cp` does.
    copyFileSync(`${live}.crt`, estate.nginx.certificate);
    copyFileSync(`${live}.key`, estate.nginx.key);
    await estate.nginx.reload();
    await until(async () => (await served()) !== right);
    await estate.commit({ 'inventory/certificates/web/shop.yaml': withDrift('report') }, 'Only report drift');
    const told = await turn(house);
    assert.deepEqual(told.outcomes, []);
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.status, 'drift');
    const finding = record.findings.find((each) => each.code === 'store-changed');
    assert.match(finding?.expected ?? '', new RegExp(right.slice(0, 16)));
    assert.match(finding?.observed ?? '', /old friend/);
    assert.notEqual(finding?.since, undefined);

    await estate.commit({ 'inventory/certificates/web/shop.yaml': withDrift('enforce') }, 'Mend drift');
    let report = await turn(house);
    for (let more = 0; more < 3 && (await served()) !== (await issued()); more++) report = await turn(house);
    assert.equal(report.outcomes.at(-1)?.failure?.message, undefined);
    assert.equal(await served(), await issued());
    await turn(house);
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
  });

  test('the link is replaced by a file, as an old deployment script does: found and put right', async () => {
    const live = join(estate.root, 'by-script');
    await selfSigned(`${live}.crt`, `${live}.key`, '/CN=by script', 'shop.example.com');
    execFileSync('cp', ['--remove-destination', `${live}.crt`, estate.nginx.certificate]);
    execFileSync('cp', ['--remove-destination', `${live}.key`, estate.nginx.key]);
    await estate.nginx.reload();
    await until(async () => (await served()) !== (await issued()));
    await turn(house);
    assert.equal(await served(), await issued());
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
    // What was mended at once was committed as a finding before.
    const seen = execFileSync(
      'git',
      ['-C', estate.bare, 'show', 'renewd/state~1:certificates/web/shop.json'],
      {
        encoding: 'utf8',
      },
    );
    assert.match(seen, /"code": "store-changed"/);
  });

  test('a deleted declaration uninstalls nothing and says so', async () => {
    const before = await served();
    const text = readFileSync(join(estate.root, 'work/inventory/certificates/web/shop.yaml'), 'utf8');
    await estate.commit({ 'inventory/certificates/web/shop.yaml': null }, 'Delete the declaration');
    const report = await turn(house);
    assert.deepEqual(report.outcomes, []);
    assert.equal(await served(), before);
    const record = await recordOf(estate, 'web/shop');
    assert.equal(record.declaration.withdrawn, true);
    assert.equal(record.status, 'retired');
    await estate.commit({ 'inventory/certificates/web/shop.yaml': text }, 'Declare it again');
    await turn(house);
    assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
    assert.equal(await served(), before);
  });

  test('old generations are cleaned up', () => {
    const generations = readdirSync(join(estate.store, 'generations'));
    assert.ok(generations.length <= 5, generations.join(' '));
    assert.ok(existsSync(join(estate.store, 'current')));
  });

  // The record of issuance is the number of orders.
  function issuances(): number {
    const listed = execFileSync('git', ['-C', estate.bare, 'ls-tree', '-r', '--name-only', 'renewd/state'], {
      encoding: 'utf8',
    });
    return listed.split('\n').filter((path) => path.startsWith('issuance/')).length;
  }

  function withDrift(drift: string): string {
    return (
      declarations(estate)['inventory/certificates/web/shop.yaml']?.replace(
        '  installations:',
        `  drift: ${drift}\n  installations:`,
      ) ?? ''
    );
  }
});

/** Waits until `holds`, for at most five seconds: a reload of nginx is not instantaneous. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('waited in vain');
}
