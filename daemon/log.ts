/**
 * The log: one event, one line. The only door to pino. JSON for machines, a plain line for a person at a terminal.
 * It refuses to write secrets, private keys and control characters, whoever hands them in.
 */
import { pino } from 'pino';
import { limits } from './limits.ts';
import type { Log } from './ports/plugin.ts';
import { isSecret, redact } from './redaction.ts';
import { escapeControls, type Style } from './terminal.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  /** Events below this level are not written. */
  readonly level: LogLevel;
  /** Where lines go, each in one `write` with its line end: `process.stderr` in the daemon. */
  readonly destination: { readonly write: (line: string) => unknown };
  /** true: a plain line for a person; false: JSON. */
  readonly pretty: boolean;
  /** Puts colour on the level of plain lines; null or absent: none. */
  readonly style?: ((style: Style, text: string) => string) | null;
}

/**
 * Makes a log. Every field and message passes redaction (`daemon/redaction.ts`) and bounds (`limits.log`). Errors become
 * code, message and cause; stacks only for errors without a code (a programmer's mistake). Writes to `destination` only; never throws for what it is given.
 */
export function createLog(options: LogOptions): Log {
  const destination = {
    write: (line: string) => {
      options.destination.write(
        options.pretty ? plainLine(line, options.style ?? null) : escapeJsonLine(line),
      );
    },
  };
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const write = (level: LogLevel) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    if (!logger.isLevelEnabled(level)) return;
    const clean: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(fields).slice(0, limits.log.entriesMax)) {
      // The names of the envelope are ours: a field called `level` must not forge one.
      const name = key === 'level' || key === 'time' || key === 'message' ? `${key}_` : key;
      clean[cleanText(name)] = cleanValue(key, value, 0);
    }
    logger[level](clean, cleanText(message));
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Field names whose value is a secret whatever it looks like (header and option names, any case, `-` or `_`). */
const secretNames =
  /^(?:(?:proxy-?)?authorization|(?:set-?)?cookie|pass(?:word|phrase|wd)|secret|private-?key|token|(?:access|refresh|auth|id|private|x-gitlab|x-vault)-?token|api-?key|hmac-?key|pin)$/i;

function cleanValue(name: string, value: unknown, depth: number): unknown {
  if (isSecret(value)) return '[secret]';
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (value === undefined) return undefined;
  if (secretNames.test(name.replaceAll('_', '-'))) return '[redacted]';
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
  // Bytes may be a key: their number says enough.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= limits.log.depthMax) return '[deeper]';
  if (value instanceof Error) return cleanError(value, depth);
  if (Array.isArray(value)) {
    return value.slice(0, limits.log.entriesMax).map((each: unknown) => cleanValue('', each, depth + 1));
  }
  if (value instanceof Map) return cleanValue(name, Object.fromEntries(value), depth);
  if (value instanceof Set) return cleanValue(name, [...value], depth);
  return cleanObject(value, depth);
}

function cleanObject(value: object, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value).slice(0, limits.log.entriesMax)) {
    clean[cleanText(key)] = cleanValue(key, each, depth + 1);
  }
  return clean;
}

function cleanError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return {
    ...(code === null ? {} : { code: cleanText(code) }),
    message: cleanText(error.message),
    ...(code === null && error.stack !== undefined ? { stack: cleanText(error.stack) } : {}),
    ...(error.cause === undefined ? {} : { cause: cleanValue('', error.cause, depth + 1) }),
  };
}

/** Redaction comes before the cut: half a key is still a key. */
function cleanText(text: string): string {
  const clean = redact(text);
  if (clean.length <= limits.log.textMaxCharacters) return clean;
  return `${clean.slice(0, limits.log.textMaxCharacters)}[${text.length} characters]`;
}

/** JSON escapes C0 but lets C1, bidirectional and separator characters through to whoever prints the line: escape them as JSON too. */
function escapeJsonLine(line: string): string {
  const body = line.endsWith('\n') ? line.slice(0, -1) : line;
  const safe = body.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `${safe}\n`;
}

const levelStyles: Readonly<Record<string, Style>> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
};

/** `12:00:00 warn  message  key=value`: time in UTC, keys in the order given. */
function plainLine(json: string, style: ((style: Style, text: string) => string) | null): string {
  const { level, time, message, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const word = String(level).padEnd(5);
  const shown = style === null ? word : style(levelStyles[String(level)] ?? 'dim', word);
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${plainValue(value)}`);
  return `${String(time).slice(11, 19)} ${shown} ${[escapeControls(String(message)), ...rest.map(escapeControls)].join('  ')}\n`;
}

function plainValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null) {
    const { code, message, ...rest } = value as Record<string, unknown>;
    const isError =
      typeof message === 'string' && Object.keys(rest).every((key) => key === 'cause' || key === 'stack');
    if (isError) return JSON.stringify(typeof code === 'string' ? `${code}: ${message}` : message);
  }
  return JSON.stringify(value);
}
