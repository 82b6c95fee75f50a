/** For tests: the fake API server lets the operator do what its role says, and nothing else. */
import { Refusal, type FakeRequest } from '@wsi-operator/controller/testing';
import { RIGHTS, type Verb } from '../cluster/kubernetes/rights.ts';

/** A request as the authorizer of an API server sees it; undefined for discovery, which everybody may do. */
export function attributesOf({
  verb,
  resource,
  subresource,
}: FakeRequest): { readonly verb: Verb; readonly group: string; readonly resource: string } | undefined {
  if (resource === undefined || verb === 'other') return undefined;
  return {
    // Server-side apply is a patch.
    verb: (verb === 'apply' ? 'patch' : verb) as Verb,
    group: resource.group,
    resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
  };
}

/** For {@link FakeApiServerOptions.authorize}. */
export function refuseBeyondRights(request: FakeRequest): Refusal | undefined {
  const asked = attributesOf(request);
  if (asked === undefined) return undefined;
  const granted = RIGHTS.some(
    ({ group, resource, verbs }) =>
      group === asked.group && resource === asked.resource && verbs.includes(asked.verb),
  );
  const words = `no right to ${asked.verb} ${asked.resource} of "${asked.group}"`;
  return granted ? undefined : new Refusal(403, 'Forbidden', words);
}
