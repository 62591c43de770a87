/** Which secret an Issuer of type `acme` names, and the only host it may be used with. Pure. */
import type { NamedSecret, SecretDestination } from '../../core/secret-binding.ts';

/** The server of the directory: what is signed with the secret goes there and nowhere else. A directory that is no address gives a host that matches nothing. */
export function directoryDestination(directory: string): SecretDestination {
  const url = URL.parse(directory);
  const port = url?.port === '' || url === null ? (url?.protocol === 'http:' ? 80 : 443) : Number(url.port);
  return { host: url?.hostname ?? '', port, through: [] };
}

/** The key of its external account binding, where it has one. */
export function acmeSecrets(config: Readonly<Record<string, unknown>>): readonly NamedSecret[] {
  const { eab, directory } = config as unknown as {
    readonly directory: string;
    readonly eab?: { readonly hmac: { readonly secret: string } };
  };
  return eab === undefined ? [] : [{ secret: eab.hmac.secret, to: directoryDestination(directory) }];
}
