/**
 * Two daemons with data directories of their own over one repository, at the instant between the look of one and its first action: never two orders for one
 * certificate. Real git, sshd and nginx, the embedded CA.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { Config } from '../../daemon/config.ts';
import type { CertificateRecord, RepositoryFindings } from '../../daemon/core/record-format.ts';
import { generateSigningKey } from '../../daemon/git/signature.ts';
import {
  declarations,
  freePort,
  missingServers,
  recordOf,
  servedFingerprint,
  startEstate,
  stateFile,
  turn,
  type RealEstate,
} from './estate.ts';

const working = { heartbeat: true };
const living = { heartbeat: true, living: true };

describe('two daemons that begin at once', { skip: missingServers() ?? false, timeout: 600_000 }, () => {
  let estate: RealEstate;
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', estate.bare, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const at = (name: string, repo = estate.bare): Partial<Config> => ({
    repo,
    dataDirectory: join(estate.root, name),
  });
  const issued = (house: House): number => house.memory.operations.size + house.memory.installations.size;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Begin');
  });
  after(async () => {
    await estate.stop();
  });

  test('a claim that comes second is not pushed over the first: nothing is ordered, and the other is named', async () => {
    // What the other would push at that instant: its first turn on a copy of the repository, without an endpoint to work on.
    const copy = join(estate.root, 'copy.git');
    cpSync(estate.bare, copy, { recursive: true });
    const other = await estate.openHouse({ config: { ...at('other', copy), secrets: {} } });
    await turn(other, living);
    await other.close();
    let raced = false;
    const late = await estate.openHouse({
      config: at('late'),
      crashPoint: (name) => {
        if (name !== 'before publish' || raced) return;
        raced = true;
        git('fetch', '-q', copy, '+refs/heads/renewd/state:refs/heads/renewd/state');
      },
    });
    for (const options of [living, working]) {
      const report = await turn(late, options);
      assert.deepEqual(
        [report.outcomes.length, report.troubles.map((each) => each.code), issued(late)],
        [0, ['another-instance'], 0],
      );
      assert.match(report.troubles[0]?.message ?? '', /instance [0-9a-f]{16} on host .*, heard at /);
    }
    assert.equal(raced, true);
    assert.equal(
      git('rev-parse', 'renewd/state'),
      execFileSync('git', ['-C', copy, 'rev-parse', 'renewd/state'], { encoding: 'utf8' }).trim(),
    );
    await late.close();
    git('update-ref', '-d', 'refs/heads/renewd/state');
    rmSync(join(estate.root, 'late'), { recursive: true });
  });

  test('a run claims the repository before its first action, and takes that back with its last word', async () => {
    const seen: string[] = [];
    const house = await estate.openHouse({
      config: at('run'),
      crashPoint: (name) => {
        if (name !== 'after journal key-generated') return;
        seen.push(git('show', 'renewd/state:heartbeat.json'));
      },
    });
    await turn(house, working);
    await house.close();
    assert.equal(seen.length, 1);
    assert.match(seen[0] ?? '', /"ended": false/);
    assert.match(git('show', 'renewd/state:heartbeat.json'), /"ended": true/);
    const daemon = await estate.openHouse({ config: at('daemon') });
    assert.deepEqual((await turn(daemon, living)).troubles, [], 'nobody waits for a run that ended');
    await daemon.close();
  });
});

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly log: () => string;
}

describe(
  'two processes of renewd daemon over one repository',
  { skip: missingServers() ?? false, timeout: 600_000 },
  () => {
    const renewd = join(import.meta.dirname, '../../bin/renewd');
    let estate: RealEstate;
    const running = new Set<Running>();
    const run = (name: string): Running => {
      const child = spawn(renewd, ['daemon', '--config', join(estate.root, `${name}.yaml`)], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NO_COLOR: '1' },
      });
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
      const made = { name, child, log: () => log };
      running.add(made);
      return made;
    };
    const stop = async ({ child, ...rest }: Running, how: NodeJS.Signals): Promise<void> => {
      for (const each of running) if (each.name === rest.name) running.delete(each);
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(how);
      await ended;
    };
    const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
      for (let tries = 0; tries < 600; tries++) {
        if (await holds()) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      assert.fail(`${what}: ${[...running].map(({ name, log }) => `${name}: ${log()}`).join('\n')}`);
    };
    const findings = async (code: string): Promise<readonly string[]> => {
      const text = await stateFile(estate, 'findings/repository.json').catch(() => '{"findings":[]}');
      const record = JSON.parse(text) as RepositoryFindings;
      return record.findings.filter((each) => each.code === code).map((each) => each.message);
    };
    const standsBy = (each: Running): boolean => each.log().includes('"another-instance"');
    const generations = (): string[] =>
      existsSync(join(estate.store, 'generations'))
        ? readdirSync(join(estate.store, 'generations')).filter((each) => each !== 'adopted')
        : [];
    const record = async (): Promise<CertificateRecord | null> =>
      recordOf(estate, 'web/shop').catch(() => null);

    before(async () => {
      estate = await startEstate();
      await estate.commit(declarations(estate), 'Begin');
      writeFileSync(join(estate.root, 'records-key'), generateSigningKey().privateKeyPem, { mode: 0o600 });
      for (const name of ['left', 'right'])
        writeFileSync(
          join(estate.root, `${name}.yaml`),
          `repo: ${estate.bare}
data: ${join(estate.root, name)}
signing: { key: { secret: records } }
secrets:
  records: { file: ${join(estate.root, 'records-key')}, for: signing }
  deploy-key: { file: ${join(estate.root, 'deploy-key')}, for: endpoints, hosts: ['127.0.0.1:*'] }
turn: { pollInterval: 5s }
site: { build: false }
http: { listen: '127.0.0.1:${String(await freePort())}' }
log: { format: json }
`,
        );
    });
    after(async () => {
      for (const each of running) await stop(each, 'SIGKILL');
      await estate.stop();
    });

    test('one that cannot listen ends, and changes nothing', async () => {
      const { port } = estate.sshd;
      const config = join(estate.root, 'left.yaml');
      const text = readFileSync(config, 'utf8');
      writeFileSync(config, text.replace(/listen: '\S+'/, `listen: '127.0.0.1:${String(port)}'`));
      const left = run('left');
      await until('it ends', () => left.child.exitCode !== null);
      assert.match(left.log(), /cannot listen on/);
      assert.notEqual(left.child.exitCode, 0);
      assert.equal(await record(), null);
      running.delete(left);
      writeFileSync(config, text);
    });

    test('started at the same time: one orders, once; the other waits and is named; a kill and a start change nothing', async () => {
      const pair = [run('left'), run('right')];
      await until('one is served', async () => (await record())?.status === 'ok');
      await until('one stands by', () => pair.some(standsBy));
      const [waiting, working] = standsBy(pair[0] as Running) ? pair : pair.toReversed();
      assert.ok(waiting !== undefined && working !== undefined && !standsBy(working));
      await until('the one that waits is named', async () => (await findings('instance-waits')).length === 1);
      const served = await servedFingerprint(estate.nginx.port, 'shop.example.com');
      assert.equal((await record())?.installations[0]?.issued?.fingerprint, served);
      assert.equal(generations().length, 1, 'one order');

      await stop(working, 'SIGKILL');
      const again = run(working.name);
      await until('it works again', () => again.log().includes('health and metrics'));
      await estate.commit(
        Object.fromEntries(
          Object.entries(declarations(estate)).map(([path, text]) => [
            path,
            text.replace('ecdsa-p256', 'ecdsa-p384'),
          ]),
        ),
        'Ask for P-384',
      );
      await until('the change is served', async () => {
        const now = await record();
        return now?.status === 'ok' && now.installations[0]?.issued?.keyAlgorithm === 'ecdsa-p384';
      });
      assert.equal(generations().length, 2, 'one more order');
      assert.ok(!standsBy(again), again.log());
      assert.deepEqual(await findings('another-instance'), []);

      await stop(again, 'SIGTERM');
      const before = waiting.log().length;
      await until('the other takes over', () => waiting.log().slice(before).includes('"published"'));
      const beat = JSON.parse(await stateFile(estate, 'heartbeat.json')) as {
        ended?: boolean;
        beside?: unknown;
      };
      assert.deepEqual([beat.ended, beat.beside], [false, undefined]);
      assert.equal(generations().length, 2);
    });
  },
);
