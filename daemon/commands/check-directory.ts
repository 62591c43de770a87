/** A working tree as the daemon would read and judge it: every mistake at once. Reads files, changes nothing. */
import { buildDesired } from '../core/desired.ts';
import type { Desired, DocumentProblem } from '../core/model.ts';
import { stops } from '../core/policy.ts';
import { excerptAt } from '../documents/excerpt.ts';
import { builtIns, documentReader } from '../reader.ts';
import { judgeRequest } from '../shell/policies.ts';
import { codeownersProblems } from './codeowners-file.ts';
import { readWorkingTree } from './working-tree.ts';

export interface CheckResult {
  readonly desired: Desired;
  readonly problems: readonly DocumentProblem[];
}

/** Reads and judges a working tree. IO: reads files. Never throws for what is written in them. */
export function checkDirectory(directory: string): CheckResult {
  const reader = documentReader();
  const { files, problems } = readWorkingTree(directory);
  const parsed = files.map((file) => reader.parseFile(file));
  const desired = buildDesired('working tree', parsed, builtIns(reader));
  const texts = new Map(files.map((file) => [file.path, file.bytes]));
  const all = [
    ...problems,
    ...desired.problems,
    ...policyProblems(desired),
    ...codeownersProblems(directory, desired),
  ];
  return { desired, problems: all.map((problem) => withExcerpt(problem, texts)) };
}

/** Problems found after reading know their place but not their line. */
function withExcerpt(problem: DocumentProblem, texts: ReadonlyMap<string, Uint8Array>): DocumentProblem {
  const bytes = texts.get(problem.source.file);
  if (problem.excerpt !== null || bytes === undefined) return problem;
  const { line, column } = problem.source;
  return { ...problem, excerpt: excerptAt(Buffer.from(bytes).toString('utf8'), line, column) };
}

/** What policy says of each request, as problems at the line that asks. */
function policyProblems(desired: Desired): DocumentProblem[] {
  const now = Date.now();
  return [...desired.certificates.values()].flatMap((certificate) => {
    return judgeRequest(desired, certificate, now)
      .filter((each) => each.verdict === 'fail')
      .map((each): DocumentProblem => ({
        code: 'policy',
        message: `${each.message} (rule ${each.rule}, set in ${each.source.file}:${String(each.source.line)}). ${each.fix}`,
        source: certificate.source,
        excerpt: null,
        severity: stops(each) ? 'error' : 'warning',
        scope: certificate.source.file,
      }));
  });
}
