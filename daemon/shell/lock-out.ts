/** Whether a change of who may sign would lock everybody out: a list that cannot be read, or one on which nobody is left who may change it. Pure. */
import type { ChangeReason } from '../core/change-judgement.ts';
import type { Desired } from '../core/model.ts';
import { permittedFor } from '../core/change-judgement.ts';
import { matchesList, parseAllowedSigners } from '../git/allowed-signers.ts';
import { readRevokedKeys } from '../git/revoked-keys.ts';
import { allowedSignersPath, openPgpPrincipal, revokedKeysPath, type TrustFile } from './in-force.ts';

/** Why the lists of signers must not take effect; null: they may. */
export function lockOut(after: Desired, trust: ReadonlyMap<string, TrustFile>): ChangeReason | null {
  const broken = readRevokedKeys(trust.get(revokedKeysPath)?.bytes ?? null).unreadable;
  if (broken !== null) {
    return reason(
      revokedKeysPath,
      `${revokedKeysPath} cannot be read (${broken}): it would revoke every key, also of those who could mend it`,
      'Write one public key, SHA256: fingerprint or # comment a line, or a list made by ssh-keygen -k.',
    );
  }
  const control = after.changeControl;
  if (control?.signatures !== 'required') return null;
  const permitted = permittedFor(control, after, allowedSignersPath);
  const lines = parseAllowedSigners(Buffer.from(trust.get(allowedSignersPath)?.bytes ?? []).toString('utf8'));
  const openPgp = [...trust.keys()].flatMap((path) => openPgpPrincipal(path) ?? []);
  const listed = (principal: string): boolean =>
    openPgp.includes(principal) || lines.some((each) => matchesList(each.principals, principal));
  const left = permitted === null ? lines.length + openPgp.length > 0 : [...permitted].some(listed);
  if (left) return null;
  return reason(
    control.source.file,
    `nobody would be left who may change ${allowedSignersPath}: ${permitted === null ? 'no signer is listed' : [...permitted].join(', ') || 'nobody'} has no key there`,
    `Keep at least one of those who may change ${allowedSignersPath} in it.`,
  );
}

function reason(file: string, message: string, fix: string): ChangeReason {
  return { code: 'would-lock-out', message, fix, commit: null, source: { file, line: 1, column: 1 } };
}
