/**
 * YAML text to typed resources with their places: the only way declarations enter the program. It never throws for what is written,
 * reports every mistake it can see at once, and one bad document never hides a good one.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { dirname } from 'node:path/posix';
import { type Document, isMap, isScalar, visit } from 'yaml';
import type { DocumentProblem, SourcePosition } from '../core/model.ts';
import { didYouMean } from '../core/nearest.ts';
import type { ParsedFile, Resource } from '../core/parsed-document.ts';
import { limits } from '../limits.ts';
import type { JsonSchema } from '../ports/plugin.ts';
import { firstOf } from '../said-text.ts';
import type { CheckedDocument } from './convert.ts';
import { excerptOf } from './excerpt.ts';
import { kindSchemas, toResource } from './kinds/index.ts';
import { misplaced, placementCode, wrongFolder } from './placement.ts';
import { findAliases, findAnchors, offsetOf } from './positions.ts';
import { essential, pathOf, phrase } from './schema-errors.ts';
import type { PluginSchemas } from './schemas/index.ts';
import { decodeText, deceivingCharacter } from './text-bounds.ts';
import { readStream, tooManyPiecesAt, type StreamDocument } from './yaml-stream.ts';

export type { ParsedFile } from '../core/parsed-document.ts';

export interface SourceFile {
  readonly path: string;
  readonly oid: string;
  readonly bytes: Uint8Array;
}

export interface DocumentReader {
  /** Parses and checks one file. Never throws. No IO. Equal bytes give equal results: cache by `oid` and path. */
  readonly parseFile: (file: SourceFile) => ParsedFile;
  /** Kind to its complete JSON Schema, as published. */
  readonly schemas: () => ReadonlyMap<string, JsonSchema>;
}

/** Makes a reader that knows the plug-ins' and rules' schemas. Compiles each once, when the first document of its kind comes: a pull request rarely holds all of them. */
export function createReader(plugins: PluginSchemas): DocumentReader {
  const schemas = kindSchemas(plugins);
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, $data: false });
  const validators = new Map(
    [...schemas].map(([kind, schema]) => [kind, onFirstUse(() => ajv.compile(schema))]),
  );
  return {
    schemas: () => schemas,
    parseFile: (file) => parseFile(file, validators, plugins),
  };
}

type Validators = ReadonlyMap<string, () => ValidateFunction>;

function onFirstUse<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** What is known about the text while its documents are read. */
interface Reading {
  readonly file: SourceFile;
  readonly plugins: PluginSchemas;
  readonly positionOf: (offset: number) => SourcePosition;
  readonly problems: DocumentProblem[];
  /** How many complaints there were; only the first `problemsPerFileMax` are kept as problems. */
  readonly complaints: () => number;
  readonly complain: (code: string, message: string, offset: number) => void;
  /** The reverse of `positionOf`. */
  readonly offsetAt: (position: SourcePosition) => number;
}

function parseFile(file: SourceFile, validators: Validators, plugins: PluginSchemas): ParsedFile {
  const { text, complaint } = decodeText(file.bytes);
  const reading = startReading(file, text ?? '', plugins);
  if (complaint !== null) {
    reading.complain(complaint.code, `${file.path} ${complaint.message}`, complaint.offset);
    return { path: file.path, oid: file.oid, documents: [], problems: reading.problems };
  }
  const read: Resource[] = [];
  try {
    const many = tooManyPiecesAt(text);
    if (many !== null) {
      reading.complain(
        'document-too-large',
        `${file.path} has more than ${String(limits.documents.piecesMax)} words, signs and lines. Split it: one resource a file is best`,
        many,
      );
      return { path: file.path, oid: file.oid, documents: [], problems: reading.problems };
    }
    readDocuments(readStream(text), text, reading, validators, read);
  } catch (error) {
    // The depth is bounded before parsing, but brackets can hide in quotes and comments: the stack is the last bound, and a deep file is one bad file.
    if (!(error instanceof RangeError)) throw error;
    reading.complain('document-too-deep', `${file.path} is nested too deep to be read`, 0);
  }
  const documents = placed(read, reading);
  return { path: file.path, oid: file.oid, documents, problems: withRest(reading) };
}

/** Those that may stand in this folder. One in a file of another name is named and left in: whether it counts depends on what was in force. */
function placed(read: readonly Resource[], { complain, offsetAt }: Reading): readonly Resource[] {
  const here = read.filter((resource) => {
    const wrong = wrongFolder(resource);
    if (wrong !== null) complain('wrong-folder', wrong, offsetAt(resource.source));
    return wrong === null;
  });
  for (const resource of here) {
    const wrong = misplaced(resource, here);
    if (wrong !== null) complain(placementCode, wrong, offsetAt(resource.source));
  }
  return here;
}

/** The kept problems; where there were more, the last one says so. */
function withRest({ problems, complaints }: Reading): DocumentProblem[] {
  const more = complaints() - problems.length;
  const last = problems.at(-1);
  if (more === 0 || last === undefined) return problems;
  return [
    ...problems.slice(0, -1),
    { ...last, message: `${last.message} (and ${String(more)} more in this file)` },
  ];
}

function readDocuments(
  stream: readonly StreamDocument[],
  text: string,
  all: Reading,
  validators: Validators,
  documents: Resource[],
): void {
  for (const [index, { document, base }] of stream.entries()) {
    const reading = base === 0 ? all : shifted(all, base);
    if (index >= limits.documents.perFileMax) {
      reading.complain(
        'document-count',
        `more than ${String(limits.documents.perFileMax)} documents in one file; the rest is not read`,
        document.range[0],
      );
      break;
    }
    const resource = readDocument(document, text, reading, validators);
    if (resource !== null) documents.push(resource);
  }
}

