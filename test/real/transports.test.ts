/** The watched repository over smart HTTP (git http-backend) and over SSH (real sshd): the same turn, the same records. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Config } from '../../daemon/config.ts';
import { examine } from '../../daemon/commands/doctor.ts';
import { startHttpBackend } from '../fixtures/http-backend.ts';
import { declarations, missingServers, recordOf, startEstate, turn, type RealEstate } from './estate.ts';

describe('transports', { skip: missingServers() ?? false }, () => {
  let estate: RealEstate;
  before(async () => {
    estate = await startEstate();
    await estate.commit(declarations(estate), 'Declare web/shop');
  });
  after(() => estate.stop());

  /** A key of its own for Git: what Git uses is never given to a declaration. */
  const gitKey = (): Pick<Config, 'secrets'> => {
    const file = join(estate.root, 'git-key');
    execFileSync('rm', ['-f', file, `${file}.pub`]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    appendFileSync(
      join(dirname(estate.sshd.userKeyFile), 'authorized_keys'),
      readFileSync(`${file}.pub`, 'utf8'),
    );
    return { secrets: { ...estate.config().secrets, 'git-key': { file } } };
  };

  test('smart HTTP with a token', async () => {
    const server = await startHttpBackend(estate.root, { token: () => 'swordfish' });
    writeFileSync(join(estate.root, 'token'), 'swordfish\n', { mode: 0o600 });
    const { git, secrets } = estate.config();
    const house = await estate.openHouse({
      config: {
        repo: `${server.url}/estate.git`,
        dataDirectory: join(estate.root, 'data-http'),
        git: { ...git, tokenSecret: 'git-token' },
        secrets: { ...secrets, 'git-token': { file: join(estate.root, 'token') } },
      },
    });
    try {
      const report = await turn(house);
      assert.deepEqual(report.troubles, []);
      assert.equal(report.outcomes[0]?.state, 'done', report.outcomes[0]?.failure?.message);
      assert.equal((await recordOf(estate, 'web/shop')).status, 'ok');
      await estate.commit({
        'inventory/teams/extra.yaml':
          'apiVersion: renewd/v1\nkind: Team\nmetadata: { name: extra }\nspec: { displayName: Extra, owners: [bob], contacts: [{ email: b@example.com }] }\n',
      });
      await turn(house);
      assert.ok(house.memory.desired?.teams.has('extra'));
      const examined = await examine(house, AbortSignal.timeout(30_000));
      assert.deepEqual(
        examined.filter((each) => !each.ok),
        [],
      );
    } finally {
      await house.close();
      await server.stop();
    }
  });

  test('SSH with a pinned host key; a daemon that lost its journal takes over what its CA issued', async () => {
    const { git } = estate.config();
    // Its CA is the same: what another one issued would not be taken over.
    cpSync(join(estate.root, 'data-http'), join(estate.root, 'data-ssh'), {
      recursive: true,
      filter: (path) => !path.includes('journal.db'),
    });
    const house = await estate.openHouse({
      config: {
        repo: `ssh://${estate.sshd.user}@127.0.0.1:${String(estate.sshd.port)}${estate.bare}`,
        ...gitKey(),
        dataDirectory: join(estate.root, 'data-ssh'),
        git: {
          ...git,
          ssh: {
            keySecret: 'git-key',
            knownHostsFile: null,
            hostKeys: [estate.sshd.hostKeyLine],
            agentSocket: null,
          },
        },
      },
    });
    try {
      const report = await turn(house);
      assert.deepEqual(report.troubles, []);
      assert.equal(report.planned[0]?.kind, 'adopt');
      execFileSync('git', ['-C', estate.bare, 'fsck', '--strict', '--no-dangling']);
    } finally {
      await house.close();
    }
  });

  test('a wrong host key of the Git server is trouble with a name, and nothing is sent', async () => {
    const { git } = estate.config();
    const house = await estate.openHouse({
      config: {
        repo: `ssh://${estate.sshd.user}@127.0.0.1:${String(estate.sshd.port)}${estate.bare}`,
        ...gitKey(),
        dataDirectory: join(estate.root, 'data-wrong'),
        git: {
          ...git,
          ssh: {
            keySecret: 'git-key',
            knownHostsFile: null,
            hostKeys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
            agentSocket: null,
          },
        },
      },
    });
    try {
      const report = await turn(house);
      assert.equal(report.troubles.length, 1);
      assert.equal(report.troubles[0]?.code, 'ssh-host-key');
      assert.match(report.troubles[0]?.message ?? '', /nothing was sent/);
      const examined = await examine(house, AbortSignal.timeout(30_000));
      assert.deepEqual(
        examined.filter((each) => !each.ok).map((each) => each.subject),
        ['repository', 'state branch'],
      );
    } finally {
      await house.close();
    }
  });
});
