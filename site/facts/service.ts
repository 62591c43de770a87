/** The service as a programme, and what can be asked for. Pure. */
import { limits } from '../../daemon/limits.ts';
import type { Catalogue, Service } from '../src/lib/model.ts';
import { sortedBy } from './order.ts';
import type { SiteSources } from './sources.ts';

/** Figures, steps and programme, of the newest quarter that evidence was gathered for. */
export function serviceFacts({ evidence, declared }: SiteSources): Service {
  const [pack] = evidence;
  const [program] = declared.programs;
  return {
    period: pack?.period ?? '',
    metrics: pack?.metrics ?? null,
    steps: pack?.steps ?? [],
    program:
      program === undefined
        ? null
        : {
            title: program.title,
            sponsor: program.sponsor,
            owner: program.owner,
            charter: program.charter,
            supportContact: program.supportContact,
            targets: program.targets,
          },
  };
}

/** The catalogue: offers in the order of their names, and what a declaration may refer to. */
export function catalogueFacts({ declared }: SiteSources): Catalogue {
  const byName = <Item extends { readonly name: string }>(items: readonly Item[]): readonly Item[] =>
    sortedBy(items, (each) => each.name).slice(0, limits.site.catalogueItemsMax);
  return {
    offers: byName(declared.offers).map((each) => ({
      name: each.name,
      title: each.title,
      description: each.description,
      issuer: each.issuer,
      profile: each.profile,
      keyAlgorithm: each.keyAlgorithm,
      lifetime: each.lifetime,
      usages: each.usages,
      labels: each.certificateLabels,
      teams: each.teams,
      leadTime: each.leadTime,
    })),
    teams: byName(declared.teams).map(({ name, displayName, dnsNames, endpoints }) => ({
      name,
      displayName,
      dnsNames,
      endpoints,
    })),
    issuers: byName(declared.issuers).map(({ name, type }) => ({ name, type })),
    endpoints: byName(declared.endpoints).map(({ name, team }) => ({ name, team })),
    profiles: byName(declared.profiles).map(({ name, description, parameters }) => ({
      name,
      description,
      // What the endpoint sets is not for whoever asks.
      parameters: Object.entries(parameters)
        .filter(([, said]) => said.setBy === 'certificate')
        .map(([parameter, said]) => ({
          name: parameter,
          description: said.description,
          default: said.default,
          pattern: said.pattern,
        })),
    })),
  };
}
