/**
 * Whether a change would lock everybody out: after it, by its own lists and rules, nobody could change who may sign or who may change what, now or a few days on.
 * Asked of the code that judges commits (`core/governing.ts`), so that every way to lose the right is seen. Without change control everybody who can push governs: it is
 * taken off on purpose, in a change that does nothing else. No IO.
 */
import type { ChangeReason, SignatureFinding } from '../core/change-judgement.ts';
import type { DocumentChange } from '../core/change-plan.ts';
import { governingNames, obstacleTo, type Obstacle } from '../core/governing.ts';
import type { ChangeControl, Desired, Instant } from '../core/model.ts';
import { timestamp } from '../core/timestamp.ts';
import { keyOf } from '../core/same.ts';
import { listedKeys, type ListedKey } from '../git/listed-keys.ts';
import { readRevokedKeys } from '../git/revoked-keys.ts';
import { limits } from '../limits.ts';
import { allowedSignersPath, revokedKeysPath, type TrustFile } from './in-force.ts';
import { signerTrust } from './new-commits.ts';

/** Documents and lists of signers that govern together. */
export interface Governance {
  readonly desired: Desired;
  readonly trust: ReadonlyMap<string, TrustFile>;
}

/** Why a change must not take effect; null: it may. What was so before it is not its fault. */
export async function lockOut(
  before: Governance,
  after: Governance,
  now: Instant,
  /** What the change touches. */
  documents: readonly DocumentChange[],
): Promise<ChangeReason | null> {
  const { changeControl: control } = after.desired;
  if (control === null && before.desired.changeControl === null) return null;
  const unreadable = unreadableList(before, after);
  if (unreadable !== null) return unreadable;
  if (control === null) return takenOff(before.desired.changeControl, documents);
  if (governAlike(before, after)) return null;
  for (const at of [now, now + limits.governance.lockOutAheadMs]) {
    const was = await obstacles(before, at);
    const is = await obstacles(after, at);
    for (const [role, { path, obstacle }] of is.found) {
      if (obstacle === null || was.found.get(role)?.obstacle != null) continue;
      const when = at === now ? '' : ` from ${timestamp(at).slice(0, 10)} on at the latest`;
      return reason(
        'source' in obstacle ? obstacle.source.file : obstacle.approval.source.file,
        `nobody could change ${path} any more${when}: ${wordsOf(obstacle, is.keys, control)}`,
        fixOf(obstacle),
      );
    }
  }
  return null;
}

/** The one way to take change control off: its file is deleted, and nothing else changes. Who may change that file, with its approvals, was asked like for any change. */
function takenOff(before: ChangeControl | null, documents: readonly DocumentChange[]): ChangeReason | null {
  if (before === null) return null;
  const { file } = before.source;
  if (documents.length === 1 && documents[0]?.path === file && documents[0].after === null) return null;
  return reason(
    file,
    `change control ${before.name} (${file}) would be gone along with what else this changes, and then everybody who can push governs`,
    `Put ${file} back. To take change control off, delete ${file} in a change of its own that does nothing else.`,
  );
}

/** A list of revoked keys that cannot be read revokes every key, also of those who could correct it. */
function unreadableList(before: Governance, after: Governance): ChangeReason | null {
  const list = after.trust.get(revokedKeysPath);
  if (list === undefined || list.oid === before.trust.get(revokedKeysPath)?.oid) return null;
  const broken = readRevokedKeys(list.bytes).unreadable;
  if (broken === null) return null;
  return reason(
    revokedKeysPath,
    `${revokedKeysPath} cannot be read (${broken}): it would revoke every key, also of those who could correct it`,
    'Write one public key, SHA256: fingerprint or # comment a line, or a list made by ssh-keygen -k.',
  );
}

/** Whether two states have the same change control, teams and lists: then they give the same answer. */
function governAlike(before: Governance, after: Governance): boolean {
  const marks = ({ desired, trust }: Governance): string =>
    JSON.stringify([
      desired.changeControl?.source.file,
      desired.changeControl?.blob,
      [...desired.teams.values()].map(({ name, blob }) => keyOf(name, blob)).sort(),
      [...trust].map(([path, { oid }]) => keyOf(path, oid)).sort(),
    ]);
  return marks(before) === marks(after);
}

