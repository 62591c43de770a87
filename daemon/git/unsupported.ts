/** What renewd does not read, said the same way for a path and for a server. */
import { OperationError } from '../ports/failure.ts';

/** No address changes what a repository is made of: the way out is a repository of the other kind. */
export function sha256Unsupported(place: string): OperationError {
  return unsupported(
    `${place} is a SHA-256 repository, which renewd cannot read at any address. Make a new one (git init --object-format=sha1) and commit the declarations there`,
  );
}

/** A partial clone (`git clone --filter`) lacks objects that only git itself fetches. */
export function partialUnsupported(place: string): OperationError {
  return unsupported(
    `${place} is a partial clone: objects of it are still at the server, and renewd does not fetch them. Give the address of the server, or fetch all of them: git fetch --refetch --no-filter`,
  );
}

/** @throws never; the caller throws what comes back */
export function unsupported(message: string): OperationError {
  return new OperationError('unsupported', message, {
    disposition: 'stall',
    endsWhen: ['repository', 'configuration'],
  });
}
