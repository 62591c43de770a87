/** What a person can do about an error of the operating system, by its code. Advice for one cause is never given for another. */

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'Let the user of renewd use it: ls -ld shows its owner and mode.',
  EPERM: 'Let the user of renewd use it: ls -ld shows its owner and mode.',
  EROFS: 'It is on a file system that cannot be written; give another place.',
  ENOENT:
    'A directory on the way to it is not there, or nothing can be made in it (as in /proc); give another place.',
  ENOTDIR: 'A file stands where a directory is needed; give another place, or move the file away.',
  EISDIR: 'A directory stands where a file is needed; name the file.',
  EEXIST: 'Something else stands there; give another place, or move it away.',
  ELOOP: 'Its links lead in a circle; mend them, or give the place itself.',
  ENAMETOOLONG: 'The path is too long; give a shorter one.',
  ENOSPC: 'The disk is full: free space or inodes there (df -h, df -i).',
  EDQUOT: 'The quota of this user is used up: free space, or have it raised (quota -s).',
  EBUSY: 'It is a mount point or in use: give a directory below it, or another place.',
  EIO: 'Reading or writing the disk failed: check it (dmesg).',
  EMFILE:
    'This process has as many files open as it may: raise its limit (ulimit -n; LimitNOFILE= in the unit of systemd).',
  ENFILE: 'The machine has as many files open as it may: raise fs.file-max, or end what opens so many.',
  ENOMEM: 'The machine has too little memory for it: free some, or give renewd more.',
  EADDRINUSE: 'Another process listens there (ss -ltnp shows it); end it, or give another address.',
  EADDRNOTAVAIL: 'This machine has no such address (ip addr shows those it has); give another one.',
};

/** The next step for an error with a `code` of the system; null where it has none that is known. Pure. */
export function remedyOfSystem(error: unknown): string | null {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? (remedies[code] ?? null) : null;
}

/** A disk or a permission is no mistake of the program. Node gives such errors the name of the call that failed. Pure. */
export function isOfTheSystem(error: unknown): error is NodeJS.ErrnoException & { readonly syscall: string } {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.syscall === 'string';
}
