/**
 * The edge where strangers' text comes in: what leaves here can be shown, but never trusted. It cleans and cuts;
 * escaping for HTML is Astro's work and is not done twice.
 */
import { limits } from '../../../daemon/limits.ts';
import { withhold } from '../../../daemon/record-text.ts';

/** Characters that change the order of text, hide it or look like nothing: shown as `⟨U+202E⟩` instead. */
const invisible = /\p{Default_Ignorable_Code_Point}|\p{Bidi_Control}|[\u2028\u2029\uFFF9-\uFFFB]/gu;

// oxlint-disable-next-line no-control-regex -- these are exactly the characters to strip
const controls = /[\u0000-\u001F\u007F-\u009F]/g;

// oxlint-disable-next-line no-control-regex -- the same without line break and tab
const controlsInLines = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/** More marks than any script needs on one letter make text climb over its neighbours. */
const piledMarks = /(\p{M}{4})\p{M}+/gu;

const plainAscii = /^[ -~]*$/;

/** A character as people can read it: `⟨U+202E⟩`. */
function visible(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return `⟨U+${point.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** Cuts at a code point, and says how much there was. */
function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const points = Array.from(text.slice(0, maxChars + 1)).slice(0, maxChars);
  return `${points.join('').toWellFormed()}… (${text.length} characters)`;
}

/**
 * One line of text, safe to look at: private keys and tokens withheld (`daemon/record-text.ts`), control characters stripped (line breaks and tabs become a space), direction
 * overrides and zero-width characters shown as visible escapes, broken surrogates replaced, and no longer than
 * `maxChars` UTF-16 units before the note that it was cut. Pure.
 */
export function clean(text: string, maxChars: number = limits.site.textMaxChars): string {
  // Nearly everything is plain ASCII, and there is a lot of it.
  if (text.length <= maxChars && plainAscii.test(text)) return withhold(text);
  const plain = withhold(text.slice(0, limits.site.textReadMaxChars))
    .toWellFormed()
    .replace(/[\r\n\t]+/g, ' ')
    .replace(controls, '')
    .replace(piledMarks, '$1')
    .replace(invisible, visible);
  return cut(plain, maxChars);
}

/** Text of several lines, safe to look at: as `clean`, but line breaks and tabs stay, and it may be as long as a file. Pure. */
export function cleanText(text: string): string {
  const plain = text
    .slice(0, limits.site.declarationMaxBytes)
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(controlsInLines, '')
    .replace(piledMarks, '$1')
    .replace(invisible, visible);
  // A private key that strayed into a declaration must not reach a page (promise 1).
  return withhold(plain);
}

/** PEM text: the only text whose line breaks are kept, and only its own alphabet. Empty when nothing of it is PEM. Pure. */
export function cleanPem(text: string): string {
  const blocks = text.slice(0, limits.site.pemMaxChars).match(certificateBlock) ?? [];
  return blocks.map((block) => `${block}\n`).join('');
}

/** Only certificates: a private key that strayed into the model must not reach a page (promise 1). */
const certificateBlock = /-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----/g;

/**
 * The URL if a link to it can do no harm (`https:` or `mailto:`, no credentials in it), else null: then it is shown as
 * text. Astro escapes attributes but lets `javascript:` pass, so every link that is not `href()` goes through here. Pure.
 */
export function safeUrl(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) return null;
  if (url.protocol === 'mailto:') {
    return /^[^\s@?&%]+@[a-z0-9.-]+$/i.test(url.pathname) && url.search === ''
      ? `mailto:${url.pathname}`
      : null;
  }
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  return url.href;
}
