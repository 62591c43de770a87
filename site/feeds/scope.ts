/** Of whom a file of data tells: of everything, or of one team. Pure. */
import type { CertificateRecord } from '../../daemon/core/record-format.ts';
import { compareText } from '../facts/order.ts';
import { clean } from '../src/lib/clean.ts';
import { slug } from '../src/lib/links.ts';
import type { FeedInput } from './feed.ts';

export interface Scope {
  /** Clean, as the model and the pages call it; null: everything. */
  readonly team: string | null;
  /** For titles: `all certificates` or `Web shop`. Clean. */
  readonly words: string;
  /** Folder below the base: `` or `teams/web/`. */
  readonly folder: string;
  /** By need. */
  readonly certificates: readonly CertificateRecord[];
}

/** Everything first, then each team in the order of names. One that has no certificate yet has its files too: who subscribes early finds nothing at first, and then what comes. */
export function scopesOf({ estate, model }: Pick<FeedInput, 'estate' | 'model'>): readonly Scope[] {
  const shown = new Map(model.teams.map((each) => [each.name, each.displayName]));
  const own = new Map<string, readonly CertificateRecord[]>();
  for (const [name, certificates] of estate.byTeam)
    own.set(clean(name), [...(own.get(clean(name)) ?? []), ...certificates]);
  const teams = [...new Set([...shown.keys(), ...own.keys()])].sort(compareText);
  return [
    { team: null, words: 'all certificates', folder: '', certificates: estate.certificates },
    ...teams.map((team) => ({
      team,
      words: shown.get(team) ?? team,
      folder: `teams/${slug(team)}/`,
      certificates: own.get(team) ?? [],
    })),
  ];
}

/** `team/name@endpoint`, the one name of an installation in every feed. */
export function installationId(certificate: string, endpoint: string): string {
  return `${clean(certificate)}@${clean(endpoint)}`;
}
