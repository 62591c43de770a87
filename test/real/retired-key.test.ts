/**
 * The key that signs records is stolen and retired. What its thief writes with a date of back then is not used, stops nobody, and fails the audit; an honest
 * rotation passes, with and without the journal. Real git and OpenSSH, the daemon's turns, `renewd audit` as a process.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { readSources } from '../../site/source/read.ts';
import { issueAll, request } from '../contract/issuer.ts';
import { openWorkshop } from '../fixtures/openssl.ts';
import { openHouse, plainConfig, turn } from './estate.ts';
import { makePerson, type Person } from './signed-repository.ts';

const head = 'apiVersion: renewd/v1\n';
const hour = 3_600_000;
const record = 'certificates/web/shop.json';
const documents: Readonly<Record<string, string>> = {
  'inventory/teams/web.yaml': `${head}kind: Team\nmetadata: { name: web }\nspec:\n  owners: [ada]\n  contacts: [{ email: web@example.com }]\n  dnsNames: ['*.example.com']\n`,
  'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
  'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: 9\n  user: root\n  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n  directory: /var/lib/renewd\n`,
  'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files:\n    - { name: fullchain.pem, content: fullchain }\n    - { name: key.pem, content: key }\n`,
  'inventory/certificates/web/shop.yaml': `${head}kind: Certificate\nmetadata: { name: shop, team: web }\nspec:\n  dnsNames: [shop.example.com]\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: store }\n`,
};

describe('a records key that was retired', () => {
  const base = Date.now();
  const root = mkdtempSync(join(tmpdir(), 'renewd-retired-'));
  const bare = join(root, 'estate.git');
  const work = join(root, 'work');
  const data = join(root, 'data');
  const workshop = openWorkshop();
  const [old, young] = ['old', 'young'].map((name) => makePerson(join(root, 'keys'), name)) as [
    Person,
    Person,
  ];
  /** The old key counts until an hour ago; its records began three hours ago. */
  const retiredAt = base - hour;
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8' }).trim();
  const tip = (): string => git('rev-parse', 'renewd/state');
  const env = (at: number): NodeJS.ProcessEnv => {
    const date = `${String(Math.floor(at / 1000))} +0000`;
    return {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    };
  };
  const write = (directory: string, path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const daemon = async (by: Person, at: number, look: (house: House) => Promise<void>): Promise<void> => {
    const config = plainConfig(root, bare);
    const house = await openHouse(
      {
        ...config,
        signing: { ...config.signing, keySecret: 'records' },
        secrets: { ...config.secrets, records: { file: by.keyFile, for: 'signing', hosts: [] } },
      },
      { clockOffsetMs: () => at - base },
    );
    try {
      await look(house);
    } finally {
      await house.close();
    }
  };
  const oneTurn = (by: Person, at: number, check: (house: House) => void = () => undefined): Promise<void> =>
    daemon(by, at, async (house) => {
      await turn(house);
      check(house);
    });
  /** Something new to write down, so that the next turn makes a commit. */
  let count = 0;
  const newCommit = (): void => {
    write(
      work,
      `inventory/teams/team-${String(++count)}.yaml`,
      (documents['inventory/teams/web.yaml'] ?? '')
        .replace('name: web', `name: team-${String(count)}`)
        .replace("['*.example.com']", '[]'),
    );
    publish();
  };
  const publish = (): void => {
    const options = { env: env(base - 3 * hour), stdio: 'ignore' } as const;
    execFileSync('git', ['-C', work, 'add', '-A'], options);
    execFileSync(
      'git',
      ['-C', work, '-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'Declare'],
      options,
    );
    execFileSync('git', ['-C', work, 'push', '-q', bare, 'main'], options);
  };
  /** A commit of the thief on top of the state branch. */
  const steal = (
    by: Person,
    at: number,
    harm: (directory: string) => void,
    trailers: readonly string[] = [],
  ): string => {
    const directory = mkdtempSync(join(root, 'thief-'));
    execFileSync('git', ['clone', '-q', '-b', 'renewd/state', bare, directory]);
    harm(directory);
    const run = (...words: string[]): string =>
      execFileSync(
        'git',
        [
          '-C',
          directory,
          '-c',
          'user.name=renewd',
          '-c',
          'user.email=renewd@example.com',
          '-c',
          'gpg.format=ssh',
          '-c',
          `user.signingkey=${by.keyFile}`,
          ...words,
        ],
        { encoding: 'utf8', env: env(at) },
      ).trim();
    run('add', '-A');
    run(
      'commit',
      '-q',
      '--allow-empty',
      '-S',
      '-m',
      'certificate web/shop: looked at',
      ...['Renewd-Instance: here', ...trailers].flatMap((each) => ['--trailer', each]),
    );
    run('push', '-q', 'origin', 'renewd/state');
    return run('rev-parse', 'HEAD');
  };
  const forgeSince = (directory: string): void => {
    const text = git('show', `renewd/state:${record}`);
    write(directory, record, text.replace(/"since": "[^"]+"/, '"since": "2020-01-01T00:00:00Z"'));
  };
  const since = (): string => (JSON.parse(git('show', `renewd/state:${record}`)) as { since: string }).since;
  const incidents = (): string[] => {
    try {
      const text = git('show', 'renewd/state:findings/repository.json');
      const { findings } = JSON.parse(text) as { findings: { code: string; message: string }[] };
      return findings.filter(({ code }) => code === 'records-changed').map(({ message }) => message);
    } catch {
      return [];
    }
  };
  const audit = (): { readonly status: number | null; readonly said: string } => {
    const { status, stdout, stderr } = spawnSync(
      resolve('bin/renewd'),
      ['audit', '--repo', bare, '--json', '--trust', git('rev-list', '--max-parents=0', 'main')],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    assert.match(stdout, /"claims"/, stderr);
    const { claims } = JSON.parse(stdout) as { claims: { claim: string; verdict: string; detail: string }[] };
    const wrong = claims.filter(({ verdict }) => verdict === 'failed' || verdict === 'unproven');
    return { status, said: wrong.map(({ claim, detail }) => `${claim}: ${detail}`).join('\n') };
  };
  /** Back to a moment: `stolen`, only the old key has signed; `rotated`, the new one after it. */
  const backTo = (moment: 'stolen' | 'rotated'): void => {
    rmSync(data, { recursive: true, force: true });
    cpSync(join(root, moment), data, { recursive: true });
    git('update-ref', 'refs/heads/renewd/state', git('rev-parse', moment));
  };
  /** As after the loss of the machine: the CA and its log are kept, the journal is not. */
  const loseJournal = (): void => {
    for (const file of ['journal.db', 'journal.db-wal', 'journal.db-shm'])
      rmSync(join(data, file), { force: true });
  };
  const keep = (moment: string): void => {
    git('tag', moment, 'renewd/state');
    cpSync(data, join(root, moment), { recursive: true });
  };

  before(async () => {
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    writeFileSync(join(root, 'deploy-key'), 'none', { mode: 0o600 });
    for (const [path, text] of Object.entries(documents)) write(work, path, text);
    const until = `${new Date(retiredAt).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;
    write(
      work,
      'policies/allowed_signers',
      `renewd@old valid-before="${until}" ${old.publicKey}\nrenewd@young ${young.publicKey}\n`,
    );
    publish();
    await oneTurn(old, base - 3 * hour);
    cpSync(data, join(root, 'early'), { recursive: true });
    await daemon(old, base - 3 * hour + 30_000, async (house) => {
      await turn(house);
      const spec = house.memory.desired?.issuers.get('internal-ca');
      assert.ok(spec !== undefined);
      await issueAll(house.world.issuer(spec), request(workshop, 'shop.example.com', 'one'), null);
      for (const event of ['a', 'b', 'c']) house.world.journal.append(base, 'web/shop', event, 'x');
    });
    await oneTurn(old, base - 3 * hour + 60_000);
    assert.match(git('ls-tree', '-r', '--name-only', 'renewd/state'), /issuance\/internal-ca/);
    keep('stolen');
    newCommit();
    await oneTurn(young, base - 2 * hour);
    assert.notEqual(tip(), git('rev-parse', 'stolen'));
    keep('rotated');
  });
  beforeEach(() => backTo('rotated'));
  after(() => {
    workshop.close();
    rmSync(root, { recursive: true, force: true });
  });

  test('an honest rotation passes: the audit, the next turns, and a daemon that lost its journal', async () => {
    assert.deepEqual(audit(), { status: 0, said: '' });
    const before = since();
    for (const lost of [false, true]) {
      if (lost) loseJournal();
      newCommit();
      await oneTurn(young, base);
      assert.deepEqual(incidents(), []);
      assert.equal(since(), before);
      assert.deepEqual(audit(), { status: 0, said: '' });
    }
  });

  test('an honest rotation passes too where the new key first signs when the old one is gone', async () => {
    backTo('stolen');
    newCommit();
    await oneTurn(young, base);
    assert.deepEqual(incidents(), []);
    assert.deepEqual(audit(), { status: 0, said: '' });
  });

  test('a clock that was ahead for a turn makes no later commit look backdated', async () => {
    newCommit();
    await oneTurn(young, base + 24 * hour);
    const ahead = git('log', '-1', '--format=%ct', 'renewd/state');
    newCommit();
    await oneTurn(young, base);
    assert.equal(git('log', '-1', '--format=%ct', 'renewd/state'), ahead);
    assert.notEqual(git('rev-parse', 'renewd/state~1'), git('rev-parse', 'rotated'));
    assert.deepEqual(audit(), { status: 0, said: '' });
  });

  const dates = { 'of back then': base - 2.5 * hour, 'of its last second': retiredAt } as const;
  for (const moment of ['stolen', 'rotated'] as const)
    for (const [when, at] of Object.entries(dates))
      for (const journal of ['kept', 'lost'] as const) {
        // Without the journal and without a commit of the new key nobody can tell; then nothing at all is believed.
        test(`a backdated record (${when}) on ${moment} records is not used, journal ${journal}, and the audit fails`, async () => {
          backTo(moment);
          const before = since();
          const commit = steal(old, at, forgeSince);
          const forged = audit();
          assert.equal(forged.status, 1);
          assert.match(forged.said, new RegExp(`${commit.slice(0, 10)} (backdated|retired)`));
          if (journal === 'lost') loseJournal();
          await oneTurn(young, base);
          assert.notEqual(since(), '2020-01-01T00:00:00Z');
          if (journal === 'kept' || moment === 'rotated') {
            assert.equal(since(), before);
            assert.match(incidents().join('\n'), new RegExp(commit.slice(0, 10)));
          } else
            assert.match(incidents().join('\n'), /signed by no key that this daemon knows and that counts/);
          const later = audit();
          assert.equal(later.status, 1);
          assert.match(later.said, new RegExp(`${commit.slice(0, 10)} (backdated|retired)`));
        });
      }

  const anchorOf = (commit: string): string[] =>
    /^Renewd-Journal: (\S+) (\d+) (\S+)$/m.exec(git('cat-file', 'commit', commit))?.slice(1) ?? [];

  test('a backdated anchor of the journal accuses nobody', async () => {
    const [id = ''] = anchorOf('rotated');
    steal(old, base - 2.5 * hour, () => undefined, [`Renewd-Journal: ${id} 999999 ${'0'.repeat(64)}`]);
    await oneTurn(young, base, ({ memory }) => assert.equal(memory.journalTrouble, null));
    assert.equal(audit().status, 1);
  });

  test('the anchor that the old key left still counts for the new one: a journal that was cut is found out', async () => {
    backTo('stolen');
    rmSync(data, { recursive: true });
    cpSync(join(root, 'early'), data, { recursive: true });
    await oneTurn(young, base - 2 * hour, ({ memory }) => {
      assert.match(memory.journalTrouble?.message ?? '', /of the records knows/);
    });
  });

  test('a backdated entry of the log of issuance does not make the log a forgery', async () => {
    const [path = ''] = git('ls-tree', '-r', '--name-only', 'renewd/state', 'issuance').split('\n');
    steal(old, base - 2.5 * hour, (directory) => {
      write(directory, path.replace(/[0-9a-f]+\.json$/, 'ab12.json'), git('show', `renewd/state:${path}`));
    });
    await oneTurn(young, base, ({ memory }) => assert.deepEqual([...memory.logTroubles], []));
    assert.equal(audit().status, 1);
  });

  test('what the old key published still binds: a log that says otherwise is not published', async () => {
    const log = join(data, 'issuers/internal-ca/issued.jsonl');
    writeFileSync(log, '');
    await oneTurn(young, base, ({ memory }) => {
      assert.match(
        memory.logTroubles.get('internal-ca')?.message ?? '',
        /which was published, is not in its log any more/,
      );
    });
  });

  test('the site shows a backdated commit as not signed, and those of before as signed', async () => {
    const commit = steal(old, base - 2.5 * hour, forgeSince);
    const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
    try {
      const { sources } = await readSources({
        repository,
        state: tip(),
        intent: git('rev-parse', 'main'),
        statePrefix: '',
        now: base,
        label: null,
        settings: { redaction: 'full', forge: null, staleAfterMs: hour, staticDetailMax: 10, thresholds: [] },
        allowedSigners: git('show', 'main:policies/allowed_signers'),
        known: null,
        onBad: () => undefined,
      });
      assert.ok(sources.log.length > 2);
      for (const { oid, signed } of sources.log) assert.equal(signed, oid !== commit, oid);
    } finally {
      await repository.close();
    }
  });
});
