/**
 * The one way of text out of the process: records, journal entries, findings, commits, log lines, metrics and messages of failures.
 * It withholds secrets and makes control characters visible. It never refuses: what may not be written is replaced, and named.
 */
import { withoutKeyRuns } from './core/key-runs.ts';
import { visibleLine, visibleText, type RecordText } from './core/record-text.ts';
import { limits } from './limits.ts';

export type { RecordText } from './core/record-text.ts';

/** What stands in the place of something withheld. */
const marks = {
  secret: '[secret]',
  'private key': '[private key]',
  'age identity': '[age identity]',
  token: '[token]',
} as const;

export type Withheld = keyof typeof marks;

/**
 * Every value that became a secret in this process, so that it is found whoever prints it. Process-wide on purpose: a sink that
 * had to be told about each secret would one day not be told.
 */
const known = new Set<string>();

/** Pieces of long secrets, each to what stands around it: a secret that was cut before it came here is still found. */
const pieces = new Map<string, { readonly secret: string; readonly at: number }>();
const pieceLength = 16;

/** Blocks of PEM that are public: a file of a key and its certificates makes no secret of the certificates. */
const publicBlocks = /-----BEGIN (CERTIFICATE|X509 CRL|PUBLIC KEY)-----[A-Za-z0-9+/=\s]*-----END \1-----/g;

/** Lets the process withhold this value from now on, in every form given and line by line. Shorter ones than `limits.secrets.redactMinCharacters` are not searched for. */
export function withholdFromNowOn(forms: readonly string[]): void {
  for (const form of forms) {
    const own = form.replace(publicBlocks, '').trim();
    if (own.length >= limits.secrets.redactMinCharacters) known.add(own);
    // The lines of a key are long; a `-----BEGIN` line is no secret.
    for (const line of own.split(/\r?\n/).map((each) => each.trim())) {
      if (line.length < 24 || line.startsWith('-----')) continue;
      known.add(line);
      const most = Math.min(line.length, limits.secrets.piecesMaxCharacters) - pieceLength;
      for (let at = 0; at <= most; at++) pieces.set(line.slice(at, at + pieceLength), { secret: line, at });
    }
  }
}

/** PEM private keys of every kind (RFC 7468 sections 10 and 11, OpenSSH, SSH2 of RFC 4716's form, OpenPGP), also cut off at the end. */
const armored =
  /-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}[\s\S]*?(?:-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|$)/gi;
/** The private part of a PuTTY key. */
const putty = /Private-Lines: ?\d+[\s\S]*?(?:Private-(?:MAC|Hash):[^\n]*|$)/g;
/**
 * Base64 of a private key in DER without armor: a SEQUENCE that begins with version 0 or 1 and goes on as PKCS#8 (RFC 5208), PKCS#1
 * (RFC 8017) or SEC 1 (RFC 5915) does; an encrypted one (PBES2); and the body of an OpenSSH key. Certificates, requests and public keys begin otherwise.
 */
const base64Keys =
  /(?<![A-Za-z0-9+/])(?:M[A-H][AEIMQUYcgkosw048]CAQ[AE][wCE]|MI[GH][A-Za-z0-9+/]AgE[AB][MAB]|MII[A-Za-z0-9+/]{2}[AQgw]IBA[DATQ]|M[A-I][A-Za-z0-9+/]{2,8}(?:BgkqhkiG9w0BBQ0|GCSqGSIb3DQEFD|YJKoZIhvcNAQUN)|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/]{16,}={0,2}(?:(?:\\r)?\\n[A-Za-z0-9+/]+={0,2}|\r?\n[ \t]{0,16}[A-Za-z0-9+/]+={0,2}(?=\s|$))*/g;
/** The same in hex. */
const hexKeys =
  /(?<![0-9a-f])30(?:[0-7][0-9a-f]|81[0-9a-f]{2}|82[0-9a-f]{4})02010[01](?:30|02|04)[0-9a-f]{40,}/gi;
