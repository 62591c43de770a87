/**
 * Records that somebody without the daemon's key wrote choose nothing: not the list of keys they are judged by, not where judging begins again, not when a change was seen, not what
 * a pipeline takes for accepted. Real git and real OpenSSH signatures.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { deflateSync } from 'node:zlib';
import { auditRepository, type AuditReport } from '../../daemon/audit/audit.ts';
import { replay } from '../../daemon/audit/replay.ts';
import { judgeChangeRequest } from '../../daemon/commands/change-request.ts';
import { foreignRecords } from '../../daemon/commands/foreign-records.ts';
import { silentLog } from '../../daemon/commands/silent-log.ts';
import type { Config } from '../../daemon/config.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import { createSshSigner, generateSigningKey, signerOf } from '../../daemon/git/signature.ts';
import { openRepository, type Repository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { openHouse, plainConfig, turn } from '../real/estate.ts';
import { allowedSigners, makePerson, type Person } from '../real/signed-repository.ts';
import { certificate, control, openSignedEstate, team, type SignedEstate } from './signed-estate.ts';

const rootOf = ({ tree }: SignedEstate): string => dirname(tree.directory);
const bareOf = (estate: SignedEstate): string => join(rootOf(estate), 'estate.git');
const who = (estate: SignedEstate, name: string): Person => estate.people[name] ?? assert.fail();
const head = ({ tree }: SignedEstate): string => tree.git('rev-parse', 'HEAD');
const show = (estate: SignedEstate, ...words: string[]): string =>
  execFileSync('git', ['-C', bareOf(estate), ...words], { encoding: 'utf8' });

const signedBy = (person: Person | null): string[] =>
  person === null
    ? ['-c', 'user.name=m', '-c', 'user.email=m@x', '-c', 'commit.gpgsign=false']
    : [
        ...['-c', 'user.name=m', '-c', 'user.email=m@x', '-c', 'gpg.format=ssh'],
        ...['-c', `user.signingkey=${person.keyFile}`, '-c', 'commit.gpgsign=true'],
      ];

function recordsKey(estate: SignedEstate): string {
  return (
    signerOf(execFileSync('git', ['-C', bareOf(estate), 'cat-file', 'commit', 'renewd/state'])) ??
    assert.fail()
  );
}

/** The list with the daemon's key in it, pushed and in force. */
async function listed(estate: SignedEstate, more = ''): Promise<string> {
  const list = `${allowedSigners(Object.values(estate.people))}renewd@prod namespaces="git" ${recordsKey(estate)}\n${more}`;
  estate.tree.commit({ 'policies/allowed_signers': list }, 'List the daemon', { by: who(estate, 'pia') });
  await estate.push();
  await estate.turn();
  return list;
}

function changeRecords(estate: SignedEstate): ReadonlyMap<string, ChangeRecord> {
  const names = show(estate, 'ls-tree', '-r', '--name-only', 'renewd/state', 'changes/').trim().split('\n');
  return new Map(
    names.map((name) => [name, JSON.parse(show(estate, 'show', `renewd/state:${name}`)) as ChangeRecord]),
  );
}

const pathOf = ({ seenAt, commit }: ChangeRecord): string => `changes/${seenAt.slice(0, 7)}/${commit}.json`;

