/** Where each record stands below the prefix of the state branch: the one place that makes such paths and takes them apart. Pure. */
import { changePath } from '../core/change-record.ts';
import type { RecordKind } from './format.ts';

export { changePath };

/** Folders and files below the prefix that are the daemon's. What else stands there is not touched. */
export const recordFolders = [
  'certificates',
  'endpoints',
  'findings',
  'changes',
  'issuers',
  'issuance',
  'heartbeat.json',
] as const;

/** The same with the prefix, as a tree is searched. */
export function recordPrefixes(prefix: string): string[] {
  return recordFolders.map((folder) => prefix + folder);
}

/** Path of a certificate's record. `id` is `team/name`. */
export function certificatePath(id: string): string {
  return `certificates/${id}.json`;
}

/** Path of the chain installed for an installation, PEM, leaf first. */
export function chainPath(installation: string): string {
  return `certificates/${installation}.pem`;
}

/** Path of an endpoint's record. */
export function endpointPath(name: string): string {
  return `endpoints/${name}.json`;
}

/** Trailer of a commit that begins again after the history of the records was lost: the tip that was there. */
export const lostTrailer = 'Renewd-Lost';

export const findingsPath = 'findings/repository.json';
export const heartbeatPath = 'heartbeat.json';

/** What a path below the prefix holds; null for what is none of ours. */
export type RecordPlace =
  | { readonly kind: 'CertificateRecord' | 'chain'; readonly certificate: string }
  | { readonly kind: 'EndpointRecord'; readonly endpoint: string }
  | { readonly kind: Exclude<RecordKind, 'CertificateRecord' | 'EndpointRecord'> | 'publication' };

const part = '[A-Za-z0-9][A-Za-z0-9._-]*';
const certificateFile = new RegExp(`^certificates/(${part}/${part})\\.json$`);
const chainFile = new RegExp(`^certificates/(${part}/${part})@${part}\\.pem$`);
const endpointFile = new RegExp(`^endpoints/(${part})\\.json$`);
const changeFile = /^changes\/\d{4}-\d\d\/[0-9a-f]{40}(?:-part)?\.json$/;
const issuanceFile = new RegExp(`^issuance/${part}/[0-9a-fA-F]{1,64}\\.json$`);
const publicationFile = new RegExp(`^issuers/${part}/(?:${part}/)*${part}$`);

/** Takes a path below the prefix apart. Pure; null for a path the daemon never makes. */
export function placeOf(path: string): RecordPlace | null {
  const certificate = certificateFile.exec(path)?.[1];
  if (certificate !== undefined) return { kind: 'CertificateRecord', certificate };
  const chain = chainFile.exec(path)?.[1];
  if (chain !== undefined) return { kind: 'chain', certificate: chain };
  const endpoint = endpointFile.exec(path)?.[1];
  if (endpoint !== undefined) return { kind: 'EndpointRecord', endpoint };
  if (path === findingsPath) return { kind: 'RepositoryFindings' };
  if (path === heartbeatPath) return { kind: 'Heartbeat' };
  if (changeFile.test(path)) return { kind: 'ChangeRecord' };
  if (issuanceFile.test(path)) return { kind: 'IssuanceRecord' };
  if (publicationFile.test(path)) return { kind: 'publication' };
  return null;
}