/** Private members of a JSON Web Key (RFC 7518 section 6). */
const jsonWebKeys = /("(?:d|p|q|dp|dq|qi|k)"\s{0,8}:\s{0,8}")[\w-]{20,}/g;
const ageIdentities = /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Za-z]+/gi;
/** `user:password@` and `token@` in a URL (RFC 3986 section 3.2.1). */
const urlCredentials = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]+@/gi;
/** `?token=...`, `&access_token=...` and their like. */
const urlTokens =
  /([?&](?:[a-z_-]{0,40}token|[a-z_-]{0,40}secret|password|api[_-]?key|key|signature|sig|code)=)[^&\s#"']+/gi;
const authorizations = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:[a-z]+ +)?[^\s"',;]+/gi;
const bearers = /\b(bearer|basic) +[A-Za-z0-9._~+/-]{8,}=*/gi;
/** Tokens that carry their own prefix: GitHub, GitLab, npm-like forges, Vault, Slack, AWS; and JSON Web Tokens. */
const prefixed =
  /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w-]{16,}|hv[sbr]\.[\w-]{16,}|xox[abeprs]-[\w-]{10,}|A[KS]IA[A-Z0-9]{16}\b)|(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]*)?/g;

/** Any text that one of the patterns could find something in; most texts of an estate are names, dates and fingerprints. */
const worthLooking =
  /PRIVATE KEY|Private-Lines|AGE-SECRET|:\/\/|[?&]|authorization|bearer|basic|gh[pousr]_|github_pat_|gl[a-z]{2,5}-|hv[sbr]\.|xox|A[KS]IA|eyJ|"\s*:|M[A-I][A-Za-z0-9+/]{2}|b3BlbnNz|30[0-9a-f]{2,6}02010/i;

/**
 * Replaces every known secret (also a piece of a long one), private key, age identity, Authorization value, URL credential and token of a known form. Takes time
 * in proportion to the text. What is not known and cannot be recognised cannot be replaced.
 */
export function withhold(text: string): string {
  let safe = text;
  for (const value of known) if (safe.includes(value)) safe = safe.replaceAll(value, marks.secret);
  if (pieces.size > 0 && safe.length >= pieceLength) safe = withoutPieces(safe);
  if (!worthLooking.test(safe)) return safe;
  const unarmored = safe.replace(armored, marks['private key']);
  return withoutHeadlessKeys(unarmored)
    .replace(putty, marks['private key'])
    .replace(base64Keys, marks['private key'])
    .replace(hexKeys, marks['private key'])
    .replace(jsonWebKeys, `$1${marks['private key']}`)
    .replace(ageIdentities, marks['age identity'])
    .replace(urlCredentials, '$1[credentials]@')
    .replace(urlTokens, `$1${marks.token}`)
    .replace(authorizations, '$1[authorization]')
    .replace(bearers, '$1 [authorization]')
    .replace(prefixed, marks.token);
}

/** Keys that lost their beginning and kept their END. */
function withoutHeadlessKeys(text: string): string {
  if (!/-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY/.test(text)) return text;
  return withoutKeyRuns(text, marks['private key'], {
    cut: { before: false, after: false },
    anywhere: false,
  });
}

/**
 * As `withhold`, for text from outside that may be part of a longer one: lines that may be of a private key are replaced where they stand beside a cut,
 * and where several follow each other. For `daemon/said-text.ts`.
 */
export function withholdFragment(
  text: string,
  missing: { readonly before?: boolean; readonly after?: boolean },
): string {
  const cut = { before: missing.before === true, after: missing.after === true };
  return withoutKeyRuns(withhold(text), marks['private key'], { cut, anywhere: true });
}

/**
 * Replaces what is part of a long secret. Windows of 16 characters side by side are looked up, so that any 31 characters of a secret are found.
 * Certificates stay whole: the public half of a key stands in them by right.
 */
function withoutPieces(text: string): string {
  let safe = '';
  let done = 0;
  for (const block of [...text.matchAll(publicBlocks), null]) {
    const until = block?.index ?? text.length;
    safe += withoutPiecesIn(text.slice(done, until)) + (block?.[0] ?? '');
    done = until + (block?.[0].length ?? 0);
  }
  return safe;
}

