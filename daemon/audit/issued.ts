/** Compares every certificate the records ever named as issued with the declaration that was in force when it was issued. Pure. */
import { canonicalJson } from '../core/canonical.ts';
import type { Certificate } from '../core/model.ts';
import type { IssuedRecord } from '../core/record-format.ts';
import type { Claims } from './claim.ts';
import type { Replay } from './replay.ts';
import type { FirstSeen, StateHistory } from './state-history.ts';

/** The commits whose state this comparison needs. */
export function sourcesOf({ issuedIn }: Pick<StateHistory, 'issuedIn'>): ReadonlySet<string> {
  return new Set([...issuedIn.values()].flatMap((each) => sourceOf(each) ?? []));
}

/** The commit its record names; in records of an older renewd the one that the commit of the records names. */
function sourceOf({ issued, source }: FirstSeen): string | null {
  return issued.source ?? source;
}

/** One claim a certificate that renewd issued. Those found in place were asked for by nobody and are left out. */
export function auditIssued(
  replayed: Pick<Replay, 'inForceAt' | 'line'>,
  { issuedIn }: Pick<StateHistory, 'issuedIn'>,
  claims: Claims,
): void {
  for (const first of issuedIn.values()) {
    const { installation, issued } = first;
    if (issued.issuedBy === null) continue;
    const source = sourceOf(first);
    const what = `serial ${issued.serial} is what was declared when it was issued`;
    if (source === null || !replayed.line.includes(source)) {
      claims.add(
        installation,
        what,
        'unproven',
        `${source ?? 'no commit'} is not in the history that was replayed`,
      );
      continue;
    }
    const certificate = replayed.inForceAt
      .get(source)
      ?.certificates.get(installation.slice(0, installation.lastIndexOf('@')));
    const wrong =
      certificate === undefined
        ? ['nothing in force declared it']
        : deviations(certificate, installation, issued);
    claims.prove(installation, what, wrong.length === 0, wrong.join('; ') || `by ${source.slice(0, 10)}`);
  }
}

function deviations(certificate: Certificate, installation: string, issued: IssuedRecord): string[] {
  const wrong: string[] = [];
  const compare = (what: string, said: string, declared: string): void => {
    if (said !== declared) wrong.push(`${what} is ${said || 'none'}, declared was ${declared || 'none'}`);
  };
  const sorted = (names: readonly string[]): string =>
    names.length === 0 ? '' : canonicalJson([...names].sort());
  compare('names', sorted(issued.dnsNames), sorted(certificate.dnsNames));
  compare('addresses', sorted(issued.ipAddresses), sorted(certificate.ipAddresses));
  compare('key algorithm', issued.keyAlgorithm, certificate.key.algorithm);
  compare('issuer', issued.issuedBy ?? '', certificate.issuer);
  if (!certificate.installations.some((each) => each.id === installation))
    wrong.push('this endpoint was not declared for it');
  if (certificate.state !== 'present') wrong.push('it was declared as retired');
  return wrong;
}
