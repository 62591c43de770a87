/**
 * What a pattern wants, in words: found by trying it with texts of known kinds, so that nobody is shown a regular expression. Pure.
 */

interface Form {
  readonly words: string;
  /** A pattern of this kind takes all of the first and none of the second. */
  readonly takes: readonly string[];
  readonly refuses: readonly string[];
}

const hash = '0123456789abcdef0123456789abcdef01234567';
const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** The narrowest first. */
const forms: readonly Form[] = [
  {
    words: 'a certificate in PEM form (-----BEGIN CERTIFICATE-----)',
    takes: [certificate],
    refuses: ['a', '/a'],
  },
  { words: 'a commit: 40 hexadecimal digits', takes: [hash], refuses: ['0123456789', 'main', '/a'] },
  {
    words: 'an instant in UTC, such as 2026-11-28T11:05:00Z',
    takes: ['2026-11-28T11:05:00Z'],
    refuses: ['2026-11-28', 'a'],
  },
  { words: 'a day, such as 2026-11-28', takes: ['2026-11-28'], refuses: ['28.11.2026', 'a'] },
  {
    words: 'a duration: a whole number with s, m, h or d, such as 10m',
    takes: ['10m', '1d'],
    refuses: ['10', 'a'],
  },
  { words: 'a fraction, such as 2/3', takes: ['2/3'], refuses: ['a', '2', '/a'] },
  {
    words: 'an https:// address',
    takes: ['https://ca.example.com/dir'],
    refuses: ['http://ca.example.com/dir', 'ca.example.com', '/a'],
  },
  {
    words: 'an http:// or https:// address',
    takes: ['https://ca.example.com/a', 'http://ca.example.com/a'],
    refuses: ['ca.example.com', '/a'],
  },
  {
    words: 'an http:// address',
    takes: ['http://ca.example.com/a'],
    refuses: ['https://ca.example.com/a', 'a', '/a'],
  },
  {
    words: 'host:port, such as shop.example.com:443',
    takes: ['shop.example.com:443', 'localhost:80'],
    refuses: ['shop.example.com', '/a', ':443'],
  },
  {
    words: 'an IP address or a network, such as 10.0.0.0/8',
    takes: ['10.0.0.0/8', '10.0.0.1'],
    refuses: ['shop.example.com', '/a'],
  },
  { words: 'a mail address', takes: ['web@example.com'], refuses: ['example.com', '/a'] },
  {
    words: 'an absolute path: it begins with / and has no blanks',
    takes: ['/etc/tls/a.crt'],
    refuses: ['etc/a', 'a', '/a b'],
  },
  { words: 'an absolute path: it begins with /', takes: ['/etc/tls/a.crt'], refuses: ['etc/a', 'a'] },
  { words: 'team/name, such as web/intranet', takes: ['web/intranet'], refuses: ['shop', '/shop', 'A'] },
  {
    words: 'user or user:group, such as root:ssl-cert',
    takes: ['root', 'root:ssl-cert'],
    refuses: ['a.b:c', '/a', '0:0'],
  },
  {
    words: 'a name, or the beginning of one with * behind it',
    takes: ['web-01', 'web-*'],
    refuses: ['A b', '/a', '*a'],
  },
  { words: 'one line of text', takes: ['a b: /c'], refuses: ['a\nb'] },
];

const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/**
 * A phrase such as `must be an absolute path: it begins with /`, for a value that the pattern refuses; null where nothing better can be said than that.
 * `matches` is asked some hundred times with short texts.
 */
export function wantedForm(matches: (text: string) => boolean, value: string): string | null {
  const form = forms.find(({ takes, refuses }) => takes.every(matches) && !refuses.some(matches));
  const wrong = wrongCharacters(matches, value);
  if (form !== undefined && (wrong === null || !form.takes.some((each) => sameStart(each, value))))
    return `must be ${form.words}`;
  if (wrong !== null) return `may not hold ${wrong}${form === undefined ? '' : `; it must be ${form.words}`}`;
  const singles = printable.filter((each) => matches(each));
  const strange = [...new Set(value)].filter((each) => !singles.includes(each));
  if (singles.length === 0 || strange.length === 0) return null;
  return `may not hold ${list(strange)}; it is made of ${ranges(singles)}`;
}

function sameStart(one: string, other: string): boolean {
  return one.charAt(0) === other.charAt(0);
}

/** The character without which the value would be right. */
function wrongCharacters(matches: (text: string) => boolean, value: string): string | null {
  for (const each of new Set(value)) if (matches(value.replaceAll(each, 'a'))) return list([each]);
  return null;
}

function list(characters: readonly string[]): string {
  return characters
    .slice(0, 5)
    .map((each) => (each === ' ' ? 'a blank' : JSON.stringify(each)))
    .join(', ');
}

/** `a-z 0-9 . _` */
function ranges(characters: readonly string[]): string {
  const left = new Set(characters);
  const runs = ['az', 'AZ', '09'].flatMap((ends) => {
    const from = ends.charCodeAt(0);
    const all = Array.from({ length: ends.charCodeAt(1) - from + 1 }, (_, index) =>
      String.fromCharCode(from + index),
    );
    if (!all.every((each) => left.has(each))) return [];
    for (const each of all) left.delete(each);
    return [`${ends.charAt(0)}-${ends.charAt(1)}`];
  });
  return [...runs, ...[...left].map((each) => (each === ' ' ? 'blanks' : each))].join(' ');
}
