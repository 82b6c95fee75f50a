/** Platforms that decide which user a pod runs as. */
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { CallOptions } from './http-client.ts';

/** The API of OpenShift's security context constraints, which refuse pods that name a user of their own choice. */
export const ASSIGNING_API = '/apis/security.openshift.io';

/** @throws WsiError when the API server does not answer */
export async function assignsUsers(client: Pick<ApiClient, 'raw'>, options?: CallOptions): Promise<boolean> {
  try {
    await client.raw('GET', ASSIGNING_API, undefined, {}, options);
    return true;
  } catch (error) {
    if (error instanceof ApiError && (error.isNotFound || error.status === 403)) return false;
    throw error;
  }
}
