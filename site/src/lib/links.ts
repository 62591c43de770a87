/** Where each page is: every URL of the site is made here, under the base path, ending in a slash. Runs in the browser too. */

/**
 * One path segment for a name, the same for the same name and different for different names, also where upper and lower case are the same file.
 * Ordinary names stay as they are; others are written with a digest after `~`, which ordinary names cannot hold. Pure.
 */
export function slug(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) && !name.endsWith('.')) return name;
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 32);
  return `${readable}~${hash53(name, 0)}${hash53(name, 1).slice(0, 6)}`;
}

/** cyrb53, a hash of 53 bits in 14 hex digits: for names of files and shards, where a collision is found when the site is built and harms nothing else. Pure. */
export function hash53(text: string, seed = 0): string {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return (4294967296 * (2097151 & h2) + (h1 >>> 0)).toString(16).padStart(14, '0');
}

export interface Links {
  /** A page or file by its path without a leading slash: `certificates/`. */
  readonly to: (path: string) => string;
  /** By `team/name`: its page, or the page that shows it from its shard. */
  readonly certificate: (id: string) => string;
  readonly endpoint: (name: string) => string;
  readonly team: (name: string) => string;
  readonly policy: (name: string) => string;
}

/** `team/name` as path segments: `web/shop`. The name may hold slashes only by mistake, and then stays one segment. */
export function certificatePath(id: string): string {
  const slash = id.indexOf('/');
  return `${slug(id.slice(0, slash))}/${slug(id.slice(slash + 1))}`;
}

/**
 * Links under one base path. `base` is `/` or `/a/b/`; a missing slash at either end is added, because Astro's own
 * `BASE_URL` lacks the last one in some configurations (withastro/astro#15440). `hasPage` tells whether a certificate has a page of its own. Pure.
 */
export function createLinks(base: string, hasPage: (id: string) => boolean = () => true): Links {
  const trimmed = base.replace(/^\/+|\/+$/g, '');
  const root = trimmed === '' ? '/' : `/${trimmed}/`;
  const to = (path: string): string => root + path.replace(/^\/+/, '');
  return {
    to,
    certificate: (id) =>
      to(
        hasPage(id) ? `certificates/${certificatePath(id)}/` : `certificates/view/#${encodeURIComponent(id)}`,
      ),
    endpoint: (name) => to(`endpoints/${slug(name)}/`),
    team: (name) => to(`teams/${slug(name)}/`),
    policy: (name) => to(`policies/${slug(name)}/`),
  };
}

/** The anchor of a rule on the page of its policy: only characters that mean the same in an id and in a URL. */
export function ruleAnchor(policy: string, rule: string): string {
  return `rule-${slug(policy.replaceAll('/', '--'))}-${slug(rule)}`;
}

/** The name of the policy whose page has a rule: `baseline` for `baseline/pci-dss`. */
export function policyOf(policy: string): string {
  return policy.split('/')[0] ?? policy;
}
