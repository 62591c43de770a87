/** Reads the tags of a page, strictly enough for tests: what it cannot read is an error, not a guess. */

export interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Offset of its `<`. */
  readonly at: number;
}

const tagPattern = /<!--[\s\S]*?-->|<!doctype[^>]*>|<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const attributePattern = /([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

/** All start tags of a page, in order. Throws on a `<` that begins no tag. */
export function tagsOf(html: string): readonly Tag[] {
  const tags: Tag[] = [];
  let end = 0;
  for (const match of html.matchAll(tagPattern)) {
    const between = html.slice(end, match.index);
    if (between.includes('<')) throw new Error(`a bare < in ${JSON.stringify(between.slice(0, 80))}`);
    end = match.index + match[0].length;
    if (match[2] === undefined || match[1] === '/') continue;
    const attributes = new Map<string, string>();
    for (const [, name = '', double, single, bare] of (match[3] ?? '').matchAll(attributePattern)) {
      if (attributes.has(name)) throw new Error(`<${match[2]}> has ${name} twice`);
      attributes.set(name.toLowerCase(), decode(double ?? single ?? bare ?? ''));
    }
    tags.push({ name: match[2].toLowerCase(), attributes, at: match.index });
  }
  return tags;
}

/** The references that Astro writes. */
function decode(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}