/** A commit on the branch of records by anybody; null removes a file. */
function pushState(
  estate: SignedEstate,
  by: Person | null,
  files: ReadonlyMap<string, string | null>,
  at = Date.now(),
): void {
  const date = `@${String(Math.floor(at / 1000))} +0000`;
  const env = {
    ...process.env,
    GIT_INDEX_FILE: join(rootOf(estate), 'index'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  };
  const git = (words: readonly string[], input = ''): string =>
    execFileSync('git', ['-C', bareOf(estate), ...words], { env, encoding: 'utf8', input }).trim();
  git(['read-tree', 'renewd/state']);
  for (const [path, text] of files) {
    const entry =
      text === null
        ? `0 ${'0'.repeat(40)}\t${path}\n`
        : `100644 ${git(['hash-object', '-w', '--stdin'], text)}\t${path}\n`;
    git(['update-index', '--index-info'], entry);
  }
  const sign = by === null ? [] : ['-S'];
  const words = ['commit-tree', git(['write-tree']), '-p', 'renewd/state', ...sign, '-m', 'records'];
  const commit = git([...signedBy(by), ...words, '-m', 'Renewd-Instance: prod']);
  git(['update-ref', 'refs/heads/renewd/state', commit]);
}

/** All changes anew, as `records` has them. */
function rewrite(estate: SignedEstate, records: Iterable<ChangeRecord>): Map<string, string | null> {
  const files = new Map<string, string | null>([...changeRecords(estate).keys()].map((path) => [path, null]));
  for (const each of records) files.set(pathOf(each), `${JSON.stringify(each, null, 2)}\n`);
  return files;
}

async function withBare<T>(estate: SignedEstate, work: (bare: Repository) => Promise<T>): Promise<T> {
  const place = bareOf(estate);
  const bare = await openRepository({ url: place, directory: place, now: Date.now });
  try {
    return await work(bare);
  } finally {
    await bare.close();
  }
}

async function audit(estate: SignedEstate, trusted: string | null = null): Promise<AuditReport> {
  const [intent = '', state = ''] = show(estate, 'rev-parse', 'main', 'renewd/state').trim().split('\n');
  const question = { intent, state, prefix: '', trusted, anchors: [], recordSigners: null, now: Date.now() };
  return withBare(estate, (bare) => auditRepository(bare, question, silentLog));
}

async function opened(
  context: TestContext,
  ...how: Parameters<typeof openSignedEstate>
): Promise<SignedEstate> {
  const estate = await openSignedEstate(...how);
  context.after(() => estate.close());
  await estate.turn();
  return estate;
}

/** What the records would say if changes had been judged in another order, or at other times. */
async function judgedElse(
  estate: SignedEstate,
  trusted: string,
  tip: string,
  seen: ReadonlyMap<string, number>,
): Promise<readonly ChangeRecord[]> {
  const question = { trusted, head: tip, recorded: [...seen.keys()], now: Date.now(), log: silentLog };
  const { records } = await withBare(estate, (repository) =>
    replay({ ...question, repository, seenAt: (commit) => seen.get(commit) ?? null }),
  );
  return [...records.values()];
}

function mergeOf({ tree: { git } }: SignedEstate, first: string, second: string): string {
  return git(...signedBy(null), 'commit-tree', `${first}^{tree}`, '-p', first, '-p', second, '-m', 'Merge');
}

const withRex = [{ 'inventory/teams/pki.yaml': team('pki', '', ['pia', 'paul', 'rex']) }, ['rex']] as const;

describe('records that somebody else wrote', () => {
  test('do not choose the list they are judged by: a signer who was revoked, and lists a key of their own', async (context) => {
    const estate = await opened(context, ...withRex);
    const { tree } = estate;
    const trusted = head(estate);
    const list = await listed(estate);
    const before = head(estate);
    const key = readFileSync(`${who(estate, 'rex').keyFile}.pub`, 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
    tree.commit({ 'policies/revoked_keys': `${key}\n` }, 'Revoke rex', { by: who(estate, 'pia') });
    await estate.push();
    await estate.turn();
    const revoked = head(estate);
    assert.equal((await audit(estate)).verified, true);
    const evil = makePerson(join(rootOf(estate), 'keys'), 'evil');
    tree.git('checkout', '-q', '-b', 'side', before);
    const theirs = `${list}renewd@evil namespaces="git" ${evil.publicKey}\n`;
    tree.commit({ 'policies/allowed_signers': theirs }, 'List mine', { by: who(estate, 'rex') });
    const side = head(estate);
    tree.git('checkout', '-q', 'main');
    tree.git('reset', '-q', '--hard', mergeOf(estate, revoked, side));
    await estate.push();
    await estate.turn();
    const seen = new Map(
      [...changeRecords(estate).values()].map((each) => [each.commit, Date.parse(each.seenAt)]),
    );
    const at = seen.get(revoked) ?? assert.fail();
    seen.delete(revoked);
    for (const each of [side, head(estate)]) seen.set(each, at);
    pushState(estate, evil, rewrite(estate, await judgedElse(estate, trusted, head(estate), seen)));
    for (const from of [null, trusted]) {
      const report = await audit(estate, from);
      assert.equal(report.verified, false);
      assert.ok(
        report.claims.some(({ verdict, detail }) => verdict === 'failed' && detail.includes('unknown-key')),
      );
    }
  });

  test('do not choose the time at which a key that ended signed', async (context) => {
    const estate = await opened(context, ...withRex);
    const { tree } = estate;
    const trusted = head(estate);
    const end = new Date(Date.now() + 3_600_000).toISOString().replaceAll(/[-:T]|\.\d+Z/g, '');
    const list = (await listed(estate)).replace(
      'rex@example.com namespaces="git"',
      `$&,valid-before="${end}Z"`,
    );
    tree.commit({ 'policies/allowed_signers': list }, 'End rex', { by: who(estate, 'pia') });
    await estate.push();
    estate.later(86_400_000);
    await estate.turn();
    const evil = makePerson(join(rootOf(estate), 'keys'), 'evil');
    const theirs = `${list}renewd@evil namespaces="git" ${evil.publicKey}\n`;
    tree.commit({ 'policies/allowed_signers': theirs }, 'List mine', { by: who(estate, 'rex') });
    await estate.push();
    assert.deepEqual(estate.held(), ['List mine: refused']);
    const seen = new Map(
      [...changeRecords(estate).values()].map((each) => [each.commit, Date.parse(each.seenAt)]),
    );
    seen.set(head(estate), Date.now());
    const forged = await judgedElse(estate, trusted, head(estate), seen);
    assert.ok(forged.every(({ outcome }) => outcome !== 'refused'));
    // Not dated before the daemon's own commits, which are of its later clock.
    pushState(estate, evil, rewrite(estate, forged), Date.now() + 86_400_000);
    for (const from of [null, trusted]) assert.equal((await audit(estate, from)).verified, false);
  });

  for (const named of [false, true])
    test(`do not choose where a new daemon with a key of its own begins${named ? ', nor what it stood at since the commit that the operator names' : ''}`, async (context) => {
      const estate = await opened(context);
      const { tree } = estate;
      const root = rootOf(estate);
      const trusted = head(estate);
      const key = generateSigningKey();
      writeFileSync(join(root, 'second'), key.privateKeyPem, { mode: 0o600 });
      await listed(estate, `renewd@second namespaces="git" ${key.publicKey}\n`);
      const before = head(estate);
      const four = control.replace(
        '  reservedLabels',
        "    - { name: four-eyes, paths: ['policies/**'], count: 1, from: ['team:pki'] }\n  reservedLabels",
      );
      tree.commit({ 'policies/change-control.yaml': four }, 'Four eyes', { by: who(estate, 'pia') });
      await estate.push();
      await estate.turn();
      const honest = head(estate);
      const records = changeRecords(estate);
      const forged = new Map<string, string | null>();
      const forge = (was: string, is: string): void => {
        for (const [path, record] of records)
          if (record.commit === was)
            forged.set(path.replace(was, is), JSON.stringify({ ...record, commit: is })).set(path, null);
      };
      if (named) {
        const side = tree.git(...signedBy(null), 'commit-tree', `${before}^{tree}`, '-p', before, '-m', 'x');
        tree.git('reset', '-q', '--hard', mergeOf(estate, honest, side));
        forge(honest, side);
      } else {
        const mal = makePerson(join(root, 'keys'), 'mal');
        const list = `${readFileSync(join(tree.directory, 'policies/allowed_signers'), 'utf8')}${allowedSigners([mal])}`;
        tree.git('checkout', '-q', '--orphan', 'own');
        const files = {
          'inventory/teams/pki.yaml': team('pki', '', ['pia', 'mal']),
          'policies/allowed_signers': list,
        };
        tree.commit(files, 'Begin', { by: mal });
        const own = head(estate);
        tree.git('checkout', '-q', 'main');
        tree.git('reset', '-q', '--hard', mergeOf(estate, honest, own));
        forge(trusted, own);
      }
      tree.git('push', '-q', 'origin', 'HEAD:main');
      pushState(estate, null, forged);
      const plain: Config = plainConfig(root, bareOf(estate));
      const config: Config = {
        ...plain,
        dataDirectory: join(root, 'data-second'),
        trust: { commit: named ? trusted : null },
        signing: { ...plain.signing, keySecret: 'records' },
        secrets: { ...plain.secrets, records: { file: join(root, 'second'), for: 'signing', hosts: [] } },
      };
      // The first daemon was not heard of for longer than it may be silent.
      const house = await openHouse(config, {
        clockOffsetMs: () => limits.instance.silentAfterMs + 3_600_000,
      });
      try {
        await turn(house);
        await turn(house);
        const { desired } = house.memory;
        assert.deepEqual(desired?.teams.get('pki')?.signers, ['pia@example.com', 'paul@example.com']);
        assert.ok(desired.changeControl?.approvals.some(({ name }) => name === 'four-eyes'));
      } finally {
        await house.close();
      }
    });

  test('are told apart by whoever only reads, however many commits of one key lie on top', async (context) => {
    const estate = await opened(context);
    await listed(estate);
    const path = 'certificates/web/shop.json';
    const record = JSON.parse(show(estate, 'show', `renewd/state:${path}`)) as Record<string, unknown>;
    pushState(estate, null, new Map([[path, JSON.stringify({ ...record, status: 'ok', findings: [] })]]));
    await pile(estate, limits.records.lineJudgedMax + 1);
    const [intent = '', state = ''] = show(estate, 'rev-parse', 'main', 'renewd/state').trim().split('\n');
    const told = await withBare(estate, (repository) =>
      foreignRecords({ repository, intent, state, prefix: '', now: Date.now() }, silentLog),
    );
    assert.equal(told.comparedWith, 'listed');
    assert.deepEqual(told.paths, [path]);
  });

  test('do not put in force for a pipeline what the daemon refused', async (context) => {
    const estate = await opened(context);
    const { tree } = estate;
    const mal = makePerson(join(rootOf(estate), 'keys'), 'mal');
    const files = {
      'inventory/teams/pki.yaml': team('pki', '', ['pia', 'paul', 'mal']),
      'policies/allowed_signers': allowedSigners([...Object.values(estate.people), mal]),
    };
    tree.commit(files, 'Let me in', { by: null });
    await estate.push();
    assert.deepEqual(estate.held(), ['Let me in: refused']);
    const base = head(estate);
    tree.git('checkout', '-q', '-b', 'request');
    const asked = { 'inventory/certificates/web/evil.yaml': certificate('evil', 'evil.example.com') };
    tree.commit(asked, 'mal asks', { by: mal });
    tree.git('push', '-q', 'origin', 'HEAD:request');
    for (const [path, each] of changeRecords(estate))
      if (each.commit === base) {
        const accepted = { ...each, outcome: 'accepted', acceptedAt: each.seenAt, reasons: [] };
        pushState(estate, null, new Map([[path, JSON.stringify(accepted)]]));
      }
    const revisions = { base: 'refs/heads/main', head: 'refs/heads/request' };
    const { verdict } = await withBare(estate, (bare) =>
      judgeChangeRequest(bare, revisions, Date.now(), AbortSignal.timeout(60_000)),
    );
    assert.equal(verdict, 'denied');
  });
});

/** So many commits of records on top that change nothing, signed with one new key: in one pack, as a push brings them. */
async function pile(estate: SignedEstate, count: number): Promise<void> {
  const signer = createSshSigner(generateSigningKey().privateKeyPem);
  const [tree = '', tip = ''] = show(estate, 'rev-parse', 'renewd/state^{tree}', 'renewd/state')
    .trim()
    .split('\n');
  let parent = tip;
  const parts: Buffer[] = [];
  const name = `renewd <renewd@example.com> ${String(Math.floor(Date.now() / 1000))} +0000`;
  for (let each = 0; each < count; each++) {
    const payload = `tree ${tree}\nparent ${parent}\nauthor ${name}\ncommitter ${name}\n\nrecords\n\nRenewd-Instance: prod\n`;
    const signature = (await signer.sign(Buffer.from(payload))).trimEnd().replaceAll('\n', '\n ');
    const end = payload.indexOf('\n\n');
    const body = Buffer.from(`${payload.slice(0, end)}\ngpgsig ${signature}${payload.slice(end)}`);
    parent = createHash('sha1')
      .update(`commit ${String(body.length)}\0`)
      .update(body)
      .digest('hex');
    // Type 1 and the length, seven bits a byte after the first four (gitformat-pack).
    const length = [
      0x80 | (1 << 4) | (body.length & 15),
      0x80 | ((body.length >> 4) & 127),
      body.length >> 11,
    ];
    parts.push(Buffer.from(length), deflateSync(body));
  }
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  const pack = Buffer.concat([header, ...parts]);
  const input = Buffer.concat([pack, createHash('sha1').update(pack).digest()]);
  execFileSync('git', ['-C', bareOf(estate), 'index-pack', '--stdin'], {
    input,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  show(estate, 'update-ref', 'refs/heads/renewd/state', parent);
  rmSync(join(rootOf(estate), 'index'), { force: true });
}
