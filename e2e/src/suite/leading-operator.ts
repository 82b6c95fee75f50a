/** Which of the operator's pods leads. */
import type { Session } from './session.ts';

/** Name of the pod that holds the lease; '' when none does. */
export async function leadingOperator(session: Session): Promise<string> {
  const { operatorNamespace } = session.file;
  const leases = await session.list('leases', operatorNamespace);
  const holder = leases.map(({ spec }) => spec.holderIdentity as string | undefined).find(Boolean) ?? '';
  const pods = await session.list('pods', operatorNamespace);
  return pods.map(({ metadata }) => metadata.name as string).find((name) => holder.startsWith(name)) ?? '';
}
