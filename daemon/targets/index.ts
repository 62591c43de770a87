/** The list of targets. One line each. */
import type { Plugin } from '../ports/plugin.ts';
import type { KeyProver, Permitting, Target, WebrootWriter } from '../ports/target.ts';
import { createSshTarget, type SshTargetTools } from './ssh.ts';

/** Every target this renewd knows, around what they share. */
export function createTargetPlugins(
  shared: SshTargetTools,
): readonly Plugin<Target & Partial<WebrootWriter & KeyProver & Permitting>>[] {
  return [createSshTarget(shared)];
}