/** The same reading for a document that was parsed from a later part of the text. */
function shifted(reading: Reading, base: number): Reading {
  return {
    ...reading,
    positionOf: (offset) => reading.positionOf(base + offset),
    complain: (code, message, offset) => {
      reading.complain(code, message, base + offset);
    },
  };
}

function startReading(file: SourceFile, text: string, plugins: PluginSchemas): Reading {
  let starts: number[] | null = null;
  // Lines are only counted in files that have something to say about themselves, or whose resources ask: most of a first load is this.
  const lineStarts = (): number[] => {
    if (starts === null) {
      starts = [0];
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    }
    return starts;
  };
  const positionOf = (offset: number): SourcePosition => {
    const all = lineStarts();
    let low = 0;
    let high = all.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((all[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: file.path, line: low + 1, column: offset - (all[low] ?? 0) + 1 };
  };
  const problems: DocumentProblem[] = [];
  let count = 0;
  return {
    file,
    plugins,
    positionOf,
    problems,
    complaints: () => count,
    offsetAt: ({ line, column }) => (lineStarts()[line - 1] ?? 0) + column - 1,
    complain: (code, message, offset) => {
      count++;
      if (problems.length >= limits.documents.problemsPerFileMax) return;
      const source = positionOf(Math.min(offset, text.length));
      const start = lineStarts()[source.line - 1] ?? 0;
      const end = text.indexOf('\n', start);
      const line = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
      problems.push({
        code,
        message: cut(message),
        source,
        excerpt: text === '' ? null : excerptOf(line, source.column),
        severity: 'error',
        scope: dirname(file.path),
      });
    },
  };
}

function cut(message: string): string {
  const shown = firstOf(message, limits.documents.messageMaxChars);
  return message.length <= limits.documents.messageMaxChars ? shown : `${shown}...`;
}

function readDocument(
  document: Document,
  text: string,
  reading: Reading,
  validators: Validators,
): Resource | null {
  const before = reading.complaints();
  // The parser only warns about unknown tags and yields the raw value: a declaration means what it says or nothing.
  for (const error of [...document.errors, ...document.warnings]) {
    reading.complain('yaml-syntax', error.message, error.pos[0]);
  }
  for (const offset of /[&*]/.test(text) ? [...findAnchors(document), ...findAliases(document)] : []) {
    reading.complain('yaml-alias', 'anchors and aliases are not used here: write the value out', offset);
  }
  for (const offset of repeatedKeys(document)) {
    reading.complain('yaml-repeated-key', 'this key stands twice in its map; only one can be meant', offset);
  }
  for (const { character, offset } of text.includes('\\') ? deceivingScalars(document) : []) {
    reading.complain('document-characters', `holds the invisible character ${character}; remove it`, offset);
  }
  if (reading.complaints() > before) return null;
  // A document of comments alone declares nothing.
  if (document.contents === null) return null;
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (!hasKind(value, document, reading, validators)) return null;
  const validate = validators.get(value.kind)?.();
  if (validate === undefined) return null;
  if (!validate(value)) {
    const errors = essential(validate.errors ?? []);
    // Each costs a walk through the tree: a flood of them is not walked to its end.
    for (const error of errors.slice(0, limits.documents.problemsPerFileMax)) {
      complainOf(error, document, reading);
    }
    return null;
  }
  const resource = toResource(value as unknown as CheckedDocument, {
    blob: reading.file.oid,
    driftDefault: reading.plugins.driftDefault ?? 'enforce',
    issuerLimits: reading.plugins.issuerLimits,
    at: (path) => reading.positionOf(offsetOf(document, path)),
    complain: (message, path) => {
      reading.complain('document-value', message, offsetOf(document, path));
    },
  });
  return reading.complaints() > before ? null : resource;
}

function hasKind(
  value: unknown,
  document: Document,
  reading: Reading,
  validators: Validators,
): value is { readonly kind: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    reading.complain(
      'document-form',
      'a declaration is a map with apiVersion, kind, metadata and spec',
      offsetOf(document, []),
    );
    return false;
  }
  const kind = 'kind' in value ? value.kind : undefined;
  const kinds = [...validators.keys()];
  if (typeof kind === 'string' && validators.has(kind)) return true;
  const said = kind === undefined ? 'kind is missing' : `there is no kind ${JSON.stringify(kind)}`;
  const hint = typeof kind === 'string' ? didYouMean(kind, kinds) : '';
  reading.complain(
    'document-kind',
    `${said}; there are ${kinds.join(', ')}.${hint}`,
    offsetOf(document, ['kind']),
  );
  return false;
}

function complainOf(error: ErrorObject, document: Document, reading: Reading): void {
  const path = pathOf(error);
  const where = path.join('.') || 'the document';
  reading.complain('document-schema', `${where}: ${phrase(error)}`, offsetOf(document, path));
}

/** Offsets of keys that stand twice in one map; linear in the size of the document. */
function repeatedKeys(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map: (_, node) => {
      if (!isMap(node)) return;
      const seen = new Set<string>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) offsets.push(key.range?.[0] ?? 0);
        seen.add(name);
      }
    },
  });
  return offsets;
}

/** Keys and values in which an escape hides what the text does not show. */
function deceivingScalars(document: Document): { readonly character: string; readonly offset: number }[] {
  const found: { readonly character: string; readonly offset: number }[] = [];
  visit(document, {
    Scalar: (_, { value, range }) => {
      const character = typeof value === 'string' ? deceivingCharacter(value) : null;
      if (character !== null) found.push({ character, offset: range?.[0] ?? 0 });
    },
  });
  return found;
}
