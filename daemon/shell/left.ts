/** What is installed and no longer declared where it stands, beside what is: read from memory, changing nothing. */
import type { Certificate, Installation } from '../core/model.ts';
import type { Memory } from './memory.ts';

/** Paths of records that still have to be removed, as the journal knows them. */
export function recallReleased(kept: string | null): Set<string> {
  const paths: unknown = JSON.parse(kept ?? '[]');
  return new Set(Array.isArray(paths) ? paths.filter((each) => typeof each === 'string') : []);
}

/** Endpoints at which the journal knows an installation of a declared certificate that is not declared there any more, as `Memory.left`. Pure. */
export function leftOf(
  memory: Pick<Memory, 'installations'>,
  declared: ReadonlyMap<string, Certificate>,
): Map<string, readonly Installation[]> {
  const left = new Map<string, readonly Installation[]>();
  for (const [id, { certificate, installed }] of memory.installations) {
    if (certificate === null || installed === null) continue;
    const now = declared.get(certificate.id);
    if (now === undefined || now.installations.some((each) => each.id === id)) continue;
    const installation = certificate.installations.find((each) => each.id === id);
    if (installation !== undefined)
      left.set(certificate.id, [...(left.get(certificate.id) ?? []), installation]);
  }
  return left;
}

/** The certificate with everything of it that is watched: what is declared, and what it has left. */
export function watchedOf(memory: Memory, id: string): Certificate | null {
  const certificate = memory.desired?.certificates.get(id) ?? memory.withdrawn.get(id) ?? null;
  const left = memory.left.get(id);
  return certificate === null || left === undefined
    ? certificate
    : { ...certificate, installations: [...certificate.installations, ...left] };
}
