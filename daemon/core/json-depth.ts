/** How deep a JSON text is nested. Pure. */

/** Whether brackets stand deeper inside one another than `most`. Linear; ends at the first that does. A text that is no JSON gets some answer. */
export function isNestedDeeper(text: string, most: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') quoted = !quoted;
    else if (quoted) {
      if (character === '\\') index++;
    } else if (character === '[' || character === '{') {
      if (++depth > most) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
}
