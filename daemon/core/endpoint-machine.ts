/**
 * Which endpoints reach one machine, for whoever is asked whether an endpoint may be declared. Wider than what tells paths apart (`claims.ts`): an address counts
 * whatever way leads there, since the way may be of one's own. Pure.
 */
import { isLocalName, machineHost } from './host-name.ts';
import { isInRange } from './ip-range.ts';
import type { DocumentProblem, Endpoint } from './model.ts';
import { keyOf } from './same.ts';

/** Everything by which the machine of an endpoint is known: host keys, its address with and without the way there. `endpoints`: those it may jump through. */
export function marksOf(endpoint: Endpoint, endpoints: ReadonlyMap<string, Endpoint>): ReadonlySet<string> {
  const { machine, config } = endpoint;
  const marks = new Set(machine);
  const { host, jump } = config;
  if (typeof host !== 'string') return marks;
  // What is no host is refused where it is declared (`convert-endpoint.ts`).
  const address = machineHost(host) ?? host;
  const port = typeof config['port'] === 'number' ? config['port'] : 22;
  const through = typeof jump === 'string' ? endpoints.get(jump) : undefined;
  if (jump === undefined || !isLoopback(address)) return marks.add(keyOf(address, port));
  // The loopback at the end of a way is the last machine of the way. A circle has no end.
  if (through !== undefined && withoutCircle(through, endpoints))
    for (const mark of marksOf(through, endpoints)) marks.add(mark);
  return marks;
}

const loopback = ['127.0.0.0/8', '0.0.0.0/8', '::1', '::'];

function isLoopback(address: string): boolean {
  return isLocalName(address) || loopback.some((each) => isInRange(address, each));
}

function withoutCircle(endpoint: Endpoint, endpoints: ReadonlyMap<string, Endpoint>): boolean {
  const passed = new Set<string>();
  for (let at: unknown = endpoint.name; typeof at === 'string'; at = endpoints.get(at)?.config['jump']) {
    if (passed.has(at)) return false;
    passed.add(at);
  }
  return true;
}

/** Finds which of `all` are the machine that has any of some marks, each once. Made for one state: marks are looked up, not compared in pairs. */
export function sameMachine(
  all: Iterable<Endpoint>,
  endpoints: ReadonlyMap<string, Endpoint>,
): (marks: ReadonlySet<string>) => readonly Endpoint[] {
  const byMark = new Map<string, Endpoint[]>();
  for (const each of all) {
    for (const mark of marksOf(each, endpoints)) {
      const there = byMark.get(mark);
      if (there === undefined) byMark.set(mark, [each]);
      else there.push(each);
    }
  }
  return (marks) => [...new Set([...marks].flatMap((mark) => byMark.get(mark) ?? []))];
}

/**
 * Endpoints of different teams on one machine: what each says of programs and directories holds for all of it. A warning, for a server that two teams share on purpose
 * has one endpoint each; ChangeControl asks both when one of them comes (`endpoint-rights.ts`).
 */
export function sharedMachineProblems(endpoints: ReadonlyMap<string, Endpoint>): DocumentProblem[] {
  const alike = sameMachine(endpoints.values(), endpoints);
  return [...endpoints.values()].flatMap((endpoint): DocumentProblem[] => {
    const { name, team, source } = endpoint;
    const [other] = alike(marksOf(endpoint, endpoints)).filter((each) => each.team !== team);
    if (other === undefined) return [];
    const scope = source.file.slice(0, Math.max(source.file.lastIndexOf('/'), 0));
    const whose = (of: string | null): string => (of === null ? 'of no team' : `of team ${of}`);
    const message = `endpoint ${name} ${whose(team)} is the machine of endpoint ${other.name} ${whose(other.team)} (${other.source.file}:${String(other.source.line)}): each decides what runs on it. Keep one endpoint, and list it under endpoints of the other team; or agree that both may`;
    return [{ code: 'machine-shared', message, source, excerpt: null, severity: 'warning', scope }];
  });
}
