/** The sample as somebody would write it who wants the site to do his bidding: every text in it is a payload. */
import type { SiteSources } from '../../site/facts/sources.ts';

/** Words of closed sets and instants: the program writes them itself and compares with them. */
const ours = new Set([
  ...['apiVersion', 'kind', 'status', 'severity', 'result', 'state', 'drift', 'action', 'outcome', 'verdict'],
  ...['type', 'mode', 'role', 'before', 'after', 'rule', 'recordSigner', 'period', 'at', 'signatures'],
  ...['keyAlgorithm', 'redaction'],
]);
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Every text changed by `spoil`, names of labels too. */
export function poisoned(sources: SiteSources, spoil: (text: string) => string): SiteSources {
  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return ours.has(key) || instant.test(value) ? value : spoil(value);
    if (Array.isArray(value)) return value.map((each) => visit(each, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [key === 'labels' ? spoil(name) : name, visit(each, name)]),
    );
  };
  const spoiled = visit(sources, '') as SiteSources;
  const ids = spoiled.records.certificates.map(
    (each) => [`${each.metadata.team}/${each.metadata.name}`, each.installations] as const,
  );
  return {
    ...spoiled,
    settings: sources.settings,
    texts: Object.fromEntries(ids.map(([id]) => [id, spoil('spec:\n  dnsNames: [shop.kestrel.example]\n')])),
    chains: Object.fromEntries(
      ids.flatMap(([id, places]) =>
        places.map(({ endpoint }): [string, string] => [
          `${id}@${endpoint}`,
          `-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n${spoil('')}`,
        ]),
      ),
    ),
  };
}

/** Stands before the harm in names of both twins, so that the names of their pages can be told apart from it. */
export const seam = 'zqz';

/** Short: an id of two such names must still be shorter than what a text is cut at. */
const harm =
  `'"></title></script></style><script>window.__pwned=1</script><img src=x onerror=__pwned=1><svg onload=__pwned=1>` +
  `<style>*{}</style><a href="javascript:__pwned=1">{{7*7}}\${7*7}<%=1%>&lt;\u202Egnp\u0000\u001B[2J\u200B\uD800]]><!--`;

/** Ends every element and attribute it could stand in, and begins others. */
export const markupPayload = ` ${seam}${harm}`;

/** Of the same length and cut in the same places, without a letter that means something: what a page of it looks like is right. */
export const harmlessTwin = ` ${seam}${harm.replace(/[^\w/@:. -]/g, 'x')}`;

/** Begins each text in turn as a scheme, a formula, an address elsewhere, a way out of the directory, a name of the language. */
export function prefixing(): (text: string) => string {
  const starts = [
    'javascript:window.__pwned=1;//',
    "=cmd|' /C calc'!A0;",
    'data:text/html,<script>window.__pwned=1</script>',
    '@SUM(1)-',
    '//evil.example/',
    '../../../../evil/',
    '+1+',
    'https://evil.example/?',
    '-1-',
    '__proto__/',
    '\t=1+1',
    'constructor/',
  ];
  let turn = 0;
  return (text) => `${starts[turn++ % starts.length] ?? ''}${text}`;
}

/** With one certificate of ten thousand names, and names of four kilobytes. */
export function flooded(sources: SiteSources): SiteSources {
  const { certificates } = sources.records;
  const long = 'x'.repeat(4096);
  const names = Array.from({ length: 10_000 }, (_, index) => `n${String(index)}.kestrel.example`);
  return {
    ...sources,
    records: {
      ...sources.records,
      certificates: certificates.map((each, index) => ({
        ...each,
        metadata: index === 1 ? { team: long, name: long } : each.metadata,
        declaration: {
          ...each.declaration,
          dnsNames: index === 0 ? [...names, long] : each.declaration.dnsNames,
        },
      })),
    },
  };
}
