/**
 * Histories that were made to deceive: dates that run backwards, merges that hold what no side wrote, ranges too long to look at. Real git and real OpenSSH
 * signatures; the daemon judges, then the audit judges the same history again.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { House } from '../../daemon/assembly.ts';
import type { TurnReport } from '../../daemon/cycle.ts';
import { limits } from '../../daemon/limits.ts';
import { readRecords } from '../../daemon/shell/records.ts';
import { openHouse, plainConfig, turn } from './estate.ts';
import { allowedSigners, makePerson, workTree, type Person, type WorkTree } from './signed-repository.ts';

const head = 'apiVersion: renewd/v1\n';
const control = (signatures: string): string => `${head}kind: ChangeControl
metadata: { name: main }
spec:
  signatures: ${signatures}
  paths:
    - { paths: ['**'], signers: ['team:pki'] }
    - { paths: ['inventory/certificates/{team}/**'], signers: [owner, 'team:pki', forge] }
  approvals:
    - name: four-eyes
      certificates: { selector: { teams: [web] }, wildcard: true }
      count: 1
      from: ['team:pki']
      forgeMerge: true
  forges: [forge@example.com]
`;
const team = (name: string, dnsNames: string, signers: string): string =>
  `${head}kind: Team\nmetadata: { name: ${name} }\nspec:\n  owners: [somebody]\n  contacts: [{ email: ${name}@example.com }]\n  dnsNames: [${dnsNames}]\n  signers: [${signers}]\n`;
const certificate = (name: string, names: string): string =>
  `${head}kind: Certificate\nmetadata: { name: ${name}, team: web }\nspec:\n  dnsNames: [${names}]\n  issuer: internal-ca\n  installations:\n    - { endpoint: web-01, profile: store }\n`;
const policy = (algorithms: string): string =>
  `${head}kind: Policy\nmetadata: { name: baseline }\nspec:\n  rules:\n    - { rule: key-algorithms, action: block, settings: { algorithms: [${algorithms}] } }\n`;
const lax = policy('ecdsa-p256, rsa-2048');
const strict = policy('ecdsa-p256');
const policyFile = 'policies/baseline.yaml';
const starFile = 'inventory/certificates/web/star.yaml';
const star = certificate('star', "'*.example.com'");

describe('histories made to deceive', () => {
  let root: string, bare: string;
  let tree: WorkTree;
  let house: House;
  let ada: Person, pia: Person, paul: Person, forge: Person;
  let clockOffsetMs = 0;
  let [first, good] = ['', ''];

  const open = (): Promise<House> =>
    openHouse(plainConfig(root, bare), { clockOffsetMs: () => clockOffsetMs });
  const tip = (): string => tree.git('rev-parse', 'HEAD');
  const push = async (): Promise<void> => {
    tree.git('push', '-q', '-f', 'origin', 'HEAD:main');
    await turn(house);
  };
  const codes = (): string[] =>
    [
      ...new Set([...house.memory.held.values()].flatMap((each) => each.reasons.map((one) => one.code))),
    ].sort();
  const algorithms = (): string =>
    JSON.stringify(
      house.memory.desired?.policies.find((each) => each.name === 'baseline')?.rules[0]?.settings,
    );
  const inForce = (id: string): boolean => house.memory.desired?.certificates.has(id) === true;
  /** A commit of any shape, signed as stock git signs. `at`: seconds since 1970. */
  const make = (
    by: Person | null,
    parents: readonly string[],
    files: Readonly<Record<string, string | null>>,
    options: { readonly from?: string; readonly at?: number; readonly message?: string } = {},
  ): string => {
    const index = join(root, 'index');
    rmSync(index, { force: true });
    const at = `@${String(options.at ?? Math.floor(Date.now() / 1000))} +0000`;
    const run = (words: readonly string[], input = ''): string =>
      execFileSync('git', ['-C', tree.directory, ...words], {
        encoding: 'utf8',
        input,
        env: {
          ...process.env,
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_INDEX_FILE: index,
          GIT_AUTHOR_NAME: by?.name ?? 'mallory',
          GIT_AUTHOR_EMAIL: 'someone@example.com',
          GIT_COMMITTER_NAME: by?.name ?? 'mallory',
          GIT_COMMITTER_EMAIL: 'someone@example.com',
          GIT_AUTHOR_DATE: at,
          GIT_COMMITTER_DATE: at,
        },
      }).trim();
    run(['read-tree', options.from ?? parents[0] ?? '4b825dc642cb6eb9a060e54bf8d69288fbee4904']);
    for (const [path, text] of Object.entries(files)) {
      if (text === null) run(['rm', '-q', '--cached', path]);
      else
        run([
          'update-index',
          '--add',
          '--cacheinfo',
          `100644,${run(['hash-object', '-w', '--stdin'], text)},${path}`,
        ]);
    }
    const signing = by === null ? [] : ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${by.keyFile}`];
    return run([
      ...signing,
      'commit-tree',
      ...(by === null ? [] : ['-S']),
      ...parents.flatMap((each) => ['-p', each]),
      '-m',
      options.message ?? 'Something',
      run(['write-tree']),
    ]);
  };
  const pushCommit = async (commit: string): Promise<void> => {
    tree.git('reset', '-q', '--hard', commit);
    await push();
  };
  /** Puts back what is in force, so that nothing of one test is held in the next. */
  const restore = async (): Promise<void> => {
    await pushCommit(make(pia, [tip()], {}, { from: good, message: 'Put back' }));
    assert.deepEqual(codes(), []);
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'renewd-history-'));
    bare = join(root, 'estate.git');
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
    [ada, pia, paul, forge] = ['ada', 'pia', 'paul', 'forge'].map((name) =>
      makePerson(join(root, 'keys'), name),
    ) as [Person, Person, Person, Person];
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, 'deploy-key')]);
    mkdirSync(join(root, 'work'));
    tree = workTree(join(root, 'work'));
    tree.git('init', '-q', '-b', 'main');
    tree.git('remote', 'add', 'origin', bare);
    tree.commit(
      {
        'inventory/teams/web.yaml': team('web', "'*.example.com'", 'ada@example.com'),
        'inventory/teams/pki.yaml': team('pki', '', 'pia@example.com, paul@example.com'),
        'inventory/issuers/internal-ca.yaml': `${head}kind: Issuer\nmetadata: { name: internal-ca }\nspec:\n  type: ca\n  organization: Example\n  permittedDnsNames: [example.com]\n  lifetime: 90d\n`,
        'inventory/certificates/web/shop.yaml': certificate('shop', 'shop.example.com'),
        'inventory/endpoints/web-01.yaml': `${head}kind: Endpoint\nmetadata: { name: web-01, team: web }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  port: 9\n  user: root\n  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n  directory: ${join(root, 'machine')}\n`,
        'policies/change-control.yaml': control('required'),
        'policies/allowed_signers': allowedSigners([ada, pia, paul, forge]),
        'policies/store.yaml': `${head}kind: Profile\nmetadata: { name: store }\nspec:\n  description: files only\n  files:\n    - { name: fullchain.pem, content: fullchain }\n    - { name: key.pem, content: key }\n`,
        [policyFile]: lax,
      },
      'Begin',
      { by: pia },
    );
    first = tip();
    house = await open();
    await push();
    tree.commit({ [policyFile]: strict }, 'Forbid RSA', { by: pia });
    await push();
    good = tip();
    assert.equal(algorithms(), '{"algorithms":["ecdsa-p256"]}');
  });
  after(async () => {
    await house.close();
    rmSync(root, { recursive: true, force: true });
  });

  test('a parent dated 1970 makes nothing new that is old: the old policy does not come back', async () => {
    for (const at of [100, 4_000_000_000]) {
      const base = tip();
      await pushCommit(make(ada, [base], {}, { at }));
      await pushCommit(make(ada, [tip(), base], { [policyFile]: lax }));
      assert.deepEqual(codes(), ['path-not-permitted'], String(at));
      assert.equal(algorithms(), '{"algorithms":["ecdsa-p256"]}');
      await restore();
    }
  });

  test('an old commit merged anew stands for nothing: a merge that takes the whole of the old side is its maker’s', async () => {
    // A side that begins before the policy was made strict, and merged as `-s theirs` would.
    const side = make(ada, [first], {
      'inventory/certificates/web/new.yaml': certificate('new', 'new.example.com'),
    });
    await pushCommit(make(ada, [tip(), side], {}, { from: side }));
    assert.deepEqual(codes(), ['path-not-permitted']);
    assert.equal(algorithms(), '{"algorithms":["ecdsa-p256"]}');
    await restore();
    // The same merge as git makes it brings the certificate and keeps the policy.
    await pushCommit(
      make(ada, [tip(), side], {
        'inventory/certificates/web/new.yaml': certificate('new', 'new.example.com'),
      }),
    );
    assert.deepEqual(codes(), []);
    assert.equal(inForce('web/new'), true);
    await restore();
  });

  test('what somebody wrote and then replaced does not stand for its content when another brings it back', async () => {
    const draft = make(pia, [tip()], { [policyFile]: policy('ecdsa-p256, rsa-3072') });
    const better = make(pia, [draft], { [policyFile]: policy('ecdsa-p256, ecdsa-p384') });
    const back = make(ada, [better], { [policyFile]: policy('ecdsa-p256, rsa-3072') });
    const before = tip();
    await pushCommit(make(ada, [before, back], {}, { from: back }));
    assert.deepEqual(codes(), ['path-not-permitted']);
    // As pia left it.
    assert.equal(algorithms(), '{"algorithms":["ecdsa-p256","ecdsa-p384"]}');
    await restore();
    // As pia leaves it, it comes in by anybody's merge.
    const again = make(pia, [tip()], { [policyFile]: policy('ecdsa-p256, rsa-3072') });
    const left = make(pia, [again], { [policyFile]: policy('ecdsa-p256, ecdsa-p384') });
    await pushCommit(make(ada, [tip(), left], {}, { from: left }));
    assert.deepEqual(codes(), []);
    assert.equal(algorithms(), '{"algorithms":["ecdsa-p256","ecdsa-p384"]}');
    await restore();
  });

  test('who puts content into a merge made it, and does not approve it: two parents, three, twice the same, one unrelated', async () => {
    const shapes: Readonly<Record<string, () => readonly string[]>> = {
      'two parents': () => [tip(), make(pia, [tip()], {})],
      'three parents': () => [tip(), make(pia, [tip()], {}), make(paul, [tip()], {}, { message: 'Other' })],
      'unrelated second parent': () => [tip(), make(pia, [], { 'readme.md': 'x' })],
      'second parent long merged': () => [tip(), good],
    };
    for (const [name, parents] of Object.entries(shapes)) {
      await pushCommit(make(pia, parents(), { [starFile]: star }));
      const [held] = [...house.memory.held.values()];
      assert.deepEqual(codes(), ['approval-missing'], name);
      await pushCommit(make(pia, [tip()], {}, { message: `Approve\n\nRenewd-Approve: ${held?.hash ?? ''}` }));
      assert.equal(inForce('web/star'), false, `${name}: approved by its maker`);
      await pushCommit(
        make(paul, [tip()], {}, { message: `Approve\n\nRenewd-Approve: ${held?.hash ?? ''}` }),
      );
      assert.equal(inForce('web/star'), true, `${name}: approved by another`);
      await pushCommit(make(pia, [tip()], {}, { from: good }));
      const [undone] = [...house.memory.held.values()];
      if (undone !== undefined)
        await pushCommit(make(paul, [tip()], {}, { message: `Approve\n\nRenewd-Approve: ${undone.hash}` }));
      assert.equal(inForce('web/star'), false, name);
    }
  });

  test('a forge counts only where it merged, and only what git merges by itself', async () => {
    const wanted = make(ada, [tip()], { [starFile]: star });
    type Case = readonly [string, () => string, readonly string[]];
    const cases: readonly Case[] = [
      ['an edit in the browser', () => make(forge, [tip()], { [starFile]: star }), ['path-not-permitted']],
      [
        'a merge that adds something',
        () =>
          make(forge, [tip(), wanted], {
            [starFile]: certificate('star', "'*.example.com', 'a.example.com'"),
          }),
        ['path-not-permitted'],
      ],
      [
        'a merge that throws the newer side away',
        () => {
          const side = make(ada, [first], { [starFile]: star });
          return make(forge, [tip(), side], {}, { from: side });
        },
        ['path-not-permitted'],
      ],
      ...(['plain', 'of sides merged into each other before'] as const).map((shape): Case => [
        `a conflict solved by taking a side whole, ${shape}`,
        () => {
          const shop = (name: string): Record<string, string> => ({
            'inventory/certificates/web/shop.yaml': certificate('shop', `shop.example.com, ${name}`),
          });
          let side = make(null, [tip()], shop('theirs.example.com'));
          let main = make(ada, [tip()], shop('ours.example.com'));
          if (shape !== 'plain') [main, side] = [make(ada, [main, side], {}), make(null, [side, main], {})];
          return make(forge, [main, side], {}, { from: side });
        },
        ['commit-unsigned'],
      ]),
    ];
    for (const [name, commit, expected] of cases) {
      await pushCommit(commit());
      assert.ok(codes().includes(expected[0] ?? ''), `${name}: ${codes().join()}`);
      assert.equal(inForce('web/star'), false, name);
      await restore();
    }
    const fresh = make(ada, [tip()], { [starFile]: star });
    await pushCommit(make(forge, [tip(), fresh], {}, { from: fresh }));
    assert.deepEqual(codes(), []);
    assert.equal(inForce('web/star'), true);
    const gone = make(ada, [tip()], { [starFile]: null });
    await pushCommit(make(forge, [tip(), gone], {}, { from: gone }));
    assert.equal(inForce('web/star'), false);
  });

  test('a range longer than is judged together is refused, also where signatures are optional, and stays so', async () => {
    await pushCommit(make(pia, [tip()], { 'policies/change-control.yaml': control('optional') }));
    assert.deepEqual(codes(), []);
    const count = limits.governance.commitsPerMergeMax + 1;
    const lines = [`reset refs/heads/long`, `from ${tip()}`];
    for (let index = 0; index < count; index++)
      lines.push('commit refs/heads/long', 'committer A <a@example.com> 1700000000 +0000', 'data 1', 'c');
    execFileSync('git', ['-C', tree.directory, 'fast-import', '--quiet'], { input: `${lines.join('\n')}\n` });
    const long = tree.git('rev-parse', 'long');
    await pushCommit(make(pia, [tip(), long], { [policyFile]: lax }));
    assert.deepEqual(codes(), ['range-too-long']);
    await pushCommit(make(pia, [tip()], {}, { message: 'Go on' }));
    assert.deepEqual(codes(), ['range-too-long']);
    assert.equal(algorithms(), '{"algorithms":["ecdsa-p256"]}');
    await pushCommit(make(pia, [tip()], {}, { from: good }));
  });

  describe('replicas', () => {
    const git = (...words: string[]): string =>
      execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();
    const show = async (commit: string): Promise<TurnReport> => {
      git('update-ref', 'refs/heads/main', commit);
      return turn(house);
    };
    const restart = async (): Promise<void> => {
      await house.close();
      house = await open();
    };
    const found = (): string[] =>
      (house.memory.repositoryRecord?.findings ?? [])
        .map((each) => each.code)
        .filter((each) => each.startsWith('history-') || each.startsWith('records-'));
    const commits = (): number => Number(git('rev-list', '--count', 'renewd/state'));
    let [newest, older] = ['', ''];
    before(async () => {
      await turn(house);
      // What was withdrawn and never installed is forgotten by a start: the records say so first.
      await restart();
      await turn(house);
      [newest, older] = [git('rev-parse', 'main'), git('rev-parse', 'main~1')];
    });

    test('one that lags freezes nothing and writes nothing in ten turns, also over a restart', async () => {
      const standing = commits();
      for (const head of [older, newest, older, good, newest, good, older, newest, older, older]) {
        const report = await show(head);
        assert.deepEqual([report.troubles, report.published], [[], null]);
        assert.deepEqual([house.memory.accepted, house.memory.rewritten], [newest, null]);
      }
      await restart();
      const report = await turn(house);
      assert.deepEqual([report.troubles, report.published], [[], null]);
      assert.equal(house.memory.accepted, newest);
      assert.equal(inForce('web/shop'), true, 'what was accepted is in force after a restart');
      assert.equal(commits(), standing);
      assert.deepEqual(found(), []);
    });

    test('a branch that stays behind is named after half an hour, once, over restarts, and taken back', async () => {
      clockOffsetMs += limits.turn.behindMaxMs - 60_000;
      await show(older);
      assert.deepEqual(found(), []);
      await restart();
      clockOffsetMs += 2 * 60_000;
      await show(older);
      assert.deepEqual(found(), ['history-rewound']);
      const said = commits();
      await show(good);
      assert.equal(commits(), said, 'another older commit says nothing new');
      await show(newest);
      assert.deepEqual(found(), []);
    });

    test('another history that comes and goes is recorded once, over restarts, until it stays away', async () => {
      const other = make(null, [good], {}, { message: 'Other history' });
      tree.git('push', '-q', 'origin', `${other}:refs/heads/other`);
      const start = commits();
      for (const head of [other, newest, other, newest, other, newest, other, newest]) {
        await restart();
        await show(head);
      }
      assert.equal(commits() - start, 3, 'said, taken back, said until it stays away');
      assert.deepEqual(found(), ['history-rewritten']);
      clockOffsetMs += limits.turn.behindMaxMs + 60_000;
      await turn(house);
      assert.deepEqual(found(), []);
    });

    test('a reading of the branch of the records that is older, gone or not sent loses and writes nothing', async () => {
      const { state, intent } = house.estate;
      const standing = git('rev-parse', 'renewd/state');
      for (const read of [git('rev-parse', 'renewd/state~1'), git('rev-parse', 'renewd/state~2'), null]) {
        const refs = new Map(read === null ? [] : [[state.ref, read]]);
        await readRecords(
          house.world,
          state,
          house.memory,
          { refs, trust: intent.trust },
          AbortSignal.timeout(60_000),
        );
        assert.deepEqual([house.memory.stateTip, house.memory.lostTip], [standing, null]);
        assert.equal(house.memory.putBack.size + house.memory.rewrite.size, 0);
        assert.equal((await turn(house)).published, null);
      }
      assert.equal(git('rev-parse', 'renewd/state'), standing);
      assert.deepEqual(found(), []);
    });
  });

  test('after all of this the audit agrees with every verdict of the daemon', async () => {
    execFileSync('git', ['-C', bare, 'fsck', '--strict', '--no-dangling', '--no-progress']);
    const { auditRepository } = await import('../../daemon/audit/audit.ts');
    const { openRepository } = await import('../../daemon/git/repository.ts');
    const { createLog } = await import('../../daemon/log.ts');
    const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
    const of = (ref: string): string =>
      execFileSync('git', ['-C', bare, 'rev-parse', ref], { encoding: 'utf8' }).trim();
    const report = await auditRepository(
      repository,
      {
        intent: of('main'),
        state: of('renewd/state'),
        prefix: '',
        // One of the histories above begins elsewhere, so an auditor has to say which is meant.
        trusted: execFileSync(
          'git',
          ['-C', bare, 'log', '--format=%H', '--max-parents=0', '--grep=^Begin$', 'main'],
          {
            encoding: 'utf8',
          },
        ).trim(),
        recordSigners: null,
        now: Date.now(),
        anchors: [],
      },
      createLog({
        level: 'error',
        destination: { write: () => true },
        pretty: false,
        style: (_, text) => text,
      }),
    );
    await repository.close();
    assert.deepEqual(
      report.claims.filter((each) => each.verdict === 'failed' || each.verdict === 'unproven'),
      [],
    );
  });
});
