/** `renewd status`: how the estate stands, from the committed records alone. Needs only the repository: no journal, no endpoint. */
import { counted } from '../core/count.ts';
import { endsAt } from '../core/renewal.ts';
import { silentSince } from '../core/last-beat.ts';
import { proofOf, proofWords } from '../core/proof.ts';
import type { CertificateRecord } from '../core/record-format.ts';
import { statusMeanings } from '../core/status.ts';
import { limits } from '../limits.ts';
import { escapeControls, statusMark, table } from '../terminal.ts';
import { recordsAt } from '../records/past.ts';
import { foreignRecords, foreignText, type ForeignRecords } from './foreign-records.ts';
import { openRecords, type OpenedRecords } from './open-records.ts';
import { repositoryOptions, stringFlag, UsageError, type Command, type Invocation } from './command.ts';
import { stateAt, withHistory } from './open-history.ts';
import { exitOf } from '../exit-codes.ts';
import { silentLog } from './silent-log.ts';
import { configured, logOf } from './start.ts';
import { allIsWell, certificateTable, countStatuses, findingLines, openFindings } from './summary.ts';

export const status: Command = {
  name: 'status',
  summary: 'show how every certificate stands, from the records',
  positionals: '[team/name]',
  positionalsMax: 1,
  about:
    'Prints the committed records: one line a certificate, worst first, and every open finding with what to do. With a certificate, everything known of it. With --at, the same as it was at the end of a day, at an instant or at a commit of the records. Records that somebody else than the daemon left so are named first: they are judged by the keys that may sign them. Where nobody kept them for three hours (two days where `renewd once` keeps them) that is said. Exit code 0 means that all is well, 1 that something is not, 2 that the repository could not be read.',
  options: {
    ...repositoryOptions,
    at: {
      type: 'string',
      value: 'moment',
      description: 'as it was: a day (its end, UTC), an instant, or a revision of the records',
    },
  },
  examples: [
    'renewd status',
    'renewd status web/shop',
    'renewd status --at 2026-09-30',
    'renewd status --json | jq .certificates',
  ],
  run: async (invocation) => {
    const read = await readRecords(invocation);
    const { records } = read;
    const wanted = invocation.positionals[0];
    if (wanted === undefined) return printAll(invocation, read);
    const record = records.certificates.get(wanted);
    if (record === undefined) {
      throw new UsageError(
        `there is no record of a certificate ${JSON.stringify(wanted)}; its name is team/name, and renewd status lists them`,
      );
    }
    return printOne(invocation, wanted, record, read);
  },
};

/** The records as they are, or as they were. IO: Git. */
async function readRecords(invocation: Invocation): Promise<OpenedRecords> {
  const at = stringFlag(invocation.flags, 'at');
  if (at !== null) {
    return withHistory(invocation, async (history) => {
      const tip = await stateAt(history, at, invocation.signal);
      const foreign = await foreignRecords({ ...history, state: tip, now: Date.now() }, silentLog);
      return {
        records: await recordsAt(history.repository, tip, history.prefix),
        tip,
        isClone: false,
        foreign,
      };
    });
  }
  const config = await configured(invocation);
  return openRecords(config, invocation, logOf(invocation, config, 'warn'));
}

function printAll({ flags, out }: Invocation, read: OpenedRecords): number {
  const { records, tip, isClone, foreign } = read;
  const silent = silenceOf(flags, read);
  const isWell = tip !== null && foreignText(foreign) === null && silent === null && allIsWell(records);
  const code = isWell ? exitOf('ok') : exitOf('findings');
  if (flags['json'] === true) {
    const document = {
      apiVersion: 'renewd/v1',
      kind: 'StatusReport',
      commit: tip,
      heartbeat: records.heartbeat,
      certificates: [...records.certificates.values()],
      endpoints: [...records.endpoints.values()],
      findings: records.repository?.findings ?? [],
      foreign,
    };
    out.write(`${JSON.stringify(document, null, 2)}\n`);
    return code;
  }
  if (tip === null) {
    out.write(`${noRecords(flags, isClone)}\n`);
    return code;
  }
  writeForeign(out, foreign);
  writeSilence(out, silent);
  out.write(certificateTable(records, out));
  const findings = openFindings(records);
  for (const finding of findings) out.write(`\n${findingLines(finding, out)}`);
  out.write(
    `\n${countStatuses(records, out)}; ${counted(findings.length, 'open finding')}; records at ${tip.slice(0, 10)}${foreign.comparedWith === 'nobody' ? ', which nobody signed' : ''}\n`,
  );
  return code;
}

