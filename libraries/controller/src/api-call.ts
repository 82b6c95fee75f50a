/** How the verbs of Kubernetes become HTTP calls. */
import type { HttpCall } from './http-client.ts';
import type { ObjectMeta, Resource, WithMetadata } from './objects.ts';

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export const json = { 'content-type': 'application/json' };

export function call(
  verb: string,
  resource: Resource,
  method: string,
  path: string,
  ...[body, subresource]: [body?: unknown, subresource?: string | undefined]
): HttpCall {
  return {
    verb,
    resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: json }),
    repeatable: method !== 'POST',
  };
}

export function metadataOf(object: unknown): ObjectMeta {
  return (object as WithMetadata).metadata ?? {};
}

export function place(name: string, namespace: string | undefined): { name: string; namespace?: string } {
  return namespace === undefined ? { name } : { name, namespace };
}

export function selected(selection: Selection): { namespace?: string } {
  return selection.namespace === undefined ? {} : { namespace: selection.namespace };
}

export function sub(subresource: string | undefined): { subresource?: string } {
  return subresource === undefined ? {} : { subresource };
}

export function queryOf(selection: Selection, more: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  const all = { labelSelector: selection.labelSelector, fieldSelector: selection.fieldSelector, ...more };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) query.set(name, value);
  return query.toString();
}
