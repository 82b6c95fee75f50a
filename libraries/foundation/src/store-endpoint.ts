/** Which endpoints of stores need to be allowed, and what is said where they are not. */
import { isLinkLocal, isLoopback } from './link-local.ts';
import { publicText, type PublicText } from './public-text.ts';

/** As in `cohort.s3` of a job. */
export interface EndpointPermissions {
  /** Whether a store may be asked without encryption; on this machine it may in any case. */
  readonly insecure?: boolean | undefined;
  /** Whether a store may be at a link-local address, where clouds have their metadata services. */
  readonly linkLocal?: boolean | undefined;
}

/** The permission that is missing. */
export type EndpointRefusal = keyof EndpointPermissions;

/** For messages: what is wrong, and what to do. */
export const ENDPOINT_REFUSALS: Readonly<
  Record<EndpointRefusal, { readonly problem: PublicText; readonly remedy: PublicText }>
> = {
  insecure: {
    problem: publicText`the endpoint of the store is http://: who is on the way reads the slides and can change them`,
    remedy: publicText`Write https://, or allow it: \`cohort.s3.insecure: true\`; for commands without a job WSI_S3_INSECURE=true.`,
  },
  linkLocal: {
    problem: publicText`the endpoint of the store is at a link-local address, where clouds have their metadata service and its credentials`,
    remedy: publicText`Correct the endpoint, or allow it: \`cohort.s3.linkLocal: true\`; for commands without a job WSI_S3_LINK_LOCAL=true.`,
  },
};

/**
 * What is to be allowed before anything is sent to `protocol` and `host`. A name is judged only by its protocol: what it
 * leads to is known when it is looked up.
 * @param to.protocol with its colon
 * @param to.host a name or an address, with or without brackets
 */
export function refusalOf(
  to: { readonly protocol: string; readonly host: string },
  { insecure = false, linkLocal = false }: EndpointPermissions,
): EndpointRefusal | undefined {
  const host = to.host.replace(/^\[(.*)\]$/u, '$1').replace(/\.$/u, '');
  if (!linkLocal && isLinkLocal(host)) return 'linkLocal';
  return insecure || to.protocol !== 'http:' || isLoopback(host.toLowerCase()) ? undefined : 'insecure';
}

/** The same of an endpoint as it is written; undefined, too, for what is no URL: then there is nothing to send to. */
export function endpointRefusal(
  endpoint: string,
  permissions: EndpointPermissions,
): EndpointRefusal | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  // Which makes four decimal numbers of 0xa9fea9fe, 2852039166 and 0251.0376.43518.
  const { protocol, hostname } = new URL(endpoint);
  return refusalOf({ protocol, host: hostname }, permissions);
}
