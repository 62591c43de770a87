/** Which endpoints cannot be reached because of a `jump` that leads nowhere: found before anything follows one, so that following what remains always ends. Pure. */
import type { Endpoint } from './model.ts';

export type JumpFault =
  /** `jump` names no endpoint. */
  | { readonly fault: 'missing'; readonly jump: string }
  /** Following `jump` comes back to this endpoint. */
  | { readonly fault: 'circle' }
  /** An endpoint on the way has one of the faults above. */
  | { readonly fault: 'through'; readonly culprit: string };

/** The faulty endpoints by name; without them every `jump` that remains names an endpoint that remains. */
export function findJumpFaults(endpoints: ReadonlyMap<string, Endpoint>): ReadonlyMap<string, JumpFault> {
  const own = new Map<string, JumpFault>();
  for (const { name, config } of endpoints.values()) {
    const jump = config['jump'];
    if (typeof jump !== 'string') continue;
    if (!endpoints.has(jump)) own.set(name, { fault: 'missing', jump });
    else if (way(endpoints, jump).has(name)) own.set(name, { fault: 'circle' });
  }
  const all = new Map(own);
  for (const name of own.size === 0 ? [] : endpoints.keys()) {
    if (own.has(name)) continue;
    const culprit = [...way(endpoints, name)].find((each) => own.has(each));
    if (culprit !== undefined) all.set(name, { fault: 'through', culprit });
  }
  return all;
}

/** The names that following `jump` passes, the first included; each once, so that a circle ends. */
function way(endpoints: ReadonlyMap<string, Endpoint>, from: string): ReadonlySet<string> {
  const passed = new Set<string>();
  for (let at: unknown = from; typeof at === 'string' && !passed.has(at);) {
    passed.add(at);
    at = endpoints.get(at)?.config['jump'];
  }
  return passed;
}

/** The configuration of an endpoint with that of each endpoint it jumps through in place of its name, and the blobs all of it comes from. null when a jump is not declared. */
export function withJumps(
  endpoint: Endpoint,
  endpoints: ReadonlyMap<string, Endpoint>,
): { readonly config: Readonly<Record<string, unknown>>; readonly blobs: readonly string[] } | null {
  const name = endpoint.config['jump'];
  if (typeof name !== 'string') return { config: endpoint.config, blobs: [endpoint.blob] };
  const jump = endpoints.get(name);
  const inner = jump === undefined ? null : withJumps(jump, endpoints);
  if (inner === null) return null;
  return {
    config: { ...endpoint.config, jump: { ...inner.config, endpoint: name } },
    blobs: [endpoint.blob, ...inner.blobs],
  };
}
