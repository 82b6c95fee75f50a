/** Whether the definition in the cluster is of the same version as this program: one of them may not know the other's fields. */
import type { ApiClient } from '@wsi-operator/controller';

const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/wsitrainingjobs.wsi.dev';

interface Definition {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
}

/** Undefined when they are the same, or when it is not known: the chart labels the definition, and not everybody may read it. */
export async function versionNote(client: ApiClient, own: string): Promise<string | undefined> {
  const options = { retry: false, deadlineSeconds: 5 };
  const definition = await client
    .raw('GET', DEFINITION, undefined, {}, options)
    .then((found) => found as Definition)
    .catch(() => undefined);
  const installed = definition?.metadata?.labels?.['app.kubernetes.io/version'];
  if (installed === undefined || installed === own) return undefined;
  return (
    `! The operator in the cluster was installed in version ${installed}, this program is version ${own}: ` +
    'fields that only one of them knows are refused or have no effect. Use the same version of both.'
  );
}
