/** A key pair for an SSH server or client that the demo, or a test, plays. */
import ssh2 from 'ssh2';

/** Keys in OpenSSH's form. */
export interface SshKeyPair {
  readonly private: string;
  readonly public: string;
}

/**
 * A new Ed25519 pair, encrypted where a passphrase is given. No IO. ssh2 1.17 drops the first byte of a key where it is zero, and then refuses what it made:
 * 85 of 20,000 pairs, so about one demo in fifty. What it refuses is made again.
 */
export function makeSshKeyPair(passphrase?: string): SshKeyPair {
  for (;;) {
    const pair =
      passphrase === undefined
        ? ssh2.utils.generateKeyPairSync('ed25519')
        : ssh2.utils.generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-cbc', rounds: 1 });
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
}
