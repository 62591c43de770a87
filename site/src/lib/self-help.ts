/** Help for people who run a service and are no experts of TLS: short answers that say what to do and where it stands. It promises only what renewd does. Pure. */
import type { Links } from './links.ts';
import { el, type Markup } from './markup.ts';

export interface HelpEntry {
  /** Its anchor: others link to it, so it stays. */
  readonly id: string;
  readonly question: string;
  readonly answer: readonly Markup[];
}

const code = (text: string): Markup => el('code', {}, text);

/** The answers. `named`: whether this site has the pages that name certificates; without them the words stay and lead nowhere. */
export function selfHelp(links: Links, named: boolean): readonly HelpEntry[] {
  const page = (path: string, words: string): Markup =>
    named ? el('a', { href: links.to(path) }, words) : words;
  return [
    {
      id: 'ends-soon',
      question: 'My certificate ends soon',
      answer: [
        [
          'You need do nothing while its status is in order or renewal due: it is renewed by itself when about two thirds of its lifetime have passed. Look it up under ',
          page('certificates/', 'Certificates'),
          '.',
        ],
        [
          'Overdue or failing means that something holds the renewal up. Its page names the step and what to do; ',
          code('renewd status <team>/<name>'),
          ' says the same. Retired or withdrawn means that nobody asked for a renewal: ask for it with a change of its file.',
        ],
      ],
    },
    {
      id: 'not-trusted',
      question: 'The browser says that it is not trusted',
      answer: [
        [
          'Look at what is served: the page of the certificate (',
          page('certificates/', 'Certificates'),
          ') says for each address what a handshake saw. Chain incomplete: the server does not send the intermediate certificate; it must use the full chain. Name mismatch: the name you opened is not in the certificate. Expired: something else than the renewed one is served.',
        ],
        [
          'If it comes from a private authority, machines must know its root: ',
          code('issuers/<name>/root.pem'),
          ' on the state branch of the repository. Browsers of strangers will never know it; ask for a public offer then.',
        ],
      ],
    },
    {
      id: 'moved',
      question: 'I moved the service to another server',
      answer: [
        [
          'Change ',
          code('installations'),
          ' in the file of the certificate: the new server instead of the old one, or both for a while. The new server makes a key of its own; none is copied. The server must be declared, and yours or opened to your team: ',
          page('endpoints/', 'Endpoints'),
          '.',
        ],
        [
          'Nothing is removed from the old server. Switch it off, or take the files away there, when nobody asks it any more.',
        ],
      ],
    },
    {
      id: 'another-name',
      question: 'I need another name in it',
      answer: [
        [
          'Add it to ',
          code('dnsNames'),
          ', and to ',
          code('serves'),
          ' where clients see it, in the file of the certificate, and propose the change. A new certificate with all names takes the place of the old one. Your team must be allowed to ask for the name: it is listed on the page of your team under ',
          el('a', { href: links.to('teams/') }, 'Teams'),
          '.',
        ],
      ],
    },
    {
      id: 'stop',
      question: 'I want to stop using a certificate',
      answer: [
        [
          'Set ',
          code('state: retired'),
          ' in its file and merge: it is not renewed any more, and what is installed stays until it ends. Delete the file some day later.',
        ],
        [
          'Deleting the file alone uninstalls nothing either: it is shown as withdrawn, and still watched. So a slip cannot take a service down.',
        ],
      ],
    },
    {
      id: 'leaked',
      question: 'The key was leaked',
      answer: [
        [
          'Replace it first. Every issuance makes a new key on the server, so cause one: change ',
          code('key: { algorithm: ... }'),
          ' in its file to another that your policy allows, and merge. If approvals take too long, a commit with the trailer ',
          code('Renewd-Break-Glass'),
          ' by who may do that does not wait for them. The page of the certificate shows when the new one is served.',
        ],
        [
          'Then have the old one revoked: renewd cannot do that yet. For a public authority use its own client or page; tell the people who run the issuer. Until it ends, whoever has the old key can pretend to be the service to clients that do not ask about revocation.',
        ],
      ],
    },
    {
      id: 'csr',
      question: 'What is a CSR, and why do I not need one?',
      answer: [
        [
          'A certificate signing request: a public key and names, signed with the private key, sent to an issuer. Somebody who makes certificates by hand makes a key and a CSR on the server, and carries the answer back. Here the server makes both when it is told to, the CSR goes out, the certificate comes in, and the private key never leaves the server. A request is only a file that says which names and which servers.',
        ],
      ],
    },
    {
      id: 'who-owns',
      question: 'Who owns this certificate?',
      answer: [
        [
          'Search for the name under ',
          page('certificates/', 'Certificates'),
          ': the first part of its id is the team. The page of the team (',
          el('a', { href: links.to('teams/') }, 'Teams'),
          ') says whom to ask. What nobody declared and renewd has seen on a server stands under ',
          page('findings/', 'Findings'),
          ', and the history of the file says who asked for it: ',
          code('git log inventory/certificates/<team>/<name>.yaml'),
          '.',
        ],
      ],
    },
  ];
}
