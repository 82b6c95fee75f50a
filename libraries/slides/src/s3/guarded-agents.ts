/**
 * Connections to a store, each judged where it is opened: by its protocol and by the address that it goes to, whatever
 * named it (a job, the environment, a profile, an answer of the store) and whatever its name leads to at that moment.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent, type ClientRequestArgs } from 'node:http';
import { Agent as TlsAgent, type RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  ENDPOINT_REFUSALS,
  isLinkLocal,
  refusalOf,
  WsiError,
  type EndpointPermissions,
  type EndpointRefusal,
} from '@wsi-operator/foundation';

/** `maxSockets` and `keepAlive` as the SDK's own. */
const AGENT = { keepAlive: true, maxSockets: 50 };

type Opened = (error: Error | null, stream: Duplex) => void;

export interface Guard extends EndpointPermissions {
  /** In place of the system's, for tests. */
  readonly lookup?: LookupFunction | undefined;
}

export interface GuardedAgents {
  readonly httpAgent: Agent;
  readonly httpsAgent: TlsAgent;
}

export function guardedAgents({ lookup, ...permissions }: Guard): GuardedAgents {
  return {
    httpAgent: new GuardedAgent(permissions, lookup),
    httpsAgent: new GuardedTlsAgent(permissions, lookup),
  };
}

/** The error given to the opener of a connection; {@link endpointError} formulates it. */
export class EndpointRefused extends Error {
  readonly refusal: EndpointRefusal;

  constructor(refusal: EndpointRefusal) {
    super(String(ENDPOINT_REFUSALS[refusal].problem));
    this.refusal = refusal;
  }
}

/** @param where `s3://...` */
export function endpointError({ refusal }: EndpointRefused, where: string): WsiError {
  const { problem, remedy } = ENDPOINT_REFUSALS[refusal];
  return new WsiError('InvalidArgument', problem, { where, remedy });
}

class GuardedAgent extends Agent {
  readonly #permissions: EndpointPermissions;

  constructor(permissions: EndpointPermissions, lookup: LookupFunction | undefined) {
    super({ ...AGENT, lookup: guardedLookup(permissions, lookup) });
    this.#permissions = permissions;
  }

  override createConnection(options: ClientRequestArgs, opened?: Opened): Duplex | null | undefined {
    return refused('http:', options, this.#permissions, opened)
      ? undefined
      : super.createConnection(options, opened);
  }
}

class GuardedTlsAgent extends TlsAgent {
  readonly #permissions: EndpointPermissions;

  constructor(permissions: EndpointPermissions, lookup: LookupFunction | undefined) {
    super({ ...AGENT, lookup: guardedLookup(permissions, lookup) });
    this.#permissions = permissions;
  }

  override createConnection(options: RequestOptions, opened?: Opened): Duplex | null | undefined {
    return refused('https:', options, this.#permissions, opened)
      ? undefined
      : super.createConnection(options, opened);
  }
}

/** Addresses are not resolved, so they are judged here. */
function refused(
  protocol: string,
  { host }: { readonly host?: string | null | undefined },
  permissions: EndpointPermissions,
  opened: Opened | undefined,
): boolean {
  const refusal = refusalOf({ protocol, host: host ?? '' }, permissions);
  if (refusal === undefined) return false;
  // As a socket reports its errors: after the call.
  process.nextTick(() => opened?.(new EndpointRefused(refusal), undefined as unknown as Duplex));
  return true;
}

/**
 * What a name leads to, without what may not be asked. A name of several addresses keeps the others: names of machines in
 * the local network often have a link-local address as well.
 */
function guardedLookup(
  { linkLocal = false }: EndpointPermissions,
  lookup: LookupFunction = systemLookup,
): LookupFunction {
  if (linkLocal) return lookup;
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        done(error, []);
        return;
      }
      const addresses = (found as LookupAddress[]).filter(({ address }) => !isLinkLocal(address));
      const [first] = addresses;
      if (first === undefined) done(new EndpointRefused('linkLocal'), []);
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
