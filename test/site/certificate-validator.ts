/** The validator that the form has in the browser, from the same text, in this process. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { certificateValidatorCode } from '../../daemon/documents/standalone.ts';
import type { CertificateValidator } from '../../site/src/lib/request-problems.ts';

/** Compiles it. IO: a temporary directory. */
export function certificateValidator(): CertificateValidator {
  const directory = mkdtempSync(join(tmpdir(), 'renewd-validator-'));
  try {
    symlinkSync(resolve('node_modules'), join(directory, 'node_modules'), 'dir');
    const file = join(directory, 'validator.cjs');
    writeFileSync(file, certificateValidatorCode());
    return createRequire(import.meta.url)(file) as CertificateValidator;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
