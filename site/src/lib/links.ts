/** Where each page is: every URL of the site is made here, under the base path, ending in a slash. */
import { createHash } from 'node:crypto';

/**
 * One path segment for a name, the same for the same name and different for different names, also where upper and
 * lower case are the same file. Ordinary names stay as they are; others get a digest after `~`, which ordinary names cannot hold.
 */
export function slug(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) && !name.endsWith('.')) return name;
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 32);
  return `${readable}~${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

export interface Links {
  /** A page or file by its path without a leading slash: `certificates/`. */
  readonly to: (path: string) => string;
  /** By `team/name`. */
  readonly certificate: (id: string) => string;
  readonly endpoint: (name: string) => string;
  readonly team: (name: string) => string;
}

/** `team/name` as path segments: `web/shop`. The name may hold slashes only by mistake, and then stays one segment. */
export function certificatePath(id: string): string {
  const slash = id.indexOf('/');
  return `${slug(id.slice(0, slash))}/${slug(id.slice(slash + 1))}`;
}

/**
 * Links under one base path. `base` is `/` or `/a/b/`; a missing slash at either end is added, because Astro's own
 * `BASE_URL` lacks the last one in some configurations (withastro/astro#15440). Pure.
 */
export function createLinks(base: string): Links {
  const trimmed = base.replace(/^\/+|\/+$/g, '');
  const root = trimmed === '' ? '/' : `/${trimmed}/`;
  const to = (path: string): string => root + path.replace(/^\/+/, '');
  return {
    to,
    certificate: (id) => to(`certificates/${certificatePath(id)}/`),
    endpoint: (name) => to(`endpoints/${slug(name)}/`),
    team: (name) => to(`teams/${slug(name)}/`),
  };
}

/** The anchor of a rule on `/about/`: only characters that mean the same in an id and in a URL. */
export function ruleAnchor(policy: string, rule: string): string {
  return `rule-${slug(policy)}-${slug(rule)}`;
}
