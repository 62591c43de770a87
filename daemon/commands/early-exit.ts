/** How a command that cannot begin says so. */
import type { ExitName } from '../exit-codes.ts';

/** A command that ends before it began: `main.ts` prints the message and exits with the code. */
export class EarlyExit extends Error {
  override readonly name = 'EarlyExit';
  readonly exit: ExitName;
  constructor(exit: ExitName, message: string) {
    super(message);
    this.exit = exit;
  }
}
