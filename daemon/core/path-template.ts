/**
 * Templates of paths in profiles: text, `{{name}}`, and `{{#if name}}...{{/if}}` around both. Read here and nowhere else, so that what is judged is what
 * is used. Pure.
 */

export type PathPart =
  | { readonly text: string }
  | { readonly name: string }
  | { readonly when: string; readonly parts: readonly PathPart[] };

/** The parts of a template, or what is wrong with it. A condition stands in no other condition. */
export function readPathTemplate(
  template: string,
): { readonly parts: readonly PathPart[] } | { readonly wrong: string } {
  const parts: PathPart[] = [];
  let inside: { readonly when: string; readonly parts: PathPart[] } | null = null;
  for (const token of template.split(/(\{\{[^{}]*\}\})/)) {
    const open = inside === null ? parts : inside.parts;
    const said = /^\{\{(.*)\}\}$/.exec(token)?.[1]?.trim();
    if (said === undefined) {
      if (/[{}]/.test(token)) return { wrong: formOf(template) };
      if (token !== '') open.push({ text: token });
    } else if (/^[a-z][A-Za-z0-9]*$/.test(said)) open.push({ name: said });
    else if (/^#if\s+[a-z][A-Za-z0-9]*$/.test(said) && inside === null) {
      inside = { when: said.slice(3).trim(), parts: [] };
      parts.push(inside);
    } else if (said === '/if' && inside !== null) inside = null;
    else return { wrong: formOf(template) };
  }
  return inside === null ? { parts } : { wrong: formOf(template) };
}

function formOf(template: string): string {
  return `${JSON.stringify(template)}: a path is made of text, {{parameter}} and {{#if parameter}}...{{/if}}`;
}

/** Every name the parts speak of, conditions included. */
export function namesInPath(parts: readonly PathPart[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const part of parts) {
    if ('name' in part) names.add(part.name);
    else if ('when' in part) for (const name of [part.when, ...namesInPath(part.parts)]) names.add(name);
  }
  return names;
}

/** The text with `values` put in; null when it asks for one that is not there. An empty value is false to a condition. */
export function fillPath(
  parts: readonly PathPart[],
  values: Readonly<Record<string, string>>,
): string | null {
  let filled = '';
  for (const part of parts) {
    if ('text' in part) filled += part.text;
    else {
      const name = 'name' in part ? part.name : part.when;
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) return null;
      if ('name' in part) filled += value;
      else if (value !== '') {
        const inner = fillPath(part.parts, values);
        if (inner === null) return null;
        filled += inner;
      }
    }
  }
  return filled;
}
