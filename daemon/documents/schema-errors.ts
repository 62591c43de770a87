/** What ajv found, in words that say where and what to write instead. */
import { notSupportedKey } from '../core/not-supported.ts';
import { wantedForm } from '../core/wanted-form.ts';
import type { ErrorObject } from 'ajv';
import { didYouMean } from '../core/nearest.ts';
import { namePattern } from './schemas/parts.ts';

/** Path of the value or, for an unknown or badly named key, of the key. */
export function pathOf(error: ErrorObject): string[] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { additionalProperty } = error.params as { additionalProperty?: string };
  const key = additionalProperty ?? error.propertyName;
  return key === undefined ? path : [...path, key];
}

/** What is wrong, in words that say what to write instead. */
export function phrase(error: ErrorObject): string {
  const schema = error.parentSchema as {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly examples?: readonly unknown[];
    readonly type?: string;
    readonly description?: string;
  };
  const example = schema.examples?.[0];
  const hint = example === undefined ? '' : `, for example ${JSON.stringify(example)}`;
  switch (error.keyword) {
    case 'additionalProperties':
      return `unknown key.${unsupported((error.params as { additionalProperty: string }).additionalProperty)}${didYouMean((error.params as { additionalProperty: string }).additionalProperty, Object.keys(schema.properties ?? {}))} Known here: ${Object.keys(schema.properties ?? {}).join(', ')}`;
    case 'required':
      return `${JSON.stringify((error.params as { missingProperty: string }).missingProperty)} is missing`;
    case 'type':
      return `must be ${article(schema.type ?? 'value')}${insteadOf(error.data, schema.type) ?? hint}`;
    case 'enum':
      return `must be one of ${(error.params as { allowedValues: unknown[] }).allowedValues.join(', ')}.${typeof error.data === 'string' ? didYouMean(error.data, (error.params as { allowedValues: unknown[] }).allowedValues.map(String)) : ''}`;
    case 'const':
      return `must be ${JSON.stringify((error.params as { allowedValue: unknown }).allowedValue)}`;
    case 'anyOf':
      return `${formOfBranch(error) ?? 'has none of the forms it may have'}${exampleOf(error)}`;
    case 'minProperties':
    case 'maxProperties':
      if (schema.properties === undefined) return error.message ?? 'has too many or too few keys';
      return `give exactly one of ${Object.keys(schema.properties ?? {}).join(', ')}`;
    case 'pattern':
      if (error.propertyName !== undefined) {
        return schema.description ?? 'a name is made of a-z, 0-9, dot, dash and underscore (at most 64)';
      }
      return error.schema === namePattern
        ? `must be a name: lower-case letters and digits, with single dots and dashes inside${nameLike(error.data)}`
        : `${formOf(error.schema, error.data) ?? 'does not have the right form'}${hint}`;
    default:
      return `${error.message ?? 'is not allowed'}${hint}`;
  }
}

function unsupported(key: string): string {
  const words = notSupportedKey(key);
  return words === null ? '' : ` ${words}.`;
}

/** What people most often wrote instead of what was meant, and how to write that; null when there is nothing to say about it. */
function insteadOf(written: unknown, wanted: string | undefined): string | null {
  if (written === null) return '; it is empty';
  if (wanted === 'string' && (typeof written === 'number' || typeof written === 'boolean')) {
    return '; put it in quotes';
  }
  if (wanted === 'integer' || wanted === 'number') {
    return typeof written === 'string' && /^\d+$/.test(written) ? `; write ${written} without quotes` : null;
  }
  return wanted === 'array' && typeof written === 'string' ? '; put it in [ ]' : null;
}

/** Patterns of schemas are ours; what they want is said in words. */
function formOf(schema: unknown, data: unknown): string | null {
  if (typeof schema !== 'string' || typeof data !== 'string') return null;
  const pattern = new RegExp(schema, 'u');
  return wantedForm((text) => pattern.test(text), data);
}

/** Of several forms the one that a text can have. */
function formOfBranch({ parentSchema, data }: ErrorObject): string | null {
  const { anyOf } = parentSchema as { readonly anyOf?: readonly { readonly pattern?: string }[] };
  return formOf(anyOf?.find((branch) => branch.pattern !== undefined)?.pattern, data);
}

function nameLike(written: unknown): string {
  const likely = String(written)
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  return new RegExp(namePattern).test(likely) ? `, for example ${JSON.stringify(likely)}` : '';
}

function exampleOf(error: ErrorObject): string {
  const branches = (
    error.parentSchema as { readonly anyOf?: readonly { readonly examples?: readonly unknown[] }[] }
  ).anyOf;
  const example = branches?.find((branch) => branch.examples !== undefined)?.examples?.[0];
  return example === undefined ? '' : `, for example ${JSON.stringify(example)}`;
}

/** One complaint a mistake: the branches of an alternative and the frames of a condition say the same thing again. */
export function essential(errors: readonly ErrorObject[]): ErrorObject[] {
  return errors.filter(
    (error) =>
      error.keyword !== 'if' && error.keyword !== 'propertyNames' && !/\/anyOf\/\d+\//.test(error.schemaPath),
  );
}

function article(type: string): string {
  const word = type === 'object' ? 'map of keys' : type === 'array' ? 'list' : type;
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}
