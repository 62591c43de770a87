/** The schema of certificates as plain JavaScript, for places where code may not be made while it runs: the request form of the site, whose policy forbids eval. */
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { certificateSchema } from './schemas/certificate.ts';

/**
 * A CommonJS module whose export is the validator that `createReader` compiles for kind Certificate: the same schema, the same options, the same errors.
 * It requires `ajv/dist/runtime/*`. Pure; the same version gives the same text.
 */
export function certificateValidatorCode(): string {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    $data: false,
    code: { source: true },
  });
  return standalone.default(ajv, ajv.compile(certificateSchema));
}
