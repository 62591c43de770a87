/** Addresses of the forge that holds the repository: where a file, a commit or a new file is. Every link out of the site is made here or by `safeUrl`. Pure. */
import type { Forge } from './model.ts';

const inPath = (text: string): string => text.split('/').map(encodeURIComponent).join('/');

/** The page of one commit. */
export function commitUrl(forge: Forge, oid: string): string {
  return `${forge.url}${forge.kind === 'gitlab' ? '/-' : ''}/commit/${encodeURIComponent(oid)}`;
}

/** A file as it was at a commit, with the line where one is given. */
export function fileUrl(forge: Forge, commit: string, path: string, line: number | null = null): string {
  const anchor = line === null ? '' : `#L${String(line)}`;
  const at = encodeURIComponent(commit);
  switch (forge.kind) {
    case 'github':
      return `${forge.url}/blob/${at}/${inPath(path)}${anchor}`;
    case 'gitlab':
      return `${forge.url}/-/blob/${at}/${inPath(path)}${anchor}`;
    case 'gitea':
    case 'forgejo':
      return `${forge.url}/src/commit/${at}/${inPath(path)}${anchor}`;
  }
}

/** The page that edits a file on the branch of the declarations and proposes the change. */
export function editUrl(forge: Forge, path: string): string {
  const branch = inPath(forge.branch);
  switch (forge.kind) {
    case 'github':
      return `${forge.url}/edit/${branch}/${inPath(path)}`;
    case 'gitlab':
      return `${forge.url}/-/edit/${branch}/${inPath(path)}`;
    case 'gitea':
    case 'forgejo':
      return `${forge.url}/_edit/${branch}/${inPath(path)}`;
  }
}

/** The history of a file. */
export function historyUrl(forge: Forge, branch: string, path: string): string {
  switch (forge.kind) {
    case 'github':
      return `${forge.url}/commits/${inPath(branch)}/${inPath(path)}`;
    case 'gitlab':
      return `${forge.url}/-/commits/${inPath(branch)}/${inPath(path)}`;
    case 'gitea':
    case 'forgejo':
      return `${forge.url}/commits/branch/${inPath(branch)}/${inPath(path)}`;
  }
}

/** Longest address that GitHub takes (github/docs#5136): longer requests are refused by the server, so the form offers copy and download. */
export const addressMaxChars = 8191;

export interface NewFile {
  readonly url: string;
  /** Whether the text is in the address; if not, it has to be pasted. */
  readonly prefilled: boolean;
}

/**
 * The page that makes a new file and proposes it. GitHub, Gitea and Forgejo take name and text in the address (gitea#16556); GitLab takes neither
 * (changesets-gitlab#178), so it opens empty and the text is pasted.
 */
export function newFileUrl(forge: Forge, path: string, text: string): NewFile {
  const branch = inPath(forge.branch);
  const folder = path.slice(0, path.lastIndexOf('/'));
  if (forge.kind === 'gitlab')
    return { url: `${forge.url}/-/new/${branch}?file_name=${encodeURIComponent(path)}`, prefilled: false };
  const query = `value=${encodeURIComponent(text)}`;
  const github = `${forge.url}/new/${branch}?filename=${encodeURIComponent(path)}`;
  const gitea = `${forge.url}/_new/${branch}/${inPath(folder)}?filename=${encodeURIComponent(path.slice(folder.length + 1))}`;
  const bare = forge.kind === 'github' ? github : gitea;
  const whole = `${bare}&${query}`;
  return whole.length <= addressMaxChars ? { url: whole, prefilled: true } : { url: bare, prefilled: false };
}

/** The kind of a forge by the host of its address; null when the host says nothing. */
export function forgeKind(url: string): Forge['kind'] | null {
  if (!URL.canParse(url)) return null;
  const hostname = URL.parse(url)?.hostname ?? '';
  if (hostname === 'github.com' || hostname.startsWith('github.')) return 'github';
  if (hostname.includes('gitlab')) return 'gitlab';
  if (hostname === 'codeberg.org' || hostname.includes('forgejo')) return 'forgejo';
  return hostname.includes('gitea') ? 'gitea' : null;
}
