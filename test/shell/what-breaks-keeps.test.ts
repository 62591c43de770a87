/**
 * What breaks, keeps: every kind of declaration, in every way it can break, while the daemon runs, after a restart, and after its journal was lost. One table, made
 * from the list of kinds; a kind that is added is in it. Repositories are made by stock git.
 */
import { provenRecords } from '../../daemon/audit/proven-records.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { Desired } from '../../daemon/core/model.ts';
import { allKinds, type KindName } from '../../daemon/documents/kinds/index.ts';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { openJournal, type Journal } from '../../daemon/journal/journal.ts';
import { limits } from '../../daemon/limits.ts';
import { changePath } from '../../daemon/records/paths.ts';
import { builtIns, documentReader } from '../../daemon/reader.ts';
import { policyIsUncertain, readIntent, type IntentSource } from '../../daemon/shell/intent.ts';
import { recall, type Memory } from '../../daemon/shell/memory.ts';

const head = 'apiVersion: renewd/v1\n';
const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLr6w2Wn6NVlhpOxEpGCkjzxNWwXJFO2WnU2hyF7yL0';

/** One document a kind; `subject` is the one that is broken, what it needs stands beside it. */
const subjects: Readonly<Record<KindName, { readonly path: string; readonly text: string }>> = {
  Team: {
    path: 'inventory/teams/subject.yaml',
    text: `kind: Team\nmetadata: { name: subject }\nspec: { owners: [ada], dnsNames: ['*.example.com'] }\n`,
  },
  Issuer: {
    path: 'inventory/issuers/subject.yaml',
    text: `kind: Issuer\nmetadata: { name: subject }\nspec: { type: ca, organization: Example, permittedDnsNames: [example.com], lifetime: 90d }\n`,
  },
  Endpoint: {
    path: 'inventory/endpoints/subject.yaml',
    text: `kind: Endpoint\nmetadata: { name: subject }\nspec:\n  type: ssh\n  host: 127.0.0.1\n  user: root\n  hostKeys: ['${hostKey}']\n  auth: { key: { secret: deploy-key } }\n  privilege: { mode: direct }\n  directory: /var/lib/renewd\n`,
  },
  Certificate: {
    path: 'inventory/certificates/beside/subject.yaml',
    text: `kind: Certificate\nmetadata: { name: subject, team: beside }\nspec:\n  dnsNames: [a.example.com]\n  issuer: beside\n  installations: [{ endpoint: beside, profile: beside }]\n`,
  },
  Policy: {
    path: 'policies/kept/subject.yaml',
    text: `kind: Policy\nmetadata: { name: subject }\nspec: { rules: [{ rule: allowed-names, action: block }] }\n`,
  },
  PolicyPack: {
    path: 'policies/packs/subject.yaml',
    text: `kind: PolicyPack\nmetadata: { name: subject }\nspec: { title: T, version: '1', status: final, reference: docs, rules: [{ rule: allowed-names, action: block }] }\n`,
  },
  Rule: {
    path: 'policies/rules/subject.yaml',
    text: `kind: Rule\nmetadata: { name: subject }\nspec: { title: T, explanation: E, fix: F, stages: [request], expression: 'true' }\n`,
  },
  Waiver: {
    path: 'policies/waivers/subject.yaml',
    text: `kind: Waiver\nmetadata: { name: subject }\nspec: { rules: [allowed-names], selector: { teams: [beside] }, owner: O, reason: R, compensatingControl: C, expires: '2090-01-01' }\n`,
  },
  ChangeControl: {
    path: 'policies/control/subject.yaml',
    text: `kind: ChangeControl\nmetadata: { name: subject }\nspec: { signatures: optional }\n`,
  },
  Offer: {
    path: 'policies/offers/subject.yaml',
    text: `kind: Offer\nmetadata: { name: subject }\nspec: { title: T, description: D, issuer: beside }\n`,
  },
  Program: {
    path: 'policies/program/subject.yaml',
    text: `kind: Program\nmetadata: { name: subject }\nspec: { title: T, sponsor: S, owner: O }\n`,
  },
  Profile: {
    path: 'policies/profiles/subject.yaml',
    text: `kind: Profile\nmetadata: { name: subject }\nspec: { description: D, files: [{ name: key.pem, content: key }] }\n`,
  },
};

const besides = ['Team', 'Issuer', 'Endpoint', 'Profile'] as const;
const renamed = (text: string, name: string): string => text.replaceAll('subject', name);
const besideFiles = Object.fromEntries([
  ...besides.map((kind) => [
    renamed(subjects[kind].path, 'beside'),
    head + renamed(subjects[kind].text, 'beside'),
  ]),
  // So that a broken policy is not the only one.
  ['policies/beside.yaml', head + renamed(subjects.Policy.text, 'beside')],
]) as Record<string, string>;

