/** Each kind of record, each of its fields, missing, of the wrong type, at its extremes: what does not fit is named and left out, and nothing throws. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { collectClaims } from '../../daemon/audit/claim.ts';
import { readStateHistory } from '../../daemon/audit/state-history.ts';
import type { ChangeRecord } from '../../daemon/core/change-record.ts';
import type { Heartbeat, IssuanceRecord, RepositoryFindings } from '../../daemon/core/record-format.ts';
import { openRepository } from '../../daemon/git/repository.ts';
import { limits } from '../../daemon/limits.ts';
import { changePath, placeOf } from '../../daemon/records/paths.ts';
import { eachRecord, parseRecord, type ReadRecord } from '../../daemon/records/read.ts';
import { printLoopDelay } from '../fixtures/loop-delay.ts';
import {
  address,
  certificate,
  digest,
  endpoint,
  finding,
  installation,
  issued,
  oid,
} from '../site/sample-records.ts';

const now = Date.parse('2026-11-28T10:00:00Z');
const head = { apiVersion: 'renewd/v1' } as const;
const leaf = issued('web/shop', ['shop.example.com'], '2026-11-01T00:00:00Z', '2027-01-30T00:00:00Z');
const found = finding('untrusted', 'error', 'It does not verify.', 'Look at it.', {
  certificate: 'web/shop',
});

const change: ChangeRecord = {
  ...head,
  kind: 'ChangeRecord',
  commit: oid('tip'),
  previous: oid('before'),
  subject: 'Ask for a certificate',
  author: 'Ada <ada@example.com>',
  committedAt: '2026-11-20T08:00:00Z',
  seenAt: '2026-11-20T08:01:00Z',
  outcome: 'accepted',
  acceptedAt: '2026-11-20T08:01:00Z',
  reasons: [{ code: 'a', message: 'b', fix: 'c' }],
  commits: [
    { commit: oid('tip'), verdict: 'good', principals: ['ada@example.com'], key: 'ssh-ed25519 AAAA' },
  ],
  approvals: [
    { rule: 'two', needed: 1, by: [{ principal: 'pia@example.com', commit: oid('ok') }], satisfied: true },
  ],
  breakGlass: { principal: 'bea@example.com', reason: 'fire' },
  hash: digest('plan'),
  judgedBy: ['policies/a.yaml 123'],
  plan: {
    ...head,
    kind: 'ChangePlan',
    documents: [{ path: 'a.yaml', before: null, after: oid('a') }],
    certificates: [],
    resources: [{ kind: 'Team', name: 'web', change: 'added', file: 'a.yaml' }],
    orders: [{ issuer: 'ca', certificates: 1, names: 1 }],
  },
};
const heartbeat: Heartbeat = {
  ...head,
  kind: 'Heartbeat',
  instance: 'host',
  version: '1.0.0',
  at: '2026-11-28T09:30:00Z',
  source: oid('tip'),
};
const issuance: IssuanceRecord = {
  ...head,
  kind: 'IssuanceRecord',
  issuer: 'ca',
  serial: '04ab',
  fingerprint: digest('leaf'),
  certificate: 'web/shop',
  dnsNames: ['shop.example.com'],
  ipAddresses: ['192.0.2.1'],
  spki: digest('key'),
  notBefore: '2026-11-01T00:00:00Z',
  notAfter: '2027-01-30T00:00:00Z',
  issuedAt: '2026-11-01T00:00:00Z',
  pem: '-----BEGIN CERTIFICATE-----',
};
const repository: RepositoryFindings = { ...head, kind: 'RepositoryFindings', findings: [found] };

const samples: Readonly<Record<string, ReadRecord>> = {
  'certificates/web/shop.json': certificate(
    'web/shop',
    'ok',
    '2026-11-20T08:00:00Z',
    ['shop.example.com'],
    [{ ...installation('web-01', 'ok', leaf, [address('shop.example.com', leaf)]), previous: leaf }],
    [found],
  ),
  'endpoints/web-01.json': {
    ...endpoint('web-01', 'web', '192.0.2.1:22', ['web/shop']),
    findings: [found],
  },
  'findings/repository.json': repository,
  'heartbeat.json': heartbeat,
  [changePath(change)]: change,
  'issuance/ca/04ab.json': issuance,
};

/** Fields that may be missing, any of a type, or hold what nobody uses: named one by one, so that a new one is a decision. */
const free = /^(plan\.certificates.*|declaration\.labels\..*)$/;

