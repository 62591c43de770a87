/** Whom the daemon believes on the state branch: its own key, those of the list in force, and what it believed before. */
import type { Journal } from '../journal/journal.ts';
import type { BelievedCommit, RecordTrust } from '../records/signed-line.ts';
import { allowedSignersPath, type TrustFile } from './in-force.ts';
import type { Memory } from './memory.ts';
import type { StateBranch } from './records.ts';
import type { World } from './world.ts';

/** Journal: the tip whose records are ours. */
export const stateTipFact = 'state-tip';

/** Journal: the newest commit that was believed up to that tip, and its instant. */
const believedFact = 'state-believed';

/** The keys that sign records: our own, and those that `policies/allowed_signers` in force gives to a principal called renewd. */
export function recordSigners(
  state: Pick<StateBranch, 'signer'>,
  trust: ReadonlyMap<string, TrustFile>,
): string {
  const own = state.signer === null ? [] : [`records ${state.signer.publicKey}`];
  return [...own, ...listedSigners(trust)].join('\n');
}

/** The lines of `policies/allowed_signers` in force that give a key to a principal called renewd. Pure. */
export function listedSigners(trust: ReadonlyMap<string, TrustFile>): readonly string[] {
  return linesForRecords(trust.get(allowedSignersPath)?.bytes ?? new Uint8Array());
}

/** Such lines of the text of an allowed_signers file. Pure. */
export function linesForRecords(text: Uint8Array): readonly string[] {
  return Buffer.from(text)
    .toString('utf8')
    .split('\n')
    .filter((line) => /^renewd(@\S*)?\s/.test(line));
}

/** Whether the one that works here believes what we sign, as far as can be told from here: our key is listed, or it is also its own. Pure. */
export function believesUs(
  { signer }: Pick<StateBranch, 'signer'>,
  { heard }: Pick<Memory, 'heard'>,
  trust: ReadonlyMap<string, TrustFile>,
): boolean {
  if (signer === null) return true;
  const listed = listedSigners(trust);
  const [, blob = ''] = signer.publicKey.split(' ');
  return listed.length === 0 ? heard?.ours === true : listed.some((line) => line.split(/\s+/).includes(blob));
}

/** As of now; null where records are not signed. IO: reads the journal and the clock. */
export function recordTrust(
  world: Pick<World, 'journal' | 'now'>,
  state: Pick<StateBranch, 'signer'>,
  memory: Memory,
  trust: ReadonlyMap<string, TrustFile>,
): RecordTrust | null {
  if (state.signer === null) return null;
  return { signers: recordSigners(state, trust), now: world.now(), believed: believedOf(world, memory) };
}

/** The newest commit that we believed. Journals that know no such commit know the tip they left. IO: reads the journal. */
export function believedOf({ journal }: Pick<World, 'journal'>, memory: Memory): BelievedCommit | null {
  if (memory.believed !== null) return memory.believed;
  const [, commit, at] = /^([0-9a-f]{40}) (\d{1,15})$/.exec(journal.fact(believedFact) ?? '') ?? [];
  const tip = journal.fact(stateTipFact);
  if (commit !== undefined) return { commit, at: Number(at) };
  return tip === null ? null : { commit: tip, at: 0 };
}

/** Writes down where we leave the branch. IO: the journal. */
export function rememberState(
  journal: Pick<Journal, 'setFact'>,
  tip: string,
  believed: BelievedCommit | null,
): void {
  journal.setFact(stateTipFact, tip);
  if (believed !== null)
    journal.setFact(believedFact, `${believed.commit} ${String(Math.max(0, believed.at))}`);
}
