/** What the README tells a newcomer to do, done by the commands themselves against a real sshd and nginx. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, missingServers, servedFingerprint, startEstate, type RealEstate } from './estate.ts';

const renewd = join(import.meta.dirname, '../../bin/renewd');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('the first hour', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  let home = '';
  const run = (...words: string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(renewd, words, {
      cwd: existsSync(join(home, 'estate')) ? join(home, 'estate') : home,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
      timeout: 120_000,
    });
    return { code: status, out: stdout, err: stderr };
  };
  const git = (...words: string[]): string =>
    execFileSync(
      'git',
      ['-C', join(home, 'estate'), '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words],
      {
        encoding: 'utf8',
      },
    );

  before(async () => {
    estate = await startEstate();
    home = mkdtempSync(join(tmpdir(), 'renewd-home-'));
  });
  after(async () => {
    await estate.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('init writes an estate, shows the fingerprint of the host key, and overwrites nothing', () => {
    const { nginx, sshd } = estate;
    const words = [
      ...['init', 'estate', '--host', '127.0.0.1', '--port', String(sshd.port), '--user', sshd.user],
      ...[
        '--ssh-key',
        sshd.userKeyFile,
        '--name',
        'shop.example.com',
        '--address',
        `127.0.0.1:${String(nginx.port)}`,
      ],
      ...['--privilege', 'direct', '--certificate', nginx.certificate, '--private-key', nginx.key],
    ];
    const first = run(...words);
    assert.equal(first.code, 0, first.err);
    assert.ok(first.out.includes(sshd.hostKeyFingerprint), first.out);
    assert.match(first.out, /renewd once/);
    const again = run('init', '.', ...words.slice(2));
    assert.equal(again.code, 64);
    assert.match(again.err, /is there already; nothing was written/);
  });

  test('check passes, and points at the line when something is wrong', () => {
    const file = join(home, 'estate/inventory/certificates/platform/shop-example-com.yaml');
    // This nginx does not use the configuration it was built with.
    const endpoint = join(home, 'estate/inventory/endpoints/127-0-0-1.yaml');
    writeFileSync(
      endpoint,
      `${readFileSync(endpoint, 'utf8').replace('parameters: {}', `parameters: { nginx: /usr/sbin/nginx, config: '${estate.nginx.conf}' }`)}  directory: ${join(estate.root, 'machine')}\n`,
    );
    const good = run('check');
    assert.equal(good.code, 0, good.out);
    assert.match(good.out, /1 certificate, 1 endpoint, 1 issuer, 1 team: valid/);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('issuer: internal-ca', 'issuer: internal-cb'));
    const bad = run('check');
    assert.equal(bad.code, 1);
    assert.match(
      bad.out,
      /shop-example-com\.yaml:7:3: there is no issuer "internal-cb"\. Did you mean "internal-ca"\?\n.*issuer: internal-cb\n *\^/,
    );
    writeFileSync(file, text);
  });

  test('doctor says what can be used; plan says what would be done, and does nothing', async () => {
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'Declare the first certificate');
    assert.doesNotMatch(git('ls-files'), /\.renewd/);
    const before = await servedFingerprint(estate.nginx.port, 'shop.example.com');
    const doctor = run('doctor');
    assert.equal(doctor.code, 0, doctor.out + doctor.err);
    assert.match(doctor.out, /endpoint 127-0-0-1\n.*OpenSSL/);
    const plan = run('plan');
    assert.equal(plan.code, 0, plan.err);
    assert.match(
      plan.out,
      /issue and install platform\/shop-example-com@127-0-0-1 \(shop\.example\.com; internal-ca\)/,
    );
    const json = JSON.parse(run('plan', '--json').out) as { actions: { kind: string }[] };
    assert.equal(json.actions[0]?.kind, 'issue');
    assert.equal(await servedFingerprint(estate.nginx.port, 'shop.example.com'), before);
    assert.doesNotMatch(git('branch', '-a'), /renewd/);
  });

  test('once makes it so: served, recorded, exit code 0; again there is nothing to do', async () => {
    const once = run('once');
    assert.equal(once.code, 0, once.out + once.err);
    assert.match(once.out, /1 ✓ ok/);
    const record = JSON.parse(git('show', 'renewd/state:certificates/platform/shop-example-com.json')) as {
      installations: { issued: { fingerprint: string } }[];
    };
    assert.equal(
      await servedFingerprint(estate.nginx.port, 'shop.example.com'),
      record.installations[0]?.issued.fingerprint,
    );
    assert.match(
      git('log', '-1', '--format=%s', 'renewd/state'),
      /platform\/shop-example-com: issued, serial/,
    );
    const ended = (commit: string): unknown =>
      (JSON.parse(git('show', `${commit}:heartbeat.json`)) as { ended?: boolean }).ended;
    const [claim = ''] = git('rev-list', '--reverse', 'renewd/state').split('\n');
    assert.equal(git('ls-tree', '-r', '--name-only', claim).trim(), 'heartbeat.json');
    assert.deepEqual([ended(claim), ended('renewd/state')], [false, true], 'it says so first, and ends it');
    const tip = git('rev-parse', 'renewd/state');
    const again = run('once');
    assert.equal(again.code, 0);
    assert.match(again.out, /nothing to do/);
    assert.equal(git('rev-parse', 'renewd/state'), tip, 'a run without work says nothing');
  });

  test('status, status of one, and their JSON', () => {
    assert.match(run('status').out, /✓ ok +platform\/shop-example-com +shop\.example\.com/);
    assert.match(run('status', 'platform/shop-example-com').out, /served-match/);
    const wrong = run('status', 'platform/nope');
    assert.equal(wrong.code, 64);
    assert.match(wrong.err, /no record of a certificate "platform\/nope"/);
    const json = JSON.parse(run('status', '--json').out) as { certificates: { status: string }[] };
    assert.equal(json.certificates[0]?.status, 'ok');
  });

  test('site builds pages that name the certificate', () => {
    const site = run('site', '--out', join(home, 'public'));
    assert.equal(site.code, 0, site.err);
    assert.match(
      readFileSync(join(home, 'public/index.html'), 'utf8'),
      /shop-example-com|shop\.example\.com/,
    );
  });

  test('the daemon answers for its health, takes a hint, refuses a second one, and ends when told', async () => {
    const port = await freePort();
    const config = join(home, 'estate/renewd.yaml');
    writeFileSync(
      config,
      `${readFileSync(config, 'utf8')}\nhttp: { listen: '127.0.0.1:${String(port)}' }\nlog: { format: json }\nsite: { outDir: '${join(home, 'published')}' }\n`,
    );
    const child = spawn(renewd, ['daemon'], {
      cwd: join(home, 'estate'),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const get = async (path: string): Promise<Response | null> =>
      fetch(`http://127.0.0.1:${String(port)}${path}`).catch(() => null);
    try {
      for (let tries = 0; tries < 200 && (await get('/readyz'))?.status !== 200; tries++)
        await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal((await get('/readyz'))?.status, 200, log);
      assert.equal((await get('/healthz'))?.status, 200);
      const metrics = (await (await get('/metrics'))?.text()) ?? '';
      assert.match(metrics, /renewd_certificates\{status="ok"\} 1/);
      assert.match(
        metrics,
        /renewd_certificate_expiry_timestamp_seconds\{team="[^"]+",certificate="[^"]+"\} \d{10}/,
      );
      const second = run('once');
      assert.equal(second.code, 75);
      assert.match(second.err, /another renewd works with/);
      // A person changes the key and says so by SIGHUP.
      const file = join(home, 'estate/inventory/certificates/platform/shop-example-com.yaml');
      writeFileSync(file, readFileSync(file, 'utf8').replace('ecdsa-p256', 'ecdsa-p384'));
      git('commit', '-q', '-am', 'Ask for P-384');
      const before = await servedFingerprint(estate.nginx.port, 'shop.example.com');
      child.kill('SIGHUP');
      // The answer that differs is kept: after a reload workers of the old configuration may still take a connection or two.
      let served = before;
      for (let tries = 0; tries < 900 && served === before; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        served = await servedFingerprint(estate.nginx.port, 'shop.example.com');
      }
      assert.notEqual(served, before, log);
      // The site follows the records, with what the signatures of the daemon's own key say.
      const page = join(home, 'published/certificates/platform/shop-example-com/index.html');
      const shown = (): boolean =>
        existsSync(page) && readFileSync(page, 'utf8').includes('ecdsa-p384, 384 bits');
      for (let tries = 0; tries < 1800 && !shown(); tries++)
        await new Promise((resolve) => setTimeout(resolve, 100));
      assert.ok(shown(), log);
      const audit = readFileSync(join(home, 'published/audit/index.html'), 'utf8');
      assert.match(audit, /every one carries a signature that verifies/);
    } finally {
      child.kill('SIGTERM');
      const code = await new Promise((resolve) => {
        child.once('exit', resolve);
      });
      assert.equal(code, 0, log);
    }
    for (const line of log.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line) as unknown, line);
    assert.doesNotMatch(log, /PRIVATE KEY/);
  });
});
