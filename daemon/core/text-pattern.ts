/**
 * Patterns that documents write for values which somebody else gives. The syntax is the part of JavaScript's (with flag u) that can be matched in one pass:
 * no back-references, no looking ahead or behind. All ways through a pattern are followed at once, so that time is length of the value times
 * size of the pattern, whatever both hold. No regular expression is ever made of a text. Pure.
 */
import { includes, parsePattern, WrongPattern, type Characters, type Node } from './text-pattern-syntax.ts';

/** Whether the whole of `text` matches. Time: at most `stepsMax` times its length. */
export type TextPattern = (text: string) => boolean;

/** What is wrong with a pattern, as a phrase that says what to write instead; `at` counts its characters from 1. */
export interface PatternFault {
  readonly message: string;
  readonly at: number;
}

/** Steps of a pattern, its repetitions written out: the largest of ours has 10. */
const stepsMax = 1000;

type Step =
  | { readonly kind: 'one'; readonly characters: Characters }
  | { readonly kind: 'ways'; readonly to: number[] };

/** Reads a pattern, or says what is wrong with it. Never throws. Pure. */
export function readTextPattern(
  text: string,
): { readonly matches: TextPattern } | { readonly fault: PatternFault } {
  try {
    const steps: Step[] = [];
    compile(parsePattern(text), steps);
    return { matches: (value) => run(steps, value) };
  } catch (error) {
    if (!(error instanceof WrongPattern)) throw error;
    return { fault: { message: error.message, at: error.at } };
  }
}

/** Writes a node behind the steps there are, at least one: nothing repeated a thousand times in itself would take for ever and have no size. */
function compile(node: Node, steps: Step[]): void {
  if (steps.length > stepsMax)
    throw new WrongPattern(
      `more than ${String(stepsMax)} characters with its repetitions written out: repeat less`,
      1,
    );
  const before = steps.length;
  switch (node.kind) {
    case 'one':
      steps.push(node);
      break;
    case 'row':
      for (const part of node.parts) compile(part, steps);
      break;
    case 'either':
      compileEither(node.parts, steps);
      break;
    case 'repeat':
      compileRepeat(node, steps);
  }
  if (steps.length === before) steps.push({ kind: 'ways', to: [before + 1] });
}

function compileEither(parts: readonly Node[], steps: Step[]): void {
  const fork: number[] = [];
  steps.push({ kind: 'ways', to: fork });
  const ends: number[][] = [];
  for (const part of parts) {
    fork.push(steps.length);
    compile(part, steps);
    const end: number[] = [];
    ends.push(end);
    steps.push({ kind: 'ways', to: end });
  }
  for (const end of ends) end.push(steps.length);
}

function compileRepeat(
  { part, min, max }: { readonly part: Node; readonly min: number; readonly max: number | null },
  steps: Step[],
): void {
  for (let count = 0; count < min; count++) compile(part, steps);
  const exits: number[][] = [];
  for (let count = min; count < (max ?? min + 1); count++) {
    const fork: number[] = [];
    const at = steps.length;
    steps.push({ kind: 'ways', to: fork });
    fork.push(steps.length);
    compile(part, steps);
    if (max === null) steps.push({ kind: 'ways', to: [at] });
    exits.push(fork);
  }
  for (const exit of exits) exit.push(steps.length);
}

/** Follows all ways at once: a step is entered at most once for each character. */
function run(steps: readonly Step[], text: string): boolean {
  // The character at which a step was last entered, from 1.
  const entered = new Uint32Array(steps.length + 1);
  let round = 1;
  let here = reach(steps, [0], entered, round);
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0;
    const next: number[] = [];
    for (const at of here) {
      const step = steps[at];
      if (step?.kind === 'one' && includes(step.characters, code)) next.push(at + 1);
    }
    if (next.length === 0) return false;
    here = reach(steps, next, entered, ++round);
  }
  return entered[steps.length] === round;
}

function reach(
  steps: readonly Step[],
  from: readonly number[],
  entered: Uint32Array,
  round: number,
): readonly number[] {
  const found: number[] = [];
  const open = [...from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (entered[at] === round) continue;
    entered[at] = round;
    const step = steps[at];
    if (step?.kind === 'ways') open.push(...step.to);
    else found.push(at);
  }
  return found;
}
