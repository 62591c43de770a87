/** Elements of the form by their id, and new ones: text only, nothing is parsed as HTML. */

/** The element of this id. @throws Error when the page has none, which is a mistake of the page */
export function part<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.querySelector<Kind>(`#${CSS.escape(id)}`);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** The element of this id, where a page has it only sometimes. */
export function maybePart<Kind extends HTMLElement = HTMLElement>(id: string): Kind | null {
  return document.querySelector<Kind>(`#${CSS.escape(id)}`);
}

/** A new element with attributes and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Puts text into a paragraph that is hidden while it has none. */
export function tell(node: HTMLElement | null, text: string): void {
  if (node === null) return;
  node.hidden = text === '';
  node.textContent = text;
}
