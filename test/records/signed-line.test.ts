/** The line of the records: time does not go backwards along it, and a retired key speaks only for what was there while it counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommit, renderCommit, withSignature } from '../../daemon/git/commit.ts';
import type { Commit, CommitSigner } from '../../daemon/git/repository.ts';
import { createSshSigner, generateSigningKey } from '../../daemon/git/signature.ts';
import { followsTrailer, judgeLine, wordsOf } from '../../daemon/records/signed-line.ts';

const minute = 60_000;
const start = Date.UTC(2026, 5, 1);
const signer = (): CommitSigner => createSshSigner(generateSigningKey().privateKeyPem);
const [first, second, third, stranger] = [signer(), signer(), signer(), signer()];
/** `first` is retired at minute 100, `third` at minute 200. */
const stamp = (minutes: number): string =>
  `${new Date(start + minutes * minute).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;
const signers = [
  `renewd@first valid-before="${stamp(100)}" ${first.publicKey}`,
  `renewd ${second.publicKey}`,
  `renewd@third valid-before="${stamp(200)}" ${third.publicKey}`,
].join('\n');

interface Step {
  readonly by: CommitSigner | null;
  /** Minutes after the start. */
  readonly at: number;
  /** Index of the commit that it says it follows; none: the trailer says so; not given: there is no trailer. */
  readonly follows?: number | 'none';
}

async function verdicts(
  steps: readonly Step[],
  trust: {
    readonly now?: number;
    readonly cut?: boolean;
    readonly believed?: { readonly index: number; readonly at: number };
  } = {},
): Promise<string[]> {
  const raws = new Map<string, Buffer>();
  const line: Commit[] = [];
  for (const [index, { by, at, follows }] of steps.entries()) {
    const oid = index.toString(16).padStart(40, '0');
    const name = typeof follows === 'number' ? (line[follows]?.oid ?? '') : follows;
    const raw = renderCommit({
      tree: '0'.repeat(40),
      parents: index === 0 && trust.cut !== true ? [] : [(index + 99).toString(16).padStart(40, '0')],
      author: { name: 'a', email: 'a@example.com' },
      at: start + at * minute,
      message: `Step ${String(index)}`,
      trailers: name === undefined ? [] : [[followsTrailer, name]],
    });
    const signed = by === null ? raw : withSignature(raw, await by.sign(raw));
    raws.set(oid, signed);
    line.push(parseCommit(oid, signed));
  }
  const { now = 300, believed = null } = trust;
  const judged = await judgeLine(
    { rawCommit: (oid) => Promise.resolve(raws.get(oid) ?? Buffer.alloc(0)) },
    line,
    {
      signers,
      now: start + now * minute,
      believed:
        believed === null
          ? null
          : { commit: line[believed.index]?.oid ?? '', at: start + believed.at * minute },
    },
  );
  for (const [index, each] of judged.entries())
    assert.ok(each.verdict !== 'good' || index === 0 || each.at >= (judged[0]?.at ?? 0));
  return judged.map(({ verdict }) => verdict);
}

const cases: Readonly<Record<string, readonly [readonly Step[], string, Parameters<typeof verdicts>[1]?]>> = {
  'one key that counts': [
    [
      { by: second, at: 0, follows: 'none' },
      { by: second, at: 1, follows: 0 },
    ],
    'good good',
  ],
  'dates within the skew': [
    [
      { by: second, at: 20 },
      { by: second, at: 10 },
      { by: second, at: 10 },
    ],
    'good good good',
  ],
  'a date beyond the skew, and steps that add up to more': [
    [
      { by: second, at: 20 },
      { by: second, at: 9 },
      { by: second, at: 11 },
      { by: second, at: 5 },
    ],
    'good backdated good backdated',
  ],
  'a stranger’s date moves nothing': [
    [
      { by: second, at: 0 },
      { by: stranger, at: 5_000_000 },
      { by: null, at: 5_000_000 },
      { by: second, at: 1 },
    ],
    'good unknown-key unsigned good',
  ],
  'a rotation while the old key counted': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: first, at: 50, follows: 0 },
      { by: second, at: 60, follows: 1 },
      { by: second, at: 250, follows: 2 },
    ],
    'good good good good',
  ],
  'a rotation after it was retired: what the new key names is good': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: first, at: 50, follows: 0 },
      { by: second, at: 150, follows: 1 },
    ],
    'good good good',
  ],
  'the same of before there was a trailer': [
    [
      { by: first, at: 0 },
      { by: first, at: 50 },
      { by: second, at: 150 },
    ],
    'good good good',
  ],
  'backdated on top': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: second, at: 60, follows: 0 },
      { by: first, at: 30, follows: 1 },
    ],
    'good good backdated',
  ],
  'backdated on top, to the last date its key had': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: second, at: 150, follows: 0 },
      { by: first, at: 99, follows: 1 },
      { by: second, at: 151, follows: 1 },
    ],
    'good good backdated good',
  ],
  'on top with a true date': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: second, at: 60, follows: 0 },
      { by: first, at: 250, follows: 1 },
    ],
    'good good unknown-key',
  ],
  'not backdated: nothing stands between, and the daemon did not follow it': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: first, at: 99, follows: 0 },
      { by: second, at: 150, follows: 0 },
      { by: second, at: 151, follows: 2 },
    ],
    'good retired good good',
  ],
  'the same, several that follow each other': [
    [
      { by: first, at: 0, follows: 'none' },
      { by: first, at: 98, follows: 0 },
      { by: first, at: 99, follows: 1 },
      { by: second, at: 150, follows: 0 },
    ],
    'good retired retired good',
  ],
  'nobody who counts followed': [
    [
      { by: first, at: 0 },
      { by: first, at: 50 },
    ],
    'retired retired',
  ],
  'nobody followed, and the key still counts': [
    [
      { by: first, at: 0 },
      { by: first, at: 50 },
    ],
    'good good',
    { now: 70 },
  ],
  'nobody followed, and we believed one when it did': [
    [
      { by: first, at: 0 },
      { by: first, at: 50 },
      { by: first, at: 51 },
    ],
    'good good retired',
    { believed: { index: 1, at: 50 } },
  ],
  'a lost race: two keys that counted, retired one after the other': [
    [
      { by: second, at: 0, follows: 'none' },
      { by: third, at: 10, follows: 0 },
      { by: second, at: 10, follows: 0 },
      { by: second, at: 11, follows: 2 },
    ],
    'good good good good',
  ],
  'a lost race that only later commits saw, when its key had gone': [
    [
      { by: second, at: 0, follows: 'none' },
      { by: third, at: 199, follows: 0 },
      { by: second, at: 199, follows: 0 },
      { by: second, at: 201, follows: 2 },
    ],
    'good retired good good',
  ],
  'a new daemon that believed nothing': [
    [
      { by: first, at: 50 },
      { by: second, at: 150, follows: 'none' },
    ],
    'retired good',
  ],
  'a trailer that names itself or what comes later follows nothing': [
    [
      { by: first, at: 50 },
      { by: second, at: 150, follows: 7 },
    ],
    'retired good',
  ],
  'what is known from before binds the dates': [
    [{ by: second, at: 9 }],
    'backdated',
    { cut: true, believed: { index: 5, at: 20 } },
  ],
};
for (const [name, [steps, expected, trust]] of Object.entries(cases))
  test(name, async () => {
    assert.equal((await verdicts(steps, trust)).join(' '), expected);
  });

test('each fault of a line has its words', () => {
  assert.match(wordsOf('backdated'), /date lies before/);
  assert.match(wordsOf('retired'), /no longer counts/);
  assert.equal(wordsOf('unsigned'), 'unsigned');
});
