/**
 * Conditions in CEL (Common Expression Language): the only door to the library. An expression is parsed and type-checked once; evaluating it reads nothing,
 * changes nothing and ends: its size is bounded, loops may nest once, and regular expressions, whose cost nobody can bound, are not let in.
 */
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { limits } from '../limits.ts';

/** What an expression may look at. Every field is always there, so that a condition never fails for want of one. */
export interface ExpressionContext {
  readonly stage: string;
  readonly certificate: {
    readonly name: string;
    readonly team: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly dnsNames: readonly string[];
    readonly ipAddresses: readonly string[];
    readonly issuer: string;
    readonly keyAlgorithm: string;
    readonly usages: readonly string[];
    /** Whole days, rounded up; 0: left to the issuer. */
    readonly lifetimeDays: bigint;
    readonly state: string;
    readonly drift: string;
    readonly endpoints: readonly string[];
    readonly profiles: readonly string[];
  };
  readonly team: {
    readonly declared: boolean;
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly owners: readonly string[];
    readonly contacts: readonly string[];
  };
  readonly issuer: {
    readonly name: string;
    readonly type: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly publicTrust: boolean;
  };
  /** What was issued or found; empty texts and zeros at a request. */
  readonly found: {
    readonly subject: string;
    readonly issuer: string;
    readonly dnsNames: readonly string[];
    readonly keyAlgorithm: string;
    readonly keyBits: bigint;
    readonly signatureAlgorithm: string;
    readonly usages: readonly string[];
    readonly lifetimeDays: bigint;
    readonly selfSigned: boolean;
    readonly isCa: boolean;
  };
  /** TLS versions that clients were given: `TLSv1.3`. */
  readonly protocols: readonly string[];
}

const names = 'list<string>';
const labels = 'map<string, string>';

const environment = new Environment({
  // certificate.labels.?env.orValue('') asks for a label that may be absent.
  enableOptionalTypes: true,
  limits: {
    maxAstNodes: limits.expressions.nodesMax,
    maxDepth: limits.expressions.depthMax,
    maxListElements: limits.expressions.elementsMax,
    maxMapEntries: limits.expressions.elementsMax,
    maxCallArguments: 8,
  },
})
  .registerVariable('stage', 'string')
  .registerVariable({
    name: 'certificate',
    schema: {
      name: 'string',
      team: 'string',
      labels,
      dnsNames: names,
      ipAddresses: names,
      issuer: 'string',
      keyAlgorithm: 'string',
      usages: names,
      lifetimeDays: 'int',
      state: 'string',
      drift: 'string',
      endpoints: names,
      profiles: names,
    },
  })
  .registerVariable({
    name: 'team',
    schema: { declared: 'bool', name: 'string', labels, owners: names, contacts: names },
  })
  .registerVariable({
    name: 'issuer',
    schema: { name: 'string', type: 'string', labels, publicTrust: 'bool' },
  })
  .registerVariable({
    name: 'found',
    schema: {
      subject: 'string',
      issuer: 'string',
      dnsNames: names,
      keyAlgorithm: 'string',
      keyBits: 'int',
      signatureAlgorithm: 'string',
      usages: names,
      lifetimeDays: 'int',
      selfSigned: 'bool',
      isCa: 'bool',
    },
  })
  .registerVariable('protocols', names);

/** A condition ready to be asked. Throws an Error when it cannot be answered for this context (a label that is not there): the caller decides what that means. */
export type Condition = (context: ExpressionContext) => boolean;

/** Why an expression is refused: the offset of the part that is wrong, in characters from its beginning. */
export interface ExpressionFault {
  readonly message: string;
  readonly offset: number;
}

/** Parses and type-checks. Never throws for what is written. No IO. */
export function compileExpression(
  text: string,
): { readonly condition: Condition } | { readonly fault: ExpressionFault } {
  try {
    const program = environment.parse(text);
    const checked = program.check();
    if (!checked.valid) return { fault: faultOf(checked.error) };
    if (checked.type !== 'bool') {
      return { fault: { message: `gives ${checked.type ?? 'something'}, not true or false`, offset: 0 } };
    }
    const refused = refusedPart(program.ast, 0);
    if (refused !== null) return { fault: refused };
    return {
      condition: (context) => {
        const value: unknown = program({ ...context });
        if (typeof value !== 'boolean') throw new TypeError('the expression gave neither true nor false');
        return value;
      },
    };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

function faultOf(error: unknown): ExpressionFault {
  const known = error as { summary?: unknown; message?: unknown; range?: { start?: unknown } } | undefined;
  const said = typeof known?.summary === 'string' ? known.summary : String(known?.message ?? error);
  const start = known?.range?.start;
  return { message: said.split('\n')[0] ?? said, offset: typeof start === 'number' ? start : 0 };
}

const loops = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** The first part that could make an evaluation expensive; null when there is none. */
function refusedPart(node: unknown, depth: number): ExpressionFault | null {
  if (Array.isArray(node)) {
    for (const each of node) {
      const found = refusedPart(each, depth);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isNode(node)) return null;
  let inner = depth;
  if (node.op === 'rcall' || node.op === 'call') {
    const name = String((node.args as readonly unknown[])[0]);
    if (name === 'matches') {
      const message = 'matches() is not available: use startsWith, endsWith, contains or ==';
      return { message, offset: node.range.start };
    }
    if (loops.has(name)) inner++;
    if (inner > limits.expressions.loopDepthMax) {
      return { message: `${name}() nests loops too deep`, offset: node.range.start };
    }
  }
  return refusedPart(node.args, inner);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
