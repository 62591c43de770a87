/** The validator of kind Certificate as plain code, put there by `site/scripts.ts`. */
declare module 'virtual:certificate-validator' {
  import type { CertificateValidator } from '../../lib/request-problems.ts';
  const validate: CertificateValidator;
  export default validate;
}
