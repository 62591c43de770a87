/**
 * Reads the text of the daemon's configuration file: YAML 1.2, checked against its schema, every mistake with its position.
 * It applies no defaults and follows no path: that is `daemon/config.ts`.
 */
import { Ajv } from 'ajv';
import { LineCounter, parseDocument } from 'yaml';
import type { DocumentProblem, DriftMode, SourcePosition } from '../core/model.ts';
import type { SecretUse } from '../core/secret-binding.ts';
import { limits } from '../limits.ts';
import { configSchema } from './config-schema.ts';
import { excerptOf } from './excerpt.ts';
import { findAliases, offsetOf } from './positions.ts';
import { essential, pathOf, phrase } from './schema-errors.ts';

export interface SecretReference {
  readonly secret: string;
}

/** One entry of `secrets`: exactly one of the first five. */
export interface WrittenSecret {
  readonly file?: string;
  readonly env?: string;
  readonly credential?: string;
  readonly age?: string;
  readonly agent?: true;
  readonly for?: SecretUse;
  readonly hosts?: readonly string[];
  readonly through?: readonly string[];
  readonly names?: readonly string[];
}

/** The file as written, after its schema. null is a section without keys. */
export interface ConfigFile {
  readonly repo?: string;
  readonly branch?: string;
  readonly data?: string;
  readonly git?: {
    readonly username?: string;
    readonly token?: SecretReference;
    readonly caFile?: string;
    readonly ssh?: {
      readonly key?: SecretReference;
      readonly knownHostsFile?: string;
      readonly hostKeys?: readonly string[];
      readonly agent?: boolean;
    } | null;
  } | null;
  readonly state?: { readonly branch?: string } | null;
  readonly signing?: {
    readonly key?: SecretReference;
    readonly name?: string;
    readonly email?: string;
  } | null;
  readonly custody?: { readonly identity?: SecretReference } | null;
  readonly secrets?: Readonly<Record<string, WrittenSecret>> | null;
  readonly http?: {
    readonly listen?: string;
    readonly webhook?: { readonly secret?: SecretReference } | null;
  } | null;
  readonly turn?: {
    readonly pollInterval?: string;
    readonly observeInterval?: string;
    readonly observeAgainInterval?: string;
    readonly concurrentEndpoints?: number;
    readonly concurrentObservations?: number;
  } | null;
  readonly site?: {
    readonly build?: boolean;
    readonly outDir?: string;
    readonly base?: string;
    readonly redaction?: 'public' | 'internal' | 'full';
    readonly forge?: { readonly kind: 'github' | 'gitea' | 'forgejo' | 'gitlab'; readonly url: string };
  } | null;
  readonly trust?: { readonly commit?: string } | null;
  readonly drift?: { readonly default?: DriftMode } | null;
  readonly log?: {
    readonly level?: 'debug' | 'info' | 'warn' | 'error';
    readonly format?: 'auto' | 'plain' | 'json';
  } | null;
}

export interface ParsedConfig {
  /** null when there is any problem. */
  readonly value: ConfigFile | null;
  readonly problems: readonly DocumentProblem[];
  /** Where a value stands, by its path; the nearest parent that exists where it does not. */
  readonly positionOf: (path: readonly string[]) => SourcePosition;
}

const ajv = new Ajv({ allErrors: true, strict: true, verbose: true, $data: false });
const validate = ajv.compile<ConfigFile | null>(configSchema);

/** Parses and checks. Never throws for what the text says; positions name `file`. No IO. */
export function parseConfigText(text: string, file: string): ParsedConfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter,
    prettyErrors: false,
    stringKeys: true,
  });
  const at = (offset: number): SourcePosition => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const lines = text.split(/\r?\n/);
  const problem = (code: string, message: string, offset: number): DocumentProblem => {
    const source = at(offset);
    const line = lines[source.line - 1];
    const excerpt = line === undefined ? null : excerptOf(line, source.column);
    return { code, message, source, excerpt, severity: 'error', scope: file };
  };
  const positionOf = (path: readonly string[]): SourcePosition => at(offsetOf(document, path));

  // The parser only warns about unknown tags and then yields the raw value: a configuration means what it says or nothing.
  const syntax = [...document.errors, ...document.warnings].map((error) =>
    problem('yaml-syntax', error.message, error.pos[0]),
  );
  const aliases = findAliases(document).map((offset) =>
    problem('yaml-alias', 'anchors and aliases are not used here: write the value out', offset),
  );
  const broken = [...syntax, ...aliases];
  if (broken.length > 0)
    return { value: null, problems: broken.slice(0, limits.config.problemsMax), positionOf };

  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (validate(value)) return { value: value ?? {}, problems: [], positionOf };
  const problems = essential(validate.errors ?? [])
    .map((error) => {
      const path = pathOf(error);
      return problem(
        'config-schema',
        `${path.join('.') || 'the file'}: ${phrase(error)}`,
        offsetOf(document, path),
      );
    })
    .sort((a, b) => a.source.line - b.source.line || a.source.column - b.source.column);
  return { value: null, problems: problems.slice(0, limits.config.problemsMax), positionOf };
}
