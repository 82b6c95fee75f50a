/** The clusters that the suites can be run on. */
import { existingProvider } from './existing/existing-provider.ts';
import { kindProvider } from './kind/kind-provider.ts';
import { nativeProvider } from './native/native-provider.ts';
import type { ClusterProvider } from './provider.ts';

export const providers = {
  native: nativeProvider,
  kind: kindProvider,
  existing: existingProvider,
} satisfies Record<string, ClusterProvider>;
export type ProviderName = keyof typeof providers;
