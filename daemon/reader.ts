/** The reader of declarations with everything built in known to it. Loads schemas, rules and packs, and nothing that acts. */
import type { DriftMode } from './core/model.ts';
import { ruleSchemas } from './core/rules/index.ts';
import { createReader, type DocumentReader, type ParsedFile } from './documents/read.ts';
import { issuerLimits, issuerSchemas } from './issuers/schemas.ts';
import { builtInPackFiles } from './packs/index.ts';
import { builtInProfileFiles } from './profiles/index.ts';
import { endpointSchemas } from './targets/schemas.ts';

/** The reader of declarations with every built-in plug-in and rule known to it. Does no IO. */
export function documentReader(driftDefault: DriftMode = 'enforce'): DocumentReader {
  return createReader({ issuerSchemas, issuerLimits, endpointSchemas, ruleSchemas, driftDefault });
}

/** The profiles, packs and the policy that come with renewd, read as any declaration is. Of the packs only those named, where names are given: who judges one pull request waits for no others. IO: reads its own files. */
export function builtIns(
  reader: DocumentReader,
  packs: ReadonlySet<string> | null = null,
): readonly ParsedFile[] {
  return [...builtInProfileFiles(), ...builtInPackFiles(packs)].map((file) => reader.parseFile(file));
}
