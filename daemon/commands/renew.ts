/** `renewd renew`: asks for a new key and a new certificate now, by a change of the declaration, which is judged like any other. */
import { counted } from '../core/count.ts';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { differingFields } from '../core/certificate-difference.ts';
import type { Certificate, Desired } from '../core/model.ts';
import { didYouMean } from '../core/nearest.ts';
import { timestamp } from '../core/timestamp.ts';
import { withSpecField } from '../documents/edit-certificate.ts';
import { renderProblem } from '../documents/write.ts';
import { exitOf } from '../exit-codes.ts';
import { limits } from '../limits.ts';
import { checkDirectory } from './check-directory.ts';
import { stringFlag, UsageError, type Command, type Flags, type Invocation } from './command.ts';
import { putOnBranch } from './request/branch.ts';
import { writeInside } from './write-inside.ts';

export const renew: Command = {
  name: 'renew',
  summary: 'replace certificates now, with new keys, by a change that is judged',
  positionals: '<team/name>...',
  positionalsMax: limits.renew.certificatesMax,
  about:
    'For a key that may have been copied, a CA that takes certificates back, or a test that renewal works. Stand in a clone of the repository with the declarations. It writes spec.reissue into each declaration: what was issued before that instant is replaced on every endpoint, with a key made anew, installed and proved like any other; what is served stays until then. Once only, however often the daemon runs. With --branch it commits that with your git (your name, your signature); with --push it pushes the branch and shows where to open the pull request. Where you may push to the main branch yourself, commit and push the files: the daemon begins with its next look. Policies, approvals and limits of issuers hold as always.',
  options: {
    because: {
      type: 'string',
      value: 'text',
      description: 'why: it stands in the log, the plan and the records',
    },
    issuer: { type: 'string', value: 'name', description: 'every certificate of this issuer' },
    endpoint: {
      type: 'string',
      value: 'name',
      description: 'every certificate that is installed on this endpoint',
    },
    team: { type: 'string', value: 'name', description: 'of those, only what belongs to this team' },
    at: {
      type: 'string',
      value: 'instant',
      description: 'when, as 2026-11-28T23:00:00Z: what was issued before is replaced then (default: now)',
    },
    dir: { type: 'string', value: 'dir', description: 'the clone (default: the current directory)' },
    branch: { type: 'boolean', description: 'commit it to a branch of its own' },
    push: { type: 'boolean', description: 'push the branch too' },
  },
  examples: [
    'renewd renew web/shop --because "the key was copied to a laptop" --push',
    'renewd renew --issuer letsencrypt --because "the CA revokes what it issued before noon" --branch',
  ],
  run: runRenew,
};

function runRenew(invocation: Invocation): Promise<number> {
  const { flags, positionals } = invocation;
  const because = stringFlag(flags, 'because')?.trim() ?? '';
  if (because === '')
    throw new UsageError('--because says why: it stands in the log, the plan and the records');
  const before = instantIn(flags);
  const directory = resolve(stringFlag(flags, 'dir') ?? '.');
  const { desired } = checkDirectory(directory);
  if (desired.certificates.size === 0)
    throw new UsageError(
      `there are no certificates in ${directory}; stand in a clone of the repository with the declarations, or name it with --dir`,
    );
  const chosen = choose(desired, positionals, flags);
  return Promise.resolve(
    writeAll(invocation, directory, chosen, { before, because }) ? exitOf('findings') : exitOf('ok'),
  );
}

function instantIn(flags: Flags): string {
  const given = stringFlag(flags, 'at');
  if (given === null) return timestamp(Date.now());
  const instant = Date.parse(given);
  if (Number.isNaN(instant) || timestamp(instant) !== given)
    throw new UsageError(`--at ${JSON.stringify(given)} is no instant; write it as 2026-11-28T23:00:00Z`);
  return given;
}

