/** The state branch: reads the records that stand there, and publishes the ones that changed, as one signed commit. */
import type {
  CertificateRecord,
  EndpointRecord,
  Heartbeat,
  RepositoryFindings,
} from '../core/record-format.ts';
import type { CommitSigner, PublishOutcome, Repository } from '../git/repository.ts';
import { pathsByObject } from '../records/by-object.ts';
import { certificatePath, endpointPath, findingsPath, heartbeatPath, lostTrailer } from '../records/paths.ts';
import { recordsLine } from '../records/line-of.ts';
import { followsTrailer, judgeLine } from '../records/signed-line.ts';
import { recordJson, recordLine, recordText, type RecordText } from '../record-text.ts';
import type { TrustFile } from './in-force.ts';
import { anchorText, journalTrailer, journalTrouble, noteJournalTrouble } from './journal-anchor.ts';
import { OperationError } from '../ports/failure.ts';
import { tipToBelieve } from './lagging.ts';
import { refuseLostLine, refuseNewLine } from './lost-line.ts';
import type { Memory } from './memory.ts';
import { believedOf, listedSigners, recordTrust, rememberState, stateTipFact } from './record-trust.ts';
import { takeRecords } from './records-in.ts';
import type { World } from './world.ts';

/** Whose journal was compared with the records. */
const compared = new WeakSet<Memory>();

export interface StateBranch {
  readonly repository: Repository;
  /** Full name: `refs/heads/renewd/state`, or the intent branch itself. */
  readonly ref: string;
  /** `` on a branch of its own, `status/` on the intent branch. */
  readonly prefix: string;
  readonly signer: CommitSigner | null;
  readonly author: { readonly name: string; readonly email: string };
  /** Names this daemon in trailers and in the heartbeat. */
  readonly instance: string;
  readonly version: string;
}

export interface RecordChanges {
  readonly certificates: readonly CertificateRecord[];
  readonly endpoints: readonly EndpointRecord[];
  readonly repository: RepositoryFindings | null;
  readonly heartbeat: Heartbeat | null;
  /** Further files by path, already rendered: chains, publications of issuers. */
  readonly files: ReadonlyMap<string, RecordText>;
}

/**
 * Reads the records of the state branch into memory when its tip is not where we left it. IO. What a commit of ours did not sign, or what does not fit its kind, is
 * left out and written anew: records are never the authority for doing something (DESIGN promise 3). A reading that is older than what we left and that the side which
 * takes pushes does not share is a replica that lags: we go by what we left.
 */
export async function readRecords(
  world: World,
  state: StateBranch,
  memory: Memory,
  seen: { readonly refs: ReadonlyMap<string, string>; readonly trust: ReadonlyMap<string, TrustFile> },
  signal: AbortSignal,
): Promise<void> {
  const read = seen.refs.get(state.ref) ?? null;
  const isFirst = !compared.has(memory);
  if (read !== null && read === memory.stateTip && !isFirst) return;
  if (read !== null) await state.repository.fetch([state.ref], signal);
  const left = memory.stateTip ?? world.journal.fact(stateTipFact);
  const tip = await tipToBelieve(state.repository, state.ref, { left, read }, signal);
  if (tip === null && left !== null && seen.refs.size === 0)
    throw new OperationError(
      'git-unavailable',
      `the repository shows no branch at all, and had ${state.ref} before: it is away, or was emptied. Bring it back; nothing is written anew meanwhile`,
      { disposition: 'retry' },
    );
  refuseLostLine(state, left, tip);
  if (tip !== null && tip === memory.stateTip && !isFirst) return;
  // Once a process: afterwards it is this process that writes both.
  if (tip !== null && isFirst) {
    compared.add(memory);
    const trust = recordTrust(world, state, memory, seen.trust);
    const found = await journalTrouble(world.journal, state, tip, trust);
    noteJournalTrouble(world.journal, memory, found, world.now());
  }
  await takeRecords(world, state, memory, tip, seen.trust);
}

/**
 * Publishes the changed records as one commit on the state branch: compare-and-swap against its tip, tried again on a lost race.
 * IO. Equal bytes make no commit. A heartbeat goes only on top of what was read, and of what nobody signed whose key counts: it is left out where somebody else spoke meanwhile, and
 * `beats` says whether it stands.
 */
