/**
 * A piece of a page as a value: made once, written as HTML when the site is built or as nodes by a script in the browser. It escapes everything and
 * lets nothing through that could act: known elements and attributes only, links that lead nowhere dangerous. The only door to raw HTML is
 * `parts/markup.astro`, which takes only this.
 */
export type Markup = string | number | null | undefined | false | Element | readonly Markup[];

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number | true>>;
  readonly children: readonly Markup[];
}

/** Attributes as they are written; null, undefined and false are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

const voidTags = new Set(['br', 'wbr', 'hr', 'col']);
const svgTags = new Set([
  'svg',
  'g',
  'path',
  'rect',
  'circle',
  'line',
  'polyline',
  'polygon',
  'text',
  'tspan',
  'title',
  'desc',
  'defs',
  'pattern',
]);
const htmlTags = new Set([
  ...[
    'a',
    'abbr',
    'article',
    'b',
    'br',
    'button',
    'caption',
    'code',
    'col',
    'dd',
    'details',
    'div',
    'dl',
    'dt',
    'em',
    'figcaption',
  ],
  ...[
    'figure',
    'h1',
    'h2',
    'h3',
    'h4',
    'hr',
    'li',
    'ol',
    'p',
    'pre',
    'section',
    'small',
    'span',
    'strong',
    'summary',
    'table',
  ],
  ...['tbody', 'td', 'tfoot', 'th', 'thead', 'time', 'tr', 'ul', 'wbr'],
]);
const attributeName =
  /^(?:class|id|href|rel|download|datetime|title|lang|dir|scope|colspan|rowspan|headers|hidden|open|start|type|role|tabindex|aria-[a-z]+|data-[a-z-]+|viewBox|preserveAspectRatio|focusable|width|height|x|y|x1|x2|y1|y2|dx|dy|cx|cy|r|rx|ry|d|points|transform|text-anchor|dominant-baseline|fill|stroke|stroke-width|patternUnits|pathLength)$/;
/** Own pages, anchors, https and mailto; never `javascript:`, `data:` or `//host`. */
const safeHref = /^(?:#|\/(?!\/)|https:\/\/|mailto:)/;

/**
 * One element. Pure. @throws Error for an element or attribute that is not known here, and for a link that is not safe: mistakes of the program,
 * because what strangers wrote goes through `safeUrl` first.
 */
export function el(tag: string, attributes: Attributes = {}, ...children: readonly Markup[]): Element {
  if (!htmlTags.has(tag) && !svgTags.has(tag)) throw new Error(`<${tag}> is no element of these pages`);
  const kept: Record<string, string | number | true> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (!attributeName.test(name)) throw new Error(`<${tag}> may not have ${name}`);
    if (name === 'href' && !safeHref.test(String(value)))
      throw new Error(`${JSON.stringify(value)} is no link of these pages`);
    kept[name] = value;
  }
  return { tag, attributes: kept, children };
}

const textEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return /[&<>"]/.test(text) ? text.replace(/[&<>"]/g, (character) => textEscapes[character] ?? '') : text;
}

/** As HTML text. Pure; the same markup gives the same bytes. */
export function toHtml(markup: Markup): string {
  if (markup === null || markup === undefined || markup === false) return '';
  if (typeof markup === 'string') return escaped(markup);
  if (typeof markup === 'number') return String(markup);
  if (Array.isArray(markup)) {
    let html = '';
    for (const each of markup as readonly Markup[]) html += toHtml(each);
    return html;
  }
  const { tag, attributes, children } = markup as Element;
  let html = `<${tag}`;
  for (const name in attributes) {
    const value = attributes[name];
    html += value === true ? ` ${name}` : ` ${name}="${escaped(String(value))}"`;
  }
  if (voidTags.has(tag)) return `${html}>`;
  html += '>';
  for (const each of children) html += toHtml(each);
  return `${html}</${tag}>`;
}