/** What was asked for. @throws UsageError for a name nobody declares, and where nothing is left to replace */
function choose(desired: Desired, ids: readonly string[], flags: Flags): Certificate[] {
  const issuer = stringFlag(flags, 'issuer');
  const endpoint = stringFlag(flags, 'endpoint');
  const team = stringFlag(flags, 'team');
  if (ids.length === 0 && issuer === null && endpoint === null && team === null)
    throw new UsageError('name certificates (team/name), or choose them with --issuer, --endpoint or --team');
  for (const [what, name, known] of [
    ['issuer', issuer, desired.issuers],
    ['endpoint', endpoint, desired.endpoints],
    ['team', team, desired.teams],
  ] as const)
    if (name !== null && !known.has(name))
      throw new UsageError(`there is no ${what} ${JSON.stringify(name)}.${didYouMean(name, known.keys())}`);
  const named = ids.map((id) => {
    const certificate = desired.certificates.get(id);
    if (certificate !== undefined) return certificate;
    throw new UsageError(
      `there is no certificate ${JSON.stringify(id)}.${didYouMean(id, desired.certificates.keys())}`,
    );
  });
  const all = ids.length > 0 ? named : [...desired.certificates.values()];
  const chosen = all.filter(
    (each) =>
      (issuer === null || each.issuer === issuer) &&
      (team === null || each.team === team) &&
      (endpoint === null || each.installations.some((one) => one.endpoint === endpoint)),
  );
  const untouched = chosen.filter((each) => each.state === 'retired' || each.drift === 'observe');
  const [first] = untouched;
  // By name a mistake; by a choice of many they are simply not among them.
  if (first !== undefined && ids.length > 0)
    throw new UsageError(
      `${first.id} is ${first.state === 'retired' ? 'retired' : 'only observed (drift: observe)'}, so renewd issues nothing for it; change that in ${first.source.file} first`,
    );
  const left = chosen.filter((each) => !untouched.includes(each));
  if (left.length === 0) throw new UsageError('nothing that renewd issues fits that choice');
  return left;
}

/** Writes each file, judges the tree with them, and puts all back where one is refused. True: refused. */
function writeAll(
  { flags, out }: Invocation,
  directory: string,
  chosen: readonly Certificate[],
  wish: { readonly before: string; readonly because: string },
): boolean {
  const old = new Map<string, string>();
  const putBack = (): void => {
    for (const [path, text] of old) writeInside(directory, path, text, 'replace');
  };
  for (const certificate of chosen) {
    const path = certificate.source.file;
    const text = readFileSync(join(directory, path), 'utf8');
    const next = withSpecField(text, certificate, 'reissue', wish);
    if (next === null) {
      putBack();
      throw new UsageError(
        `${path} is laid out so that nothing can be added without moving the rest; write it there yourself, below spec: reissue: { before: ${wish.before}, because: ${JSON.stringify(wish.because)} }`,
      );
    }
    old.set(path, text);
    writeInside(directory, path, next, 'replace');
  }
  const { desired, problems } = checkDirectory(directory);
  const wrong = problems.filter((each) => old.has(each.source.file) && each.severity === 'error');
  const other = chosen.find((each) => !isOnlyWish(each, desired.certificates.get(each.id)));
  if (wrong.length > 0 || other !== undefined) {
    putBack();
    for (const problem of wrong) out.write(`${renderProblem(problem)}\n`);
    if (wrong.length === 0)
      out.write(
        `${other?.id ?? ''} would have said something else than before; write spec.reissue yourself\n`,
      );
    out.write('nothing was written\n');
    return true;
  }
  for (const path of old.keys()) out.write(`wrote ${path}\n`);
  const count = chosen.reduce((sum, each) => sum + each.installations.length, 0);
  out.write(
    `${counted(count, 'certificate is', 'certificates are')} replaced once this is in force${Date.parse(wish.before) > Date.now() ? `, at ${wish.before}` : ''}\n`,
  );
  finish(flags, out, directory, [...old.keys()], chosen, wish);
  return false;
}

/** Nothing but the wish differs, whatever the layout was. */
function isOnlyWish(before: Certificate, after: Certificate | undefined): boolean {
  return (
    after?.reissue !== undefined && differingFields(before, after).every((each) => each.field === 'reissue')
  );
}

function finish(
  flags: Flags,
  out: Invocation['out'],
  directory: string,
  paths: readonly string[],
  chosen: readonly Certificate[],
  wish: { readonly before: string; readonly because: string },
): void {
  const [first] = chosen;
  const what = chosen.length === 1 ? (first?.id ?? '') : counted(chosen.length, 'certificate');
  const subject = `Replace ${what}`;
  const branch = `renew/${(chosen.length === 1 ? what : 'several').replace('/', '-')}-${wish.before.replaceAll(/[-:]/g, '').toLowerCase()}`;
  if (flags['branch'] !== true && flags['push'] !== true) {
    out.write(
      `next: git add ${paths.length > 3 ? 'inventory/certificates' : paths.join(' ')} && git commit -m "${subject}" && git push (or on a branch: --push)\n`,
    );
    return;
  }
  const list = chosen.length === 1 ? '' : `\n\n${chosen.map((each) => each.id).join('\n')}`;
  const message = `${subject}\n\n${wish.because}${list}`;
  putOnBranch(out, directory, { branch, paths, message }, flags['push'] === true);
}