function withoutPiecesIn(text: string): string {
  let safe = '';
  let done = 0;
  for (let at = 0; at + pieceLength <= text.length; at += pieceLength) {
    const found = at < done ? undefined : pieces.get(text.slice(at, at + pieceLength));
    if (found === undefined) continue;
    let from = at;
    let secretFrom = found.at;
    while (from > done && secretFrom > 0 && text[from - 1] === found.secret[secretFrom - 1]) {
      from--;
      secretFrom--;
    }
    let to = at + pieceLength;
    let secretTo = found.at + pieceLength;
    while (to < text.length && secretTo < found.secret.length && text[to] === found.secret[secretTo]) {
      to++;
      secretTo++;
    }
    safe += text.slice(done, from) + marks.secret;
    done = to;
  }
  return done === 0 ? text : safe + text.slice(done);
}

/** Text of several lines as it may be written anywhere: secrets withheld, control characters visible, line feeds kept. Pure but for the known secrets; doing it twice changes nothing more. */
export function recordText(text: string): RecordText {
  return written(text, visibleText);
}

/**
 * As `recordText`, and never longer than `limits.records.messageMaxChars`: what is too much goes out of the middle, since a message begins with what failed
 * and ends with what to do. For messages into which a server, a file or a program put words. Secrets are withheld before it is cut.
 */
export function recordMessage(text: string): RecordText {
  const most = limits.records.messageMaxChars;
  // Half a key is still a key, so the whole is cleaned, up to a bound that no message of ours comes near.
  const said = recordText(
    text.length > limits.records.writtenTextMaxChars
      ? ends(text, limits.records.writtenTextMaxChars, withholdFragment)
      : text,
  );
  return said.length <= most ? said : (ends(said, most, (part) => part) as RecordText);
}

/** Beginning and end of a text, each passed through `clean` with what is missing beside it. */
function ends(text: string, most: number, clean: typeof withholdFragment): string {
  const note = ` ... (${String(text.length)} characters) ... `;
  const last = Math.floor(most / 4);
  const first = clean(text.slice(0, most - last - note.length), { after: true });
  return `${first}${note}${clean(text.slice(-last), { before: true })}`.toWellFormed();
}

/** As `recordText`, on one line: line ends become visible too. For subjects, trailers, labels and journal entries, where a line end begins something else. */
export function recordLine(text: string): RecordText {
  return written(text, visibleLine);
}

/** Looks for secrets before and after: a control character may hide one, and making it visible may reveal one. */
function written(text: string, visible: (text: string) => string): RecordText {
  const withheld = withhold(text);
  const seen = visible(withheld);
  return (seen === withheld && withheld === text ? seen : withhold(seen)) as RecordText;
}

/** A value of plain data with every text in it, keys too, as `recordText` makes it. The value itself where nothing had to be changed. */
export function recordValue<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return cut(recordText(value));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    const changed = items.map(cleaned);
    return changed.every((each, index) => each === items[index]) ? value : changed;
  }
  const entries = Object.entries(value);
  const changed = entries.map(([key, each]) => [recordLine(key), cleaned(each)] as const);
  return changed.every(([key, each], index) => key === entries[index]?.[0] && each === entries[index][1])
    ? value
    : Object.fromEntries(changed);
}

/** No text of a record is longer than what is read back. Withheld before it is cut: half a key is still a key. */
function cut(text: RecordText): string {
  const most = limits.records.writtenTextMaxChars;
  if (text.length <= most) return text;
  const note = ` (${String(text.length)} characters)`;
  return `${text.slice(0, most - note.length).replace(/[\ud800-\udbff]$/, '')}${note}`;
}

/** A record as it is committed: every text in it clean, JSON with two spaces, keys in the order of the value, a final newline. Equal values give equal bytes. */
export function recordJson(value: unknown): RecordText {
  return `${JSON.stringify(recordValue(value), null, 2)}\n` as RecordText;
}

/** What was withheld in a value, by the mark in its place, and in which fields (`installations.0.status`), at most `limits.secrets.withheldFieldsMax`. Pure. */
export function withheldIn(value: unknown): readonly { readonly what: Withheld; readonly field: string }[] {
  const found: { what: Withheld; field: string }[] = [];
  const look = (each: unknown, field: string): void => {
    if (found.length >= limits.secrets.withheldFieldsMax) return;
    if (typeof each === 'string') {
      for (const [what, mark] of Object.entries(marks))
        if (each.includes(mark)) found.push({ what: what as Withheld, field });
    } else if (typeof each === 'object' && each !== null) {
      for (const [key, inner] of Object.entries(each)) look(inner, field === '' ? key : `${field}.${key}`);
    }
  };
  look(value, '');
  return found;
}
