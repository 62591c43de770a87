/** `renewd audit`: verifies a clone, offline, and says what it proved and what it could not. */
import { readFile } from 'node:fs/promises';
import { auditRepository, type AuditReport } from '../audit/audit.ts';
import type { ClaimVerdict } from '../audit/claim.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import { createLog } from '../log.ts';
import { escapeControls } from '../terminal.ts';
import { stringFlag, type Command, type Flags, type Invocation } from './command.ts';
import { tipOf } from './open-history.ts';
import { sayWhere } from './standing.ts';
import { standingBranch } from '../core/standing-branch.ts';
import { exitOf } from '../exit-codes.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'verify a clone offline: who asked, who approved, what was done',
  positionals: '',
  positionalsMax: 0,
  about:
    'Needs a clone with both branches and nothing else: no network, no daemon, no secrets. Judges every change again by what was in force before it (signatures, who may change what, approvals of exactly that plan), compares the verdicts with the records, verifies the signatures of the records, and follows each certificate from its declaration to its chain, its policy and what was served. Each claim is proved, attested (only the daemon saw it), assumed (named, so that it can be checked elsewhere), unproven or failed. Exit code 0 only if nothing failed and nothing claimed lacks its evidence, 1 otherwise, 2 if the clone cannot be read.',
  options: {
    repo: { type: 'string', value: 'path', description: 'the clone (default: the current directory)' },
    branch: { type: 'string', value: 'name', description: 'branch of the declarations (default: main)' },
    state: { type: 'string', value: 'name', description: 'branch of the records (default: renewd/state)' },
    trust: {
      type: 'string',
      value: 'revision',
      description: 'the commit to begin with (default: the one the records name)',
    },
    signers: {
      type: 'string',
      value: 'file',
      description: 'allowed_signers file for the key that signs records',
    },
    anchor: {
      type: 'string',
      value: 'path',
      description: 'a copy somebody else keeps: what it holds must be in the past of this clone',
    },
    json: { type: 'boolean', description: 'print JSON instead of words' },
    all: { type: 'boolean', description: 'print what was proved too, not only counts of it' },
  },
  examples: [
    'renewd audit --repo ./clone',
    'renewd audit --repo ./clone --signers ./auditors-own-list --json',
    'renewd audit --repo ./clone --anchor /srv/mirror/estate.git',
  ],
  run: async (invocation) => {
    const { flags, signal, err } = invocation;
    const url = stringFlag(flags, 'repo') ?? '.';
    const repository = await openRepository({ url, directory: url, now: Date.now });
    const log = createLog({
      level: 'error',
      destination: { write: (line) => err.write(line) },
      pretty: true,
      style: err.style,
    });
    try {
      const report = await auditRepository(repository, await question(repository, flags, signal), log);
      const state = stringFlag(flags, 'state') ?? 'renewd/state';
      const refs = await repository.advertise(signal, [`refs/heads/${state}`]);
      sayWhere(invocation, standingBranch(refs, state));
      return print(invocation, report);
    } finally {
      await repository.close();
    }
  },
};

async function question(
  repository: Repository,
  flags: Flags,
  signal: AbortSignal,
): Promise<Parameters<typeof auditRepository>[1]> {
  const branch = stringFlag(flags, 'branch') ?? 'main';
  const stateBranch = stringFlag(flags, 'state') ?? 'renewd/state';
  const trust = stringFlag(flags, 'trust');
  const signers = stringFlag(flags, 'signers');
  const anchor = stringFlag(flags, 'anchor');
  return {
    intent: await tipOf(repository, branch, 'declarations', signal),
    state: await tipOf(repository, stateBranch, 'records', signal),
    prefix: stateBranch === branch ? 'status/' : '',
    // A commit is named by its id; a name of a branch is the tip it has now.
    trusted:
      trust === null || /^[0-9a-f]{40}$/.test(trust)
        ? trust
        : await tipOf(repository, trust, 'revision', signal),
    anchors: anchor === null ? [] : await anchorsOf(anchor, branch, stateBranch, signal),
    now: Date.now(),
    recordSigners: signers === null ? null : await readFile(signers, 'utf8'),
  };
}

/** The tips of a copy. IO: reads it. */
async function anchorsOf(
  path: string,
  branch: string,
  state: string,
  signal: AbortSignal,
): Promise<Parameters<typeof auditRepository>[1]['anchors']> {
  const copy = await openRepository({ url: path, directory: path, now: Date.now });
  try {
    return [
      { what: 'declarations', commit: await tipOf(copy, branch, 'declarations', signal), keptAt: path },
      { what: 'records', commit: await tipOf(copy, state, 'records', signal), keptAt: path },
    ];
  } finally {
    await copy.close();
  }
}

const colours: Readonly<Record<ClaimVerdict, 'green' | 'dim' | 'yellow' | 'red'>> = {
  proved: 'green',
  attested: 'dim',
  assumed: 'yellow',
  unproven: 'red',
  failed: 'red',
};

function print({ flags, out }: Invocation, report: AuditReport): number {
  const code = report.verified ? exitOf('ok') : exitOf('findings');
  if (flags['json'] === true) {
    out.write(`${JSON.stringify(report, null, 2)}\n`);
    return code;
  }
  let subject = '';
  for (const each of report.claims) {
    const quiet = each.verdict === 'proved' || each.verdict === 'attested';
    if (quiet && flags['all'] !== true) continue;
    if (each.subject !== subject) out.write(`${out.style('bold', escapeControls(each.subject))}\n`);
    subject = each.subject;
    out.write(
      `  ${out.style(colours[each.verdict], each.verdict.padEnd(8))} ${escapeControls(each.claim)}\n           ${escapeControls(each.detail)}\n`,
    );
  }
  const { counts } = report;
  out.write(
    `\n${String(counts.proved)} proved from this clone, ${String(counts.attested)} attested by the daemon's signature, ${String(counts.assumed)} assumed, ${String(counts.unproven)} unproven, ${String(counts.failed)} failed\n`,
  );
  out.write(
    `${report.verified ? out.style('green', 'verified') : out.style('red', 'not verified')}: declarations ${report.intent.slice(0, 10)}, records ${report.state.slice(0, 10)}\n`,
  );
  return code;
}
