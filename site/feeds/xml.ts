/** Text inside XML 1.0. Pure. */
import { clean } from '../src/lib/clean.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Words of strangers as they may stand in an element or between double quotes: cleaned, cut, without the two characters that XML forbids and `clean` lets pass, escaped. */
export function xmlText(text: string): string {
  return xmlOwn(xmlCharacters(clean(text)));
}

/** What the program itself wrote, addresses and ids: escaped and never cut. */
export function xmlOwn(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? '');
}

/** Without U+FFFE and U+FFFF: a reader that meets one stops reading the whole file. The other characters that XML forbids are gone after `clean`. */
export function xmlCharacters(text: string): string {
  return text.replace(/[\uFFFE\uFFFF]/g, '');
}
