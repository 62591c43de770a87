/** The lines that the list of a helper (docs/endpoint-helper.md) needs for what is declared. Pure but for the cache of templates. */
import type { Desired, Endpoint, Profile } from '../../core/model.ts';
import type { AllowLine } from '../../ports/target.ts';
import { placementOf, storeRootOf, type Placement } from '../../core/placement.ts';
import { keyOf } from '../../core/same.ts';
import { renderWords } from '../../templates/render.ts';

/**
 * Every line without which an installation declared at `endpoint` fails, each once, in the order of the list's documentation. `webroots`: where
 * issuers put answers on the machines of a certificate, by name of the issuer.
 */
export function neededLines(
  desired: Pick<Desired, 'certificates' | 'profiles'>,
  endpoint: Endpoint,
  webroots: ReadonlyMap<string, string>,
): readonly AllowLine[] {
  const lines: AllowLine[] = [{ kind: 'directory', text: storeRootOf(endpoint) }];
  for (const certificate of desired.certificates.values()) {
    for (const installation of certificate.installations) {
      const profile = desired.profiles.get(installation.profile);
      if (installation.endpoint !== endpoint.name || profile === undefined) continue;
      if (certificate.state === 'retired') continue;
      const placed = placementOf({ certificate, installation, endpoint, profile });
      if ('faults' in placed) continue;
      lines.push(...linesOf(placed.placement, profile));
      const webroot = webroots.get(certificate.issuer);
      if (webroot !== undefined) lines.push({ kind: 'webroot', text: webroot });
    }
  }
  const order = ['directory', 'link', 'command', 'webroot', 'owner', 'key-group'];
  const once = new Map(lines.map((each) => [keyOf(each.kind, each.text), each]));
  return [...once.values()].sort(
    (left, right) =>
      order.indexOf(left.kind) - order.indexOf(right.kind) || (left.text < right.text ? -1 : 1),
  );
}

function linesOf(placement: Placement, profile: Profile): AllowLine[] {
  const values = { ...placement.words, store: placement.store };
  const owners = profile.files.flatMap((file) =>
    file.owner == null ? [] : [{ ...file, owner: file.owner }],
  );
  return [
    ...placement.links.map(({ path }): AllowLine => ({ kind: 'link', text: path })),
    ...[...profile.test, ...profile.reload].map((templates): AllowLine => ({
      kind: 'command',
      text: renderWords(templates, values).join(' '),
    })),
    ...owners.map(({ owner }): AllowLine => ({ kind: 'owner', text: owner })),
    ...owners.flatMap(({ owner, content, mode }): AllowLine[] => {
      const group = owner.split(':')[1] ?? '';
      const holdsKey = content === 'key' || content === 'combined';
      return holdsKey && /^0[46]40$/.test(mode) && group !== '' ? [{ kind: 'key-group', text: group }] : [];
    }),
  ];
}