type Path = readonly (string | number)[];

/** Every place inside a value. */
function* placesIn(value: unknown, at: Path = []): Generator<Path> {
  if (at.length > 0) yield at;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value))
    yield* placesIn(each, [...at, Array.isArray(value) ? Number(key) : key]);
}

function changed(
  value: unknown,
  [first, ...rest]: Path,
  edit: (holder: Record<string, unknown>, key: string) => void,
): unknown {
  const copy = structuredClone(value) as Record<string, unknown>;
  let holder = copy;
  const path = [first, ...rest];
  for (const key of path.slice(0, -1)) holder = holder[String(key)] as Record<string, unknown>;
  edit(holder, String(path.at(-1)));
  return copy;
}

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const problemOf = (path: string, value: unknown): string | null =>
  parseRecord(path, bytesOf(value), now).problem;

describe('records of the state branch', () => {
  for (const [path, sample] of Object.entries(samples)) {
    test(`${sample.kind}: the sample fits`, () => {
      assert.equal(problemOf(path, sample), null);
      assert.deepEqual(parseRecord(path, bytesOf(sample), now).record, sample);
    });

    test(`${sample.kind}: no field may be missing`, () => {
      for (const place of placesIn(sample)) {
        const name = place.join('.');
        if (free.test(name) || typeof place.at(-1) === 'number') continue;
        const value = changed(sample, place, (holder, key) => {
          delete holder[key];
        });
        assert.notEqual(problemOf(path, value), null, `${name} missing`);
      }
    });

    test(`${sample.kind}: no field may be of another type`, () => {
      for (const place of placesIn(sample)) {
        const name = place.join('.');
        if (free.test(name)) continue;
        for (const wrong of [true, 12.5, [null], { a: 1 }, [[]]]) {
          const value = changed(sample, place, (holder, key) => {
            if (typeof holder[key] === typeof wrong && typeof wrong === 'boolean') holder[key] = 'yes';
            else holder[key] = wrong;
          });
          assert.notEqual(problemOf(path, value), null, `${name} = ${JSON.stringify(wrong).slice(0, 40)}`);
        }
      }
    });

    test(`${sample.kind}: nothing that happened lies in the future`, () => {
      for (const place of placesIn(sample)) {
        const name = String(place.at(-1));
        if (!['since', 'at', 'seenAt', 'acceptedAt', 'issuedAt', 'installedAt', 'provedAt'].includes(name))
          continue;
        const before = place.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], sample);
        if (typeof before !== 'string' || !/^\d{4}-/.test(before)) continue;
        for (const future of [
          '9999-01-01T00:00:00Z',
          '2026-11-28T10:10:01Z',
          '+275760-09-13T00:00:00Z',
          '2026-02-30T00:00:00Z',
        ]) {
          const value = changed(sample, place, (holder, key) => {
            holder[key] = future;
          });
          assert.notEqual(problemOf(path, value), null, `${place.join('.')} = ${future}`);
        }
      }
    });
  }

  test('a text or a list beyond its bound is refused', () => {
    const long = { ...found, message: 'x'.repeat(limits.records.textMaxChars + 1) };
    assert.match(problemOf('findings/repository.json', { ...repository, findings: [long] }) ?? '', /longer/);
    const many = Array.from({ length: limits.records.listMax + 1 }, () => found);
    assert.match(problemOf('findings/repository.json', { ...repository, findings: many }) ?? '', /more than/);
  });

  test('exactly the tolerated skew in the future passes', () => {
    assert.equal(problemOf('heartbeat.json', { ...heartbeat, at: '2026-11-28T10:10:00Z' }), null);
  });

  test('a record at the path of another is none', () => {
    assert.match(
      problemOf('certificates/web/other.json', samples['certificates/web/shop.json']) ?? '',
      /belongs at/,
    );
    assert.match(problemOf('endpoints/web-02.json', samples['endpoints/web-01.json']) ?? '', /belongs at/);
    assert.match(problemOf('endpoints/web-01.json', repository) ?? '', /kind/);
  });

  test('what is no record at all is named and stops nothing', () => {
    for (const bytes of [
      '',
      'null',
      '[]',
      '1',
      '"x"',
      '{',
      '['.repeat(1_000_000),
      `${'{"a":'.repeat(200_000)}1`,
      '\u0000',
      '{"__proto__":{"kind":"Heartbeat"}}',
    ]) {
      const outcome = parseRecord('heartbeat.json', Buffer.from(bytes), now);
      assert.equal(outcome.record, null);
      assert.equal(typeof outcome.problem, 'string');
    }
    const large = Buffer.alloc(limits.records.recordMaxBytes + 1, 0x20);
    assert.match(parseRecord('heartbeat.json', large, now).problem ?? '', /longer than/);
  });

  test('a field that comes from the prototype of objects does not count', () => {
    assert.notEqual(parseRecord('heartbeat.json', Buffer.from('{"constructor":1}'), now).problem, null);
  });

  test('paths that the daemon never makes are nobody\u2019s record', () => {
    for (const path of [
      '../x',
      'certificates/../a/b.json',
      'certificates/a.json',
      'certificates/a/b/c.json',
      'changes/x/y.json',
      'issuance/ca/../../x.json',
      '-rf',
      'README.md',
      'issuers/../x.pem',
    ])
      assert.equal(placeOf(path), null, path);
    assert.deepEqual(placeOf('certificates/web/shop@web-01.pem'), { kind: 'chain', certificate: 'web/shop' });
  });
});

