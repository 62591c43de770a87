/** Credentials change while the daemon runs: the next use takes the new one, without a restart. Real git over HTTP and SSH, real OpenSSH. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { startHttpBackend } from '../fixtures/http-backend.ts';
import { declarations, missingServers, startEstate, turn, type RealEstate } from './estate.ts';

describe('rotated while the daemon runs', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
  });
  after(() => estate.stop());

  const troubles = async (house: House): Promise<string[]> => {
    const { troubles: found } = await turn(house);
    return found.map(({ code }) => code);
  };
  /** A key that may log in where Git is; the one before no longer may. */
  const giveKey = (file: string): void => {
    const authorized = join(dirname(estate.sshd.userKeyFile), 'authorized_keys');
    const kept = readFileSync(authorized, 'utf8')
      .split('\n')
      .filter((line) => !line.endsWith(' git-key'));
    rmSync(file, { force: true });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'git-key', '-f', file]);
    writeFileSync(authorized, kept.join('\n'));
    appendFileSync(authorized, readFileSync(`${file}.pub`, 'utf8'));
  };

  test('the token of the Git server', async () => {
    let token = 'first';
    const server = await startHttpBackend(estate.root, { token: () => token });
    const file = join(estate.root, 'token');
    const { git, secrets } = estate.config();
    writeFileSync(file, 'first\n', { mode: 0o600 });
    const house = await estate.openHouse({
      config: {
        repo: `${server.url}/estate.git`,
        dataDirectory: join(estate.root, 'data-http'),
        git: { ...git, tokenSecret: 'git-token' },
        secrets: { ...secrets, 'git-token': { file } },
      },
    });
    try {
      assert.deepEqual(await troubles(house), []);
      token = 'second';
      assert.deepEqual(await troubles(house), ['git-auth'], 'the server has the new one, the file not yet');
      writeFileSync(file, 'second\n');
      assert.deepEqual(await troubles(house), []);
      rmSync(file);
      assert.deepEqual(await troubles(house), ['secret-unavailable'], 'a file that is gone is named as that');
      writeFileSync(file, 'second\n', { mode: 0o600 });
      assert.deepEqual(await troubles(house), []);
    } finally {
      await house.close();
      await server.stop();
    }
  });

  test('the SSH key for Git, and the file of known hosts', async () => {
    const file = join(estate.root, 'git-key');
    const knownHosts = join(estate.root, 'known_hosts');
    writeFileSync(knownHosts, '');
    giveKey(file);
    const { git, secrets } = estate.config();
    const house = await estate.openHouse({
      config: {
        repo: `ssh://${estate.sshd.user}@127.0.0.1:${String(estate.sshd.port)}${estate.bare}`,
        dataDirectory: join(estate.root, 'data-ssh'),
        secrets: { ...secrets, 'git-key': { file } },
        git: {
          ...git,
          ssh: { keySecret: 'git-key', knownHostsFile: knownHosts, hostKeys: [], agentSocket: null },
        },
      },
    });
    try {
      assert.deepEqual(await troubles(house), ['ssh-host-key']);
      writeFileSync(knownHosts, `[127.0.0.1]:${String(estate.sshd.port)} ${estate.sshd.hostKeyLine}\n`);
      assert.deepEqual(await troubles(house), []);
      const stolen = join(estate.root, 'stolen');
      copyFileSync(file, stolen);
      giveKey(file);
      assert.deepEqual(await troubles(house), [], 'the key of before no longer lets in, the new one does');
    } finally {
      await house.close();
    }
  });

  test('the key that signs records', async () => {
    const file = join(estate.root, 'records-key');
    const make = (): void => {
      rmSync(file, { force: true });
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    };
    make();
    const { signing, secrets } = estate.config();
    const config = {
      dataDirectory: join(estate.root, 'data-signing'),
      signing: { ...signing, keySecret: 'records' },
      secrets: { ...secrets, records: { file, for: 'signing' as const, hosts: [] } },
      state: { ...estate.config().state, branch: 'renewd/signing' },
    };
    const house = await estate.openHouse({ config });
    /** Who signed the tip, as git and ssh-keygen see it. */
    const signedBy = (line: string): string => {
      const signers = join(estate.root, 'signers');
      writeFileSync(signers, `${line}\n`);
      const words = [
        '-c',
        `gpg.ssh.allowedSignersFile=${signers}`,
        'log',
        '-1',
        '--format=%G?',
        'renewd/signing',
      ];
      return execFileSync('git', ['-C', estate.bare, ...words], { encoding: 'utf8' }).trim();
    };
    const extra = (name: string): Promise<string> =>
      estate.commit({
        [`inventory/teams/${name}.yaml`]: `apiVersion: renewd/v1\nkind: Team\nmetadata: { name: ${name} }\nspec: { owners: [bob], contacts: [{ email: b@example.com }] }\n`,
      });
    try {
      assert.deepEqual(await troubles(house), []);
      const before = house.signingKey();
      assert.equal(signedBy(before), 'G');
      writeFileSync(file, 'half a key');
      const trouble = await house.refresh();
      assert.equal(trouble?.code, 'secret-unavailable');
      assert.equal(house.signingKey(), before, 'what cannot be read takes nothing away');
      make();
      assert.equal(await house.refresh(), null);
      assert.notEqual(house.signingKey(), before);
      await extra('first');
      const report = await turn(house);
      assert.deepEqual(report.troubles, []);
      assert.notEqual(report.published, null);
      assert.equal(signedBy(house.signingKey()), 'G');
      assert.notEqual(signedBy(before), 'G');
      const findings = house.memory.repositoryRecord?.findings ?? [];
      assert.deepEqual(
        findings.map(({ code }) => code).filter((code) => code.startsWith('records')),
        [],
        'what the key of before signed is still ours',
      );
    } finally {
      await house.close();
    }
    // The next process finds the line whole, too.
    const again = await estate.openHouse({ config });
    try {
      await extra('second');
      const report = await turn(again);
      assert.deepEqual(report.troubles, []);
      const findings = again.memory.repositoryRecord?.findings ?? [];
      assert.deepEqual(
        findings.map(({ code }) => code).filter((code) => code.startsWith('records')),
        [],
      );
    } finally {
      await again.close();
    }
  });
});
