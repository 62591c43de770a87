/** Markup as nodes of the page: nothing is parsed as HTML, so nothing in it can act. */
import type { Element as Piece, Markup } from '../lib/markup.ts';

const svgNamespace = 'http://www.w3.org/2000/svg';

/** As nodes of a document, for scripts in the browser: nothing is parsed as HTML. */
export function toNodes(markup: Markup, inSvg = false): Node[] {
  if (markup === null || markup === undefined || markup === false) return [];
  if (typeof markup === 'string' || typeof markup === 'number')
    return [document.createTextNode(String(markup))];
  if (Array.isArray(markup)) return (markup as readonly Markup[]).flatMap((each) => toNodes(each, inSvg));
  const { tag, attributes, children } = markup as Piece;
  const svg = inSvg || tag === 'svg';
  const node = svg ? document.createElementNS(svgNamespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    node.setAttribute(name, value === true ? '' : String(value));
  node.append(...children.flatMap((each) => toNodes(each, svg)));
  return [node];
}
