/** Names that some file system takes for `.git`: whoever clones onto it would get a repository's own files from a tree. Pure. */

/** Code points that HFS+ leaves out when it compares names (Apple TN1150). */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/** Whether a name (one character a byte, latin1) is `.git` for Git, HFS+ or NTFS, itself or behind a backslash, which NTFS takes for a slash. */
export function dotGitSpelling(rawName: string): boolean {
  const text = Buffer.from(rawName, 'latin1').toString('utf8');
  if (text.replaceAll(ignoredByHfs, '').toLowerCase() === '.git') return true;
  return rawName.split('\\').some(isNtfsDotGit);
}

/** `.git` and its short name `git~1`, in any case, with blanks and dots behind or a stream of NTFS after a colon. */
function isNtfsDotGit(part: string): boolean {
  return /^(?:\.git|git~1)[ .]*(?::.*)?$/is.test(part);
}