export async function publishRecords(
  world: World,
  state: StateBranch,
  memory: Memory,
  changes: RecordChanges,
  words: {
    readonly message: RecordText;
    readonly because: string;
    /** The lists of signers in force. */
    readonly trust: ReadonlyMap<string, TrustFile>;
  },
  signal: AbortSignal,
): Promise<{ readonly outcome: PublishOutcome; readonly beats: boolean }> {
  const edits = await textsToPutBack(state, memory);
  for (const path of memory.released) edits.set(state.prefix + path, null);
  const put = (path: string, value: unknown): void => {
    edits.set(state.prefix + path, recordJson(value));
  };
  for (const record of changes.certificates)
    put(certificatePath(`${record.metadata.team}/${record.metadata.name}`), record);
  for (const record of changes.endpoints) put(endpointPath(record.metadata.name), record);
  if (changes.repository !== null) put(findingsPath, changes.repository);
  if (changes.heartbeat !== null) put(heartbeatPath, changes.heartbeat);
  for (const [path, text] of changes.files) edits.set(state.prefix + path, text);
  const head = world.journal.head();
  let basis: string | null = memory.stateTip;
  let beats = true;
  const believed = believedOf(world, memory);
  // Never before what it stands on: a clock that was ahead would else make every later commit look backdated.
  const at = Math.max(world.now(), believed?.at ?? 0);
  world.crashPoint('before publish');
  const outcome = await state.repository.publish(
    {
      ref: state.ref,
      edit: async (tip) => {
        refuseNewLine(world, state, memory, tip);
        basis = tip;
        beats =
          tip === memory.stateTip ||
          (changes.heartbeat !== null &&
            (await nobodySpoke(world, state, memory, { tip, trust: words.trust })));
        if (beats || changes.heartbeat === null) return edits;
        return new Map([...edits].filter(([path]) => path !== state.prefix + heartbeatPath));
      },
      message: () => words.message,
      trailers: [
        ['Renewd-Source', recordLine(memory.accepted ?? 'none')],
        ['Renewd-Because', recordLine(words.because)],
        ['Renewd-Instance', recordLine(state.instance)],
        ...(memory.lostTip === null ? [] : [[lostTrailer, recordLine(memory.lostTip)] as const]),
        ...(state.signer === null ? [] : [[followsTrailer, recordLine(believed?.commit ?? 'none')] as const]),
        ...(head === null ? [] : [[journalTrailer, recordLine(anchorText(head))] as const]),
      ],
      author: state.author,
      at,
      signer: state.signer,
    },
    signal,
  );
  world.crashPoint('after publish');
  // Somebody pushed between our look and our push: what came in is examined by the next turn, from where we were.
  if (basis === memory.stateTip) {
    memory.stateTip = outcome.state === 'published' ? outcome.commit : outcome.tip;
    if (outcome.state === 'published' && state.signer !== null)
      memory.believed = { commit: outcome.commit, at };
    if (memory.stateTip !== null) rememberState(world.journal, memory.stateTip, memory.believed);
    // On top of what was not looked at nobody knows whether it stands: the next look tells.
    memory.putBack.clear();
  }
  memory.rewriteEndpoints.clear();
  memory.rewriteFindings = false;
  memory.lostTip = null;
  return { outcome, beats };
}

/**
 * Whether nothing that counts came onto the branch since we looked: whoever may push, and signs with no key that counts, cannot claim the branch, and cannot keep others
 * from claiming it. False where nobody says which keys count. IO: reads Git, the journal and the clock. @throws OperationError `git-*`
 */
async function nobodySpoke(
  world: World,
  state: StateBranch,
  memory: Memory,
  { tip, trust }: { readonly tip: string | null; readonly trust: ReadonlyMap<string, TrustFile> },
): Promise<boolean> {
  const believers = recordTrust(world, state, memory, trust);
  const named = world.journal.fact(stateTipFact) !== null || listedSigners(trust).length > 0;
  if (tip === null || memory.stateTip === null || believers === null || !named) return false;
  const line = await recordsLine(state.repository, {
    from: memory.stateTip,
    tip,
    trust: believers,
  });
  if (line === null) return false;
  return (await judgeLine(state.repository, line, believers)).every(({ verdict }) => verdict !== 'good');
}

/** What somebody else changed or lost, as it was: text by path, null for what was never ours. IO: reads Git. */
async function textsToPutBack(
  { repository, prefix }: StateBranch,
  { putBack }: Memory,
): Promise<Map<string, RecordText | null>> {
  const edits = new Map<string, RecordText | null>();
  const paths = pathsByObject();
  for (const [path, oid] of putBack) {
    if (oid === null) edits.set(prefix + path, null);
    else paths.add(oid, path);
  }
  await repository.readBlobs(paths.objects(), (oid, bytes) => {
    const text = recordText(Buffer.from(bytes).toString('utf8'));
    for (const path of paths.pathsOf(oid)) edits.set(prefix + path, text);
  });
  return edits;
}