/** Why there is nothing to show. In a clone nobody is told to begin: the records are likely where it came from. */
function noRecords(flags: Invocation['flags'], isClone: boolean): string {
  if (stringFlag(flags, 'at') !== null) return 'there were no records then';
  return isClone
    ? 'this clone has no branch of records, neither its own nor one it fetched. Where it came from may have one: git fetch origin, or give its address with --repo'
    : 'no records yet: there is no state branch. Run: renewd once';
}

function writeForeign(out: Invocation['out'], foreign: ForeignRecords): void {
  const text = foreignText(foreign);
  if (text !== null) out.write(`${out.style('red', 'not believed')} ${escapeControls(text)}\n\n`);
}

/** What to say where nobody kept the records for long; null where somebody did, and where they are looked at as they were. */
function silenceOf(flags: Invocation['flags'], { records, isClone }: OpenedRecords): string | null {
  if (stringFlag(flags, 'at') !== null) return null;
  const bounds = { daemonMs: limits.site.staleAfterMs, onceMs: limits.site.onceStaleAfterMs };
  const silent = silentSince(records.heartbeat, Date.now(), bounds);
  if (silent === null) return null;
  const who = silent.by === 'once' ? 'renewd once was last run then' : 'the daemon wrote nothing since';
  const behind = isClone ? '; or this clone is behind (git fetch)' : '';
  return `the records are of ${silent.at}: ${who}${behind}. What is said below may have changed. Look whether renewd runs and can push, or run: renewd once`;
}

function writeSilence(out: Invocation['out'], text: string | null): void {
  if (text !== null) out.write(`${out.style('red', 'not kept')} ${escapeControls(text)}\n\n`);
}

function printOne(
  { flags, out }: Invocation,
  id: string,
  record: CertificateRecord,
  read: OpenedRecords,
): number {
  const { foreign } = read;
  const silent = silenceOf(flags, read);
  const isTheirs = foreign.why !== null || foreign.paths.includes(`certificates/${id}.json`);
  const isWell = !isTheirs && silent === null && (record.status === 'ok' || record.status === 'retired');
  const code = isWell ? exitOf('ok') : exitOf('findings');
  if (flags['json'] === true) {
    out.write(`${JSON.stringify(record, null, 2)}\n`);
    return code;
  }
  writeForeign(out, foreign);
  writeSilence(out, silent);
  out.write(
    `${statusMark(record.status, out)} ${out.style('bold', escapeControls(id))} since ${record.since}\n`,
  );
  out.write(`${statusMeanings[record.status]}\n`);
  out.write(
    `declared in ${escapeControls(record.declaration.file)}: ${escapeControls(record.declaration.dnsNames.join(', '))}\n`,
  );
  for (const each of record.installations) {
    out.write(
      `\n${statusMark(each.status, out)} ${escapeControls(each.endpoint)} (${escapeControls(each.profile)})\n`,
    );
    if (each.issued !== null) {
      out.write(
        `  serial ${each.issued.serial}, ${each.issued.keyAlgorithm}, issued by ${escapeControls(each.issued.issuer)}\n`,
      );
      out.write(
        `  valid ${each.issued.notBefore} to ${endsAt(each.issued)}${each.issued.chainEnds === undefined ? '' : ' (its chain ends then)'}, renews ${each.renewAt ?? 'never'}\n`,
      );
      out.write(`  sha256 ${each.issued.fingerprint}\n`);
      const { state, at } = proofOf(each.issued, each.addresses.length);
      out.write(`  ${proofWords[state]}${at === null ? '' : ` at ${at}`}\n`);
    }
    const rows = each.addresses.map((address) => [
      address.address,
      address.serverName,
      address.result,
      `since ${address.since}`,
    ]);
    out.write(table(['address', 'name', 'served', ''], rows, out).replace(/^(?=.)/gm, '  '));
  }
  for (const finding of record.findings) out.write(`\n${findingLines(finding, out)}`);
  return code;
}