/** An entry of a tree: mode and content; null takes it away. A submodule's content is a commit id. */
type Entry = { readonly mode: string; readonly text: string } | null;
type Edit = Readonly<Record<string, Entry>>;
const file = (text: string): Entry => ({ mode: '100644', text });

type Expected = 'kept' | 'gone' | 'moved';
interface Breakage {
  readonly name: string;
  readonly edit: (path: string, text: string) => Edit;
  readonly expected: Expected;
  /** A problem must be named at the file; not where nothing is wrong. */
  readonly named: boolean;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const breakages: readonly Breakage[] = [
  {
    name: 'broken YAML',
    edit: (path, text) => ({ [path]: file(text.replace('spec:', 'spec: [')) }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'invalid by its schema',
    edit: (path, text) => ({ [path]: file(`${text}nonsense: 1\n`) }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'no declaration at all',
    edit: (path) => ({ [path]: file('hello: world\n') }),
    expected: 'kept',
    named: true,
  },
  { name: 'emptied', edit: (path) => ({ [path]: file('') }), expected: 'kept', named: true },
  {
    name: 'commented out',
    edit: (path, text) => ({ [path]: file(text.replaceAll(/^/gm, '# ')) }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'a kind that does not belong in its folder',
    edit: (path) => ({
      [path]: file(head + (path.startsWith('policies/') ? subjects.Team.text : subjects.Program.text)),
    }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'not UTF-8',
    edit: (path, text) => ({ [path]: file(`${text}# \u0000\n`) }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'too large',
    edit: (path, text) => ({ [path]: file(`${text}# ${'x'.repeat(limits.documents.fileMaxBytes)}\n`) }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'a symbolic link',
    edit: (path) => ({ [path]: { mode: '120000', text: '/etc/passwd' } }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'its own content as a symbolic link',
    edit: (path, text) => ({ [path]: { mode: '120000', text } }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'a submodule',
    edit: (path) => ({ [path]: { mode: '160000', text: '1'.repeat(40) } }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'made executable',
    edit: (path, text) => ({ [path]: { mode: '100755', text } }),
    expected: 'kept',
    named: false,
  },
  {
    name: 'its folder a symbolic link',
    edit: (path) => ({ [path]: null, [folderOf(path)]: { mode: '120000', text: '/etc' } }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'its folder a submodule',
    edit: (path) => ({ [path]: null, [folderOf(path)]: { mode: '160000', text: '1'.repeat(40) } }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'its folder a file',
    edit: (path) => ({ [path]: null, [folderOf(path)]: file('oops\n') }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'everything a symbolic link',
    edit: (path) => ({ [path]: null, [path.split('/')[0] ?? '']: { mode: '120000', text: '/etc' } }),
    expected: 'kept',
    named: true,
  },
  {
    name: 'a second file claims its name, earlier by path',
    edit: (path, text) => ({ [`${folderOf(path)}/0/subject.yaml`]: file(`${text}# mine\n`) }),
    expected: 'kept',
    named: false,
  },
  {
    name: 'a second document beside another claims its name',
    edit: (path, text) => ({
      [`${folderOf(path)}/a.yaml`]: file(`${renamed(text, 'a')}---\n${text}# mine\n`),
    }),
    expected: 'kept',
    named: false,
  },
  {
    name: 'moved to a file of its name',
    edit: (path, text) => ({ [path]: null, [`${folderOf(path)}/elsewhere/subject.yaml`]: file(text) }),
    expected: 'moved',
    named: false,
  },
  {
    name: 'moved to a file of another name',
    edit: (path, text) => ({ [path]: null, [`${folderOf(path)}/other.yaml`]: file(text) }),
    expected: 'moved',
    named: false,
  },
  // To take a document away is a change like any other: judged, and when it is allowed it takes effect. Git says no more of a renamed one.
  {
    name: 'renamed to what is no declaration',
    edit: (path, text) => ({ [path]: null, [`${path}.bak`]: file(text) }),
    expected: 'gone',
    named: false,
  },
  { name: 'removed', edit: (path) => ({ [path]: null }), expected: 'gone', named: false },
];

/** Writes one repository with a branch for each edit on top of the same first commit, in one run of git. */
function fastImport(bare: string, base: Edit, branches: ReadonlyMap<string, Edit | null>): void {
  const parts: Buffer[] = [];
  const say = (line: string): void => void parts.push(Buffer.from(`${line}\n`));
  const data = (text: string): void => {
    const bytes = Buffer.from(text);
    parts.push(Buffer.from(`data ${String(bytes.length)}\n`), bytes, Buffer.from('\n'));
  };
  const commit = (branch: string, edit: Edit, from: string | null, at: number): void => {
    say(`commit refs/heads/${branch}`);
    say(`committer Ada <ada@example.com> ${String(at)} +0000`);
    data('Change\n');
    if (from !== null) say(`from refs/heads/${from}`);
    // What goes first: a path that is taken away may be a folder of what comes.
    for (const [path, entry] of Object.entries(edit)) if (entry === null) say(`D ${path}`);
    for (const [path, entry] of Object.entries(edit)) {
      if (entry === null) continue;
      if (entry.mode === '160000') say(`M 160000 ${entry.text} ${path}`);
      else {
        say(`M ${entry.mode} inline ${path}`);
        data(entry.text);
      }
    }
  };
  commit('base', base, null, 1_790_000_000);
  for (const [branch, edit] of branches) if (edit !== null) commit(branch, edit, 'base', 1_790_000_100);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  execFileSync('git', ['-C', bare, 'fast-import', '--quiet', '--force'], { input: Buffer.concat(parts) });
}

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as unknown as Parameters<
  typeof readIntent
>[0]['log'];
const reader = documentReader();
const brought = builtIns(reader);

/** Branch to commit. */
function refsOf(bare: string): Map<string, string> {
  const words = ['for-each-ref', '--format=%(refname:short) %(objectname)'];
  const listed = execFileSync('git', ['-C', bare, ...words], { encoding: 'utf8' });
  return new Map(
    listed
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

/** One daemon as far as declarations go: its journal and its memory. */
interface Daemon {
  readonly read: (branch: string) => Promise<Desired>;
  readonly restart: () => void;
  readonly memory: () => Memory;
  readonly close: () => void;
}

function daemon(
  repository: Repository,
  oids: ReadonlyMap<string, string>,
  root: string,
  records: IntentSource['records'] = null,
): Daemon {
  const directory = mkdtempSync(join(root, 'data-'));
  let journal: Journal = openJournal(directory);
  let memory = recall(journal);
  let intent: IntentSource | null = null;
  return {
    read: async (branch) => {
      intent ??= {
        repository,
        reader,
        builtIns: brought,
        branch,
        trustedCommit: null,
        records,
        files: new Map(),
        trust: new Map(),
      };
      const world = { now: () => 1_790_001_000_000, log, journal, crashPoint: () => {} };
      const refs = new Map([[`refs/heads/${branch}`, oids.get(branch) ?? '']]);
      intent = { ...intent, branch };
      await readIntent(world, intent, memory, () => Promise.resolve(refs), AbortSignal.timeout(30_000));
      assert.ok(memory.desired !== null);
      return memory.desired;
    },
    restart: () => {
      journal.close();
      journal = openJournal(directory);
      memory = recall(journal);
      intent = null;
    },
    memory: () => memory,
    close: () => {
      journal.close();
    },
  };
}

describe('what breaks, keeps', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-breaks-'));
  const bare = join(root, 'estate.git');
  const oids = new Map<string, string>();
  let repository: Repository;
  const rows = allKinds.flatMap((kind) =>
    breakages.map((breakage, index) => ({ kind, breakage, branch: `${kind.kind}-${String(index)}` })),
  );
  const base: Edit = Object.fromEntries([
    ...Object.entries(besideFiles).map(([path, text]) => [path, file(text)]),
    ...Object.values(subjects).map(({ path, text }) => [path, file(head + text)]),
  ]);

  before(async () => {
    const branches = new Map<string, Edit>(
      rows.map(({ kind, breakage, branch }) => {
        const { path, text } = subjects[kind.kind];
        return [branch, breakage.edit(path, head + text)];
      }),
    );
    fastImport(bare, base, branches);
    for (const [name, oid] of refsOf(bare)) oids.set(name, oid);
    repository = await openRepository({ url: bare, directory: bare, now: Date.now });
  });
  after(async () => {
    await repository.close();
    rmSync(root, { recursive: true, force: true });
  });

  for (const { kind, breakage, branch } of rows) {
    const { path } = subjects[kind.kind];
    const id = kind.kind === 'Certificate' ? 'beside/subject' : 'subject';
    const blobIn = (desired: Desired): string | null => kind.of(desired).get(id)?.blob ?? null;
    test(`${kind.kind}: ${breakage.name}`, async () => {
      const running = daemon(repository, oids, root);
      const lost = daemon(repository, oids, root);
      const good = blobIn(await running.read('base'));
      assert.ok(good !== null, 'it is in force to begin with');
      const judge = (when: string, desired: Desired): void => {
        const now = blobIn(desired);
        if (breakage.expected === 'gone') assert.equal(now, null, `${when}: it was taken away`);
        else assert.equal(now, good, `${when}: ${JSON.stringify(desired.problems)}`);
        const named = desired.problems.some((each) => each.source.file === path && each.severity === 'error');
        if (breakage.named) assert.ok(named, `${when}: the file is named`);
      };
      judge('running', await running.read(branch));
      assert.equal(running.memory().held.size, 0);
      running.restart();
      judge('restarted', await running.read(branch));
      judge('journal lost', await lost.read(branch));
      // What was broken can be put right, and then counts again.
      const fixed = await running.read(branch);
      judge('again', fixed);
      running.close();
      lost.close();
    });
  }
});

describe('a journal that is lost', () => {
  const root = mkdtempSync(join(tmpdir(), 'renewd-lost-'));
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const open = async (
    name: string,
    base: Edit,
    branches: ReadonlyMap<string, Edit>,
  ): Promise<{ repository: Repository; oids: Map<string, string>; bare: string }> => {
    const bare = join(root, name);
    fastImport(bare, base, branches);
    const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
    return { repository, oids: refsOf(bare), bare };
  };

  for (const kind of allKinds) {
    const { path, text } = subjects[kind.kind];
    test(`${kind.kind}: where no earlier version of it is known, nothing new is issued by what may be missing`, async () => {
      const files = Object.entries(besideFiles).map(([beside, each]) => [beside, file(each)] as const);
      const broken = { [path]: file(head + text.replace('spec:', 'spec: [')) };
      const { repository, oids } = await open(
        `unknown-${kind.kind}`,
        { ...Object.fromEntries(files), ...broken },
        new Map(),
      );
      const started = daemon(repository, oids, root);
      const governing = path.startsWith('policies/') || path.startsWith('inventory/teams/');
      for (const when of ['at the first start', 'after a restart']) {
        assert.equal(policyIsUncertain(await started.read('base')), governing, when);
        started.restart();
      }
      started.close();
      await repository.close();
    });
  }

  test('what was refused is refused again, by the first commit that the records name', async () => {
    const policy = 'policies/beside.yaml';
    const control = `${head}kind: ChangeControl\nmetadata: { name: main }\nspec:\n  signatures: optional\n  paths: [{ paths: ['policies/**'], signers: [pia@example.com] }]\n`;
    const files = Object.entries(besideFiles).map(([path, each]) => [path, file(each)] as const);
    const base = { ...Object.fromEntries(files), 'policies/change-control.yaml': file(control) };
    const { repository, oids, bare } = await open(
      'refused.git',
      base,
      new Map([['taken', { [policy]: null }]]),
    );
    const first = daemon(repository, oids, root);
    const has = (desired: Desired): boolean => desired.policies.some((each) => each.source.file === policy);
    assert.ok(has(await first.read('base')));
    assert.ok(has(await first.read('taken')), 'nobody who may took it away');
    const records = [...first.memory().changeRecords.values()];
    assert.deepEqual(
      records.map((each) => each.outcome),
      ['trusted', 'refused'],
    );
    const state = Object.fromEntries(records.map((each) => [changePath(each), file(JSON.stringify(each))]));
    fastImport(join(root, 'state.git'), state, new Map());
    execFileSync('git', ['-C', bare, 'fetch', '-q', join(root, 'state.git'), 'base:renewd/state']);
    const again = await openRepository({ url: bare, directory: bare, now: Date.now });
    const place = { ref: 'refs/heads/renewd/state', prefix: '', prove: provenRecords };
    const lost = daemon(again, oids, root, { ...place, signers: '' });
    await assert.rejects(async () => lost.read('taken'), /nobody signed the records/);
    // Signed by us, and then rewritten by somebody who has no key: the refused commit is now the first that counts.
    const [key, work] = [join(root, 'records-key'), join(root, 'work')];
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    execFileSync('git', ['clone', '-q', '-b', 'renewd/state', bare, work], { stdio: 'ignore' });
    const commit = (...words: string[]): void => {
      const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.com'];
      const keys = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${key}`];
      execFileSync('git', ['-C', work, ...who, ...keys, 'commit', '-qa', '--allow-empty', ...words]);
      execFileSync('git', ['-C', work, 'push', '-q', 'origin', 'HEAD:renewd/state'], { stdio: 'ignore' });
    };
    const write = (change: (record: ChangeRecord) => ChangeRecord): void => {
      for (const each of records)
        writeFileSync(join(work, changePath(each)), `${JSON.stringify(change(each))}\n`);
    };
    write((record) => record);
    commit('-S', '-m', 'Record');
    write((record) => ({ ...record, outcome: record.outcome === 'trusted' ? 'refused' : 'trusted' }));
    commit('-m', 'Forge');
    const [type = '', base64 = ''] = readFileSync(`${key}.pub`, 'utf8').split(' ');
    const signed = daemon(again, oids, root, { ...place, signers: `records ${type} ${base64}` });
    assert.ok(has(await signed.read('taken')), 'nor does a record that nobody of us signed');
    assert.equal(signed.memory().held.size, 1);
    signed.close();
    first.close();
    lost.close();
    await again.close();
    await repository.close();
  });
});
