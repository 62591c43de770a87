/** CODEOWNERS from teams and change control, so that the forge asks for the reviews that the daemon will insist on. Pure. */
import type { Desired } from './model.ts';

/** Stands in the first line: a file that has it is kept up to date by renewd and checked by `renewd check`. */
export const codeownersMark = '# Written by renewd codeowners';

/** The file. Without change control only certificates have owners. The same declarations give the same bytes. */
export function codeowners(desired: Desired): string {
  const teams = [...desired.teams.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  const handlesOf = (team: string): readonly string[] => desired.teams.get(team)?.handles ?? [];
  const lines: string[] = [];
  const add = (pattern: string, owners: readonly string[]): void => {
    const unique = [...new Set(owners)];
    const names = unique.filter((each) => isOwner(each));
    if (names.length < unique.length)
      lines.push(
        `# ${pattern}: an owner is left out, because its name has a sign that CODEOWNERS gives a meaning`,
      );
    lines.push(
      names.length === 0
        ? `# ${pattern} has no owner with a name on the forge (handles of the team)`
        : `${pattern} ${names.join(' ')}`,
    );
  };
  const paths = desired.changeControl?.paths ?? [
    { paths: ['inventory/certificates/{team}/**'], signers: ['owner'] },
  ];
  for (const { paths: patterns, signers } of paths) {
    for (const pattern of patterns) {
      const fixed = signers.flatMap((each) =>
        each.startsWith('team:') ? handlesOf(each.slice('team:'.length)) : each.includes('@') ? [each] : [],
      );
      if (!pattern.includes('{team}')) add(patternFor(pattern), fixed);
      else {
        for (const { name, handles } of teams) {
          add(
            patternFor(pattern.replaceAll('{team}', name)),
            signers.includes('owner') ? [...handles, ...fixed] : fixed,
          );
        }
      }
    }
  }
  return [
    `${codeownersMark} from inventory/teams and policies. Change those, then run it again.`,
    ...lines,
    '',
  ].join('\n');
}

/** One name on a forge, or one address: `ada @mallory` between two blanks would be two owners, and a number sign begins a comment. */
function isOwner(text: string): boolean {
  return /^@?[\p{L}\p{N}._+/-]+(@[\p{L}\p{N}.-]+)?$/u.test(text);
}

/** gitignore patterns, as forges read them: a folder by its slash, `**` alone as everything. What would end the pattern or the line is matched by a question mark. */
function patternFor(pattern: string): string {
  if (pattern === '**') return '*';
  const plain = pattern.replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}#!\\]/gu, '?');
  return `/${plain.endsWith('/**') ? plain.slice(0, -2) : plain}`;
}
