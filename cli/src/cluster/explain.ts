/**
 * What the API server refuses, in words for the person who gave the command: what is missing, who may not do what,
 * and what to do. Loaded with the Kubernetes client only.
 */
import { nearest } from '@wsi-operator/api';
import { ApiError } from '@wsi-operator/controller';
import { WsiError, systemErrorCode } from '@wsi-operator/foundation';
import type { ClusterSession } from './session.ts';
import { JOB_RESOURCE, NAMESPACE_RESOURCE } from './wire.ts';

type Asked = Pick<ClusterSession, 'client' | 'namespace' | 'context' | 'program' | 'where'>;

const INSTALL = 'Install it with the chart in helm/, or: kubectl apply -k manifests/base';

/** The error to show in place of `thrown`. Asks the cluster why a thing is not found; never throws. */
export async function explain(thrown: unknown, session: Asked): Promise<unknown> {
  if (!(thrown instanceof ApiError)) return thrown;
  switch (thrown.status) {
    case 0:
      return unreachable(thrown, session);
    case 401:
      return refused(
        thrown,
        `the cluster does not accept the credentials of the context ${session.context}`,
        {
          remedy: 'They may have expired: log in again, or choose another --context.',
        },
      );
    case 403:
      return forbidden(thrown);
    case 404:
      return (await missing(session)) ?? refused(thrown, serverWords(thrown));
    case 422:
      return invalid(thrown);
    default:
      return thrown;
  }
}

/** No job of this name: perhaps another was meant, or there is no such namespace, or nothing is installed. */
export async function noSuchJob(name: string, session: Asked): Promise<WsiError> {
  const reason = await missing(session);
  if (reason !== undefined) return reason;
  const names = await jobNames(session);
  const meant = nearest(name, names);
  const some = names.slice(0, 5).join(', ');
  const listed =
    names.length === 0
      ? 'There are none in this namespace.'
      : `There are: ${some}${names.length > 5 ? ` and ${names.length - 5} more` : ''}.`;
  return new WsiError('NotFound', `there is no job "${name}" in the namespace ${session.namespace}`, {
    remedy: meant === undefined ? listed : `Did you mean ${meant}?`,
  });
}

async function jobNames(session: Asked): Promise<string[]> {
  const { client, namespace } = session;
  const listed = client.list<{ metadata: { name: string } }>(JOB_RESOURCE, { namespace });
  const { items } = await listed.catch(() => ({ items: [] }));
  return items.map(({ metadata }) => metadata.name).sort();
}

/** Undefined when the API and the namespace are there, or when that may not be asked. */
async function missing({ client, namespace, context }: Asked): Promise<WsiError | undefined> {
  const { group, version, plural } = JOB_RESOURCE;
  // Without the right to list, say nothing rather than something wrong.
  const served = await client.serves(group, version, plural).catch(() => true);
  if (!served) {
    return new WsiError(
      'NotFound',
      `the cluster does not know WsiTrainingJob (${plural}.${group} ${version})`,
      {
        where: `context ${context}`,
        remedy: INSTALL,
      },
    );
  }
  const found = await client.get(NAMESPACE_RESOURCE, namespace).catch(() => true);
  if (found !== undefined) return undefined;
  const listed = client.list<{ metadata: { name: string } }>(NAMESPACE_RESOURCE);
  const { items } = await listed.catch(() => ({ items: [] }));
  const meant = nearest(
    namespace,
    items.map(({ metadata }) => metadata.name),
  );
  return new WsiError('NotFound', `there is no namespace "${namespace}"`, {
    where: `context ${context}`,
    remedy:
      meant === undefined ? `Make it with: kubectl create namespace ${namespace}` : `Did you mean ${meant}?`,
  });
}

function unreachable(error: ApiError, { client, context }: Asked): WsiError {
  const code = causeCode(error);
  const server = client.server.origin;
  const tls = code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/.test(code);
  const reason = code ?? lastWords(error);
  if (tls) {
    return new WsiError('Unavailable', `no trusted connection to the cluster (${reason})`, {
      where: `${server} (context ${context})`,
      remedy: 'The kubeconfig’s certificate authority, server name or client certificate does not fit.',
      cause: error,
    });
  }
  return new WsiError('Unavailable', `the cluster cannot be reached (${reason})`, {
    where: `${server} (context ${context})`,
    remedy: `Is it up, and is this the right context? kubectl --context ${context} version`,
    cause: error,
    retryable: true,
  });
}

function causeCode(error: ApiError): string | undefined {
  let next: unknown = error;
  // By its shape: an error of the system may be of another realm's class.
  for (let depth = 0; typeof next === 'object' && next !== null && depth < 5; depth += 1) {
    const code = systemErrorCode(next);
    // Every WsiError has a code, too, which says less.
    if (code !== undefined && !(next instanceof WsiError)) return code;
    next = 'cause' in next ? next.cause : undefined;
  }
  return undefined;
}

function lastWords(error: ApiError): string {
  return error.reason === 'Timeout' ? 'no answer' : serverWords(error);
}

/** `... User "eva" cannot list resource "pods" in API group "" in the namespace "lab"` */
const FORBIDDEN =
  /User "([^"]+)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/;

function forbidden(error: ApiError): WsiError {
  const words = serverWords(error);
  const [, user, verb, resource = '', group, namespace] = FORBIDDEN.exec(words) ?? [];
  // Quotas, admission webhooks and namespaces that are being deleted refuse with 403 as well.
  if (user === undefined) return refused(error, words);
  const full = group === undefined || group === '' ? resource : `${resource}.${group}`;
  const place = namespace === undefined ? 'in all namespaces' : `in the namespace ${namespace}`;
  const scope = namespace === undefined ? '-A' : `-n ${namespace}`;
  return refused(error, `${user} may not ${verb ?? 'use'} ${full} ${place}`, {
    remedy: `Ask whoever runs the cluster for that right; kubectl auth can-i ${verb ?? 'get'} ${full} ${scope}`,
  });
}

function invalid(error: ApiError): WsiError {
  const lines = error.causes.map(({ field, message }) => `  ${[field, message].filter(Boolean).join(': ')}`);
  if (lines.length === 0) return refused(error, serverWords(error));
  const count = lines.length === 1 ? 'one problem' : `${lines.length} problems`;
  return refused(error, `the API server refuses the job for ${count}:\n${lines.join('\n')}`);
}

function refused(error: ApiError, problem: string, details: { readonly remedy?: string } = {}): WsiError {
  return new WsiError('InvalidArgument', problem, { ...details, cause: error });
}

/** What the server said, without the request that is of no interest to people. */
function serverWords(error: ApiError): string {
  const start = error.where === undefined ? '' : `${error.where}: `;
  const end = error.remedy === undefined ? '' : ` ${error.remedy}`;
  return error.message.slice(start.length, error.message.length - end.length);
}
