/** The posture for programs: counts, trend, teams. With badges the only feed that the public gets. Its schema is a contract. */
import { renderRecord } from '../../daemon/documents/write.ts';
import { slug } from '../src/lib/links.ts';
import type { SiteModel, TeamFacts } from '../src/lib/model.ts';
import { dataAge } from '../src/lib/posture.ts';
import { openOf } from '../src/lib/trend-words.ts';
import type { DataFile, FeedInput } from './feed.ts';
import { isInstant } from './instants.ts';
import { certificatesSchema, summarySchema } from './schemas.ts';

function headOf(model: SiteModel, team: string | null): object {
  const { state, intent, at } = model.generatedFrom;
  const { stale, staleAt } = dataAge(model);
  const seen = isInstant(model.dataAge.at) ? model.dataAge.at : null;
  return {
    apiVersion: 'renewd/v1',
    kind: 'SiteSummary',
    team,
    state,
    intent,
    at,
    facts: { at: seen, staleAt, stale },
  };
}

function folderOf(team: TeamFacts): string {
  return `teams/${slug(team.name)}/`;
}

function ofAll(model: SiteModel): object {
  const { total, open, findings, counts, endpoints, unread, trend } = model.posture;
  return {
    ...headOf(model, null),
    certificates: total,
    needPerson: open,
    findings,
    counts,
    endpoints: { total: endpoints, unread },
    trend: trend.map((point) => ({
      ...point,
      needPerson: point.counts === null ? null : openOf(point.counts),
    })),
    teams: model.teams.map((team) => ({
      team: team.name,
      displayName: team.displayName,
      folder: folderOf(team),
      certificates: team.total,
      needPerson: team.open,
      findings: team.findings,
    })),
  };
}

function ofTeam(model: SiteModel, team: TeamFacts): object {
  return {
    ...headOf(model, team.name),
    certificates: team.total,
    needPerson: team.open,
    findings: team.findings,
    counts: team.counts,
    trend: model.posture.trend.map(({ at, commit }, index) => ({
      at,
      commit,
      needPerson: team.trend[index] ?? null,
    })),
  };
}

/** `summary.json`, of everything and of each team. */
export function* summaries({ model }: FeedInput): Generator<DataFile> {
  yield {
    path: 'summary.json',
    text: renderRecord(ofAll(model)),
    feed: { title: 'Posture for programs: all certificates', kind: 'json', team: null },
  };
  for (const team of model.teams)
    yield {
      path: `${folderOf(team)}summary.json`,
      text: renderRecord(ofTeam(model, team)),
      feed: { title: `Posture for programs: ${team.displayName}`, kind: 'json', team: team.name },
    };
}

/** The schemas of those feeds in JSON that the site has. */
export function* schemas({ model }: FeedInput): Generator<DataFile> {
  yield {
    path: 'summary.schema.json',
    text: renderRecord(summarySchema),
    feed: { title: 'Schema of summary.json', kind: 'schema', team: null },
  };
  if (model.redaction === 'public') return;
  yield {
    path: 'certificates.schema.json',
    text: renderRecord(certificatesSchema),
    feed: { title: 'Schema of certificates.json', kind: 'schema', team: null },
  };
}
