/**
 * When something that is no longer declared comes to its end: until then it is watched, since somebody may still depend on it. The list is the specification. Pure.
 */
import type { JudgedAddress } from './assessment.ts';
import type { Installed } from './installation-state.ts';
import type { Address, Installation, Instant } from './model.ts';
import { endOf, endsAt } from './renewal.ts';

/** An installation that the journal knows and nothing declares any more. */
export interface Withdrawn {
  readonly installation: Installation;
  readonly installed: Installed;
  /** The certificate was declared as retired before its declaration went, or names this endpoint under `released`. */
  readonly isReleased: boolean;
  /** What its own addresses showed at the last look. */
  readonly addresses: readonly JudgedAddress[];
  readonly now: Instant;
}

/** What is declared and installed, with what its addresses showed. */
export interface Present {
  readonly installation: Installation;
  readonly addresses: readonly JudgedAddress[];
}

type Reason = (gone: Withdrawn, present: readonly Present[]) => string | null;

const reasons: readonly Reason[] = [
  ({ isReleased }) => (isReleased ? 'its declaration said that it ends' : null),
  (gone, present) => {
    const heir = present.find((each) => takesThePlaceOf(each, gone));
    return heir === undefined ? null : `${heir.installation.id} took its place`;
  },
  (gone) => (showsSomethingElse(gone) ? 'none of its addresses serves it any more' : null),
  (gone) =>
    endOf(gone.installed.issued) < gone.now && !isStillServed(gone)
      ? `it expired at ${endsAt(gone.installed.issued)} and is served nowhere`
      : null,
];

/** Why it ends now; null: it is watched on. */
export function endOfWithdrawn(gone: Withdrawn, present: readonly Present[]): string | null {
  for (const reason of reasons) {
    const because = reason(gone, present);
    if (because !== null) return because;
  }
  return null;
}

/** Does an address show the certificate that was installed, or the one before? */
export function isStillServed({ installed, addresses }: Pick<Withdrawn, 'installed' | 'addresses'>): boolean {
  const ours = [installed.issued.fingerprint, installed.previous?.fingerprint];
  return addresses.some(({ handshake }) =>
    [handshake, ...(handshake.others ?? [])].some(
      ({ leaf }) => leaf !== null && ours.includes(leaf.fingerprint),
    ),
  );
}

function showsSomethingElse({ installation: { serves }, installed, addresses }: Withdrawn): boolean {
  return (
    serves.length > 0 &&
    addresses.length === serves.length &&
    addresses.every(({ handshake }) =>
      [handshake, ...(handshake.others ?? [])].every(({ leaf }) => leaf !== null),
    ) &&
    !isStillServed({ installed, addresses })
  );
}

/** The same addresses, seen to serve the other; without addresses the same files on the same endpoint. */
function takesThePlaceOf({ installation, addresses }: Present, gone: Withdrawn): boolean {
  const { serves } = gone.installation;
  if (serves.length > 0)
    return serves.every((address) =>
      addresses.some(
        (each) => each.result === 'served-match' && sameAddress(each.handshake.address, address),
      ),
    );
  return (
    installation.endpoint === gone.installation.endpoint &&
    installation.profile === gone.installation.profile &&
    Object.keys(installation.parameters).length > 0 &&
    sameParameters(installation.parameters, gone.installation.parameters)
  );
}

function sameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port && one.serverName === other.serverName;
}

function sameParameters(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const text = (of: typeof one): string =>
    JSON.stringify(Object.entries(of).sort(([left], [right]) => (left < right ? -1 : 1)));
  return text(one) === text(other);
}
