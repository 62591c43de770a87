/** Kind Endpoint: what every type of it says of its machine and of who may put what there. */
import { createHash } from 'node:crypto';
import type { CertificatePlace, Declared, Endpoint, EndpointProfile } from '../core/model.ts';
import { plainPathFault } from '../core/plain-path.ts';
import type { CheckedDocument, Place } from './convert.ts';
import { isSpecialNetwork, networkFault } from '../core/reach.ts';
import { hostFault } from '../core/host-name.ts';
import { readMachineHost } from './names.ts';
import { list, map, text, textMap, texts } from './plain.ts';

/** An Endpoint. Complains of paths that are none, or too wide to be a place for certificates. */
export function toEndpoint(
  declared: Declared,
  team: string | null,
  spec: CheckedDocument['spec'],
  place: Place,
): Endpoint {
  const profiles = spec['profiles'];
  return {
    ...declared,
    kind: 'Endpoint',
    team,
    type: text(spec['type']),
    config: spec,
    machine: machineOf(spec, place),
    networks: networks(spec['networks'], place, true),
    profiles:
      profiles === undefined
        ? null
        : Object.fromEntries(
            Object.entries(map(profiles)).map(([name, said]) => [
              name,
              toEndpointProfile(map(said), ['spec', 'profiles', name], place),
            ]),
          ),
  };
}

function toEndpointProfile(
  said: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
  place: Place,
): EndpointProfile {
  const paths = list(said['paths']).map((each, index): CertificatePlace => {
    const written = typeof each === 'string' ? each : text(map(each)['path']);
    plainPlace(written, [...path, 'paths', index], place);
    return { path: written, teams: typeof each === 'string' ? null : texts(map(each)['teams']) };
  });
  return {
    parameters: textMap(said['parameters']),
    paths: said['paths'] === undefined ? null : paths,
    source: place.at(path),
  };
}

/** Paths under which certificate files may stand, as written. */
export function plainPaths(value: unknown, path: readonly (string | number)[], place: Place): string[] {
  const paths = texts(value);
  for (const [index, each] of paths.entries()) plainPlace(each, [...path, index], place);
  return [...paths];
}

function plainPlace(written: string, path: readonly (string | number)[], place: Place): void {
  const wrong =
    plainPathFault(written) ??
    // Whoever may put files below /etc owns the machine.
    (written.lastIndexOf('/') === 0
      ? 'is a whole directory of the system: name the directory of the certificates in it'
      : null);
  if (wrong !== null) place.complain(`${JSON.stringify(written)} ${wrong}`, path);
}

/** Networks over which something may be looked at. Only an endpoint opens what is special. */
export function networks(value: unknown, place: Place, endpoint: boolean): string[] {
  const written = texts(value);
  for (const [index, each] of written.entries()) {
    const wrong =
      networkFault(each) ??
      (!endpoint && isSpecialNetwork(each)
        ? 'is loopback, link-local or a metadata service: only the endpoint that means it may say so'
        : null);
    if (wrong !== null) place.complain(`${JSON.stringify(each)} ${wrong}`, ['spec', 'networks', index]);
  }
  return [...written];
}

/** Marks by which two declarations of one machine are recognised: where it is reached, and what it proves itself by. Complains of a host that has more than one reading. */
function machineOf(spec: CheckedDocument['spec'], place: Place): string[] {
  const marks = texts(spec['hostKeys']).map(fingerprintOf);
  const written = text(spec['host']);
  if (written === '') return marks;
  const host = readMachineHost(written);
  if (host === null) place.complain(`${JSON.stringify(written)} ${hostFault}`, ['spec', 'host']);
  const port = typeof spec['port'] === 'number' ? spec['port'] : 22;
  return [`${host ?? written}:${String(port)} through ${text(spec['jump']) || 'nothing'}`, ...marks];
}

/** SHA256:... of a key line, as OpenSSH prints it; a fingerprint is its own. */
function fingerprintOf(written: string): string {
  const base64 = written.split(' ')[1];
  if (base64 === undefined) return written.replace(/={1,2}$/, '');
  const digest = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/={1,2}$/, '')}`;
}