interface Obstacles {
  /** By what the file is for. */
  readonly found: ReadonlyMap<string, { readonly path: string; readonly obstacle: Obstacle | null }>;
  readonly keys: readonly ListedKey[];
}

/** What keeps everybody from changing the files from which all others can be set right. */
async function obstacles({ desired, trust }: Governance, at: Instant): Promise<Obstacles> {
  const control = desired.changeControl;
  if (control === null) return { found: new Map(), keys: [] };
  const files = [
    ['control', control.source.file],
    ['signers', allowedSignersPath],
    ['revoked', revokedKeysPath],
  ] as const;
  const names = governingNames(
    desired,
    files.map(([, path]) => path),
  );
  const keys = await listedKeys(signerTrust(trust), at, names);
  const signers = signaturesOf(keys);
  const found = new Map(
    files.map(([role, path]) => {
      const obstacle = obstacleTo(desired, path, signers, {
        makersMax: limits.governance.lockOutMakersMax,
        takesMs: limits.governance.lockOutApprovalMs,
      });
      return [role, { path, obstacle }] as const;
    }),
  );
  return { found, keys };
}

/** The good signatures that could be made. A key may stand in several places: it is one signature, under all its names. */
function signaturesOf(keys: readonly ListedKey[]): SignatureFinding[] {
  const byKey = new Map<string | null, SignatureFinding>();
  for (const { verdict } of keys) {
    if (verdict.verdict !== 'good') continue;
    const { key } = verdict;
    const principals = [...new Set([...(byKey.get(key)?.principals ?? []), ...verdict.principals])];
    byKey.set(key, { ...verdict, principals });
  }
  return [...byKey.values()];
}

/** At most this many names or keys in one message. */
const namedMax = 5;

function some(texts: readonly string[], separator: string): string {
  const more = texts.length > namedMax ? `${separator}and ${String(texts.length - namedMax)} more` : '';
  return texts.slice(0, namedMax).join(separator) + more;
}

function wordsOf(obstacle: Obstacle, keys: readonly ListedKey[], control: ChangeControl): string {
  if (obstacle.missing === 'approvals') {
    const { rule, needed, from, by, source } = obstacle.approval;
    const lost =
      control.approvalsLapseMs <= limits.governance.lockOutApprovalMs
        ? 'with this approvalsLapse what they sign is over before it is judged'
        : keysOf(keys, [...obstacle.from]);
    return `approval ${rule} (${source.file}:${String(source.line)}) needs ${String(needed)} of ${from.join(', ')} beside whoever makes the change, and ${String(by.length)} could give it${lost === '' ? '' : `; ${lost}`}`;
  }
  const { permitted, source } = obstacle;
  if (permitted === null) {
    const bad = keys.map(({ place, verdict }) => `${place}: ${verdict.reason}`);
    return `it takes a signature, and no key counts: ${some(bad, '; ') || `${allowedSignersPath} lists none`}`;
  }
  const at = `${source.file}:${String(source.line)}`;
  if (permitted.size === 0) return `the rule at ${at} lets nobody`;
  const names = [...permitted].sort();
  return `only ${some(names, ', ')} may (${at}), and ${keysOf(keys, names)}`;
}

/** Of each name, why it cannot sign. Lines that cannot be read might have been theirs. */
function keysOf(keys: readonly ListedKey[], names: readonly string[]): string {
  const lost = names.flatMap((name) => {
    const own = keys.filter((each) => each.names.includes(name));
    if (own.some(({ verdict }) => verdict.verdict === 'good')) return [];
    const [first] = own;
    return [first === undefined ? `${name} has no key` : `${name} (${first.place}): ${first.verdict.reason}`];
  });
  const unreadable = keys.flatMap(({ names: whose, place, verdict }) =>
    whose.length === 0 && verdict.verdict !== 'good' ? [`${place}: ${verdict.reason}`] : [],
  );
  return some([...lost, ...unreadable], '; ');
}

function fixOf(obstacle: Obstacle): string {
  return obstacle.missing === 'approvals'
    ? 'Ask for fewer approvals, or let more people give them: as many as it needs, and one who makes the change.'
    : 'Let at least one person change it who has a key that counts, now and for the next week.';
}

function reason(file: string, message: string, fix: string): ChangeReason {
  return { code: 'would-lock-out', message, fix, commit: null, source: { file, line: 1, column: 1 } };
}
