/** Our own push (gitprotocol-pack, "Pushing Data To a Server"): one reference, compare-and-swap by its old id, the server's verdict read exactly. */
import { limits } from '../limits.ts';
import { OperationError } from '../ports/failure.ts';
import { saidText } from '../said-text.ts';
import {
  createPacketReader,
  flushPacket,
  nonsense,
  packet,
  remoteWords,
  type PacketReader,
} from './pkt-line.ts';
import type { Session } from './transport.ts';

export interface RefUpdate {
  readonly ref: string;
  /** null: the reference must not exist. */
  readonly old: string | null;
  readonly next: string;
}

/** Refusals that a new look at the tip cures. Words of git, GitHub, GitLab, Gitea, JGit. */
const raceWords =
  /non-fast-forward|fetch first|stale info|cannot lock ref|failed to (?:update|lock)|unable to (?:create|lock)|incorrect old value|already exists|atomic|lock_failure|expected old|reference already|remote ref (?:was )?updated/i;

/** Words of the system, git, GitLab and Gitea for a disk or a quota that is used up. */
const spaceWords =
  /no space left|disk quota|quota (?:was |has been )?(?:exceeded|reached)|out of (?:disk )?space|size limit (?:was |has been )?exceeded/i;

/**
 * Sends a pack and one update, and reads the report. IO.
 * @throws OperationError `git-push-race`, `git-no-space` (retry), `git-push-denied` with the server's words, `git-unavailable` when the verdict did not arrive
 */
export async function pushPack(
  session: Session,
  update: RefUpdate,
  pack: Buffer,
  place: string,
): Promise<void> {
  const offered = session.advertisement.capabilities;
  if (!offered.has('report-status')) throw nonsense(place, 'without report-status, so that a push is blind');
  const wanted = ['report-status', 'side-band-64k', 'object-format=sha1'].filter((each) => offered.has(each));
  const command = `${update.old ?? '0'.repeat(40)} ${update.next} ${update.ref}\0 ${[...wanted, 'agent=renewd'].join(' ')}`;
  const answer = await session.request(Buffer.concat([packet(command), flushPacket, pack]));
  const reader = createPacketReader(answer, limits.git.pushReportMaxBytes, place);
  const heard = wanted.includes('side-band-64k')
    ? await readSideBand(reader, place)
    : { report: reader, words: '' };
  await readReport(heard.report, heard.words, update.ref, place);
}

/** Band 1 is the report, band 2 what hooks print, band 3 a fatal error. */
async function readSideBand(
  reader: PacketReader,
  place: string,
): Promise<{ readonly report: PacketReader; readonly words: string }> {
  const report: Buffer[] = [];
  let words = '';
  let fatal = '';
  for (;;) {
    const line = await reader.next();
    if (line === null || line.kind !== 'data') break;
    const body = line.bytes.subarray(1);
    if (line.bytes[0] === 1) report.push(body);
    else if (line.bytes[0] === 2) words += body.toString('utf8');
    else fatal += body.toString('utf8');
  }
  if (report.length === 0 && fatal !== '') throw denied(place, 'the push', fatal, words);
  const bytes = Buffer.concat(report);
  const source = (async function* () {
    yield bytes;
  })();
  return { report: createPacketReader(source, limits.git.pushReportMaxBytes, place), words };
}

async function readReport(reader: PacketReader, words: string, ref: string, place: string): Promise<void> {
  let unpacked: string | null = null;
  for (;;) {
    const line = await reader.next();
    if (line === null || line.kind !== 'data') break;
    const text = line.bytes.toString('utf8').replace(/\n$/, '');
    if (text.startsWith('unpack ')) {
      unpacked = text.slice('unpack '.length);
      if (unpacked !== 'ok') throw denied(place, 'the pack', unpacked, words);
    } else if (text === `ok ${ref}`) {
      return;
    } else if (text.startsWith(`ng ${ref}`)) {
      const reason = text.slice(`ng ${ref} `.length);
      if (raceWords.test(reason)) {
        throw new OperationError('git-push-race', `${place} refused ${ref}: ${shown(reason)}`, {
          disposition: 'retry',
        });
      }
      throw denied(place, ref, reason, words);
    }
  }
  throw nonsense(place, 'a push without a verdict');
}

function denied(place: string, what: string, reason: string, words: string): OperationError {
  const said = words.trim() === '' ? '' : ` (${shown(words)})`;
  if (spaceWords.test(reason) || spaceWords.test(words))
    return new OperationError(
      'git-no-space',
      `${place} has no room for ${what}: ${shown(reason)}${said}; free space on the disk of the Git server, or have its quota raised. It is pushed again by itself`,
      { disposition: 'retry' },
    );
  return new OperationError(
    'git-push-denied',
    `${place} refused ${what}: ${shown(reason)}${said}; let this key or token push there, or set another state.branch`,
    { disposition: 'stall', endsWhen: ['repository'] },
  );
}

function shown(text: string): string {
  return remoteWords(saidText(text), limits.git.remoteWordsMaxChars);
}