test('one object at 5,000 paths is read once for each kind, and only the path where it belongs counts', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'renewd-spread-'));
  const bare = join(directory, 'state.git');
  const git = (words: readonly string[], input: string | Buffer = ''): string =>
    execFileSync('git', ['-C', bare, ...words], {
      input,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    }).trim();
  execFileSync('git', ['init', '-q', '--bare', '-b', 'state', bare]);
  const large = {
    ...change,
    reasons: Array.from({ length: 2000 }, () => ({ code: 'a', message: 'b'.repeat(400), fix: 'c' })),
  };
  const blob = git(['hash-object', '-w', '--stdin'], JSON.stringify(large));
  const [own = '', ...folders] = changePath(large).split('/').toReversed();
  const copies = Array.from({ length: 5000 }, (_, at) => `${at.toString(16).padStart(40, '0')}.json`);
  let root = git(['mktree'], [own, ...copies].map((name) => `100644 blob ${blob}\t${name}\n`).join(''));
  for (const folder of folders) root = git(['mktree'], `040000 tree ${root}\t${folder}\n`);
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.com'];
  const tip = git([...who, 'commit-tree', '-m', 'Spread', root]);
  git(['update-ref', 'refs/heads/state', tip]);
  const repository = await openRepository({ url: bare, directory: bare, now: Date.now });
  context.after(async () => {
    await repository.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const { parse } = JSON;
  let parsed = 0;
  context.mock.method(JSON, 'parse', (text: string) => {
    parsed++;
    return parse(text) as unknown;
  });
  const [read, bad] = [[] as string[], [] as string[]];
  const options = {
    commit: tip,
    prefix: '',
    folders: ['changes'],
    now,
    onBad: (path: string) => bad.push(path),
  };
  await printLoopDelay(context, 'one record at 5,000 paths', () =>
    eachRecord(repository, options, (_record, path) => {
      read.push(path);
    }),
  );
  assert.deepEqual(read, [changePath(large)]);
  assert.equal(bad.length, 5000);
  const claims = collectClaims();
  await readStateHistory(repository, tip, '', '', claims, now);
  assert.ok(
    claims.all().filter((each) => each.verdict === 'failed').length <= limits.records.badRecordsNamed + 10,
  );
  assert.ok(parsed < 10, `${String(parsed)} times`);
});
