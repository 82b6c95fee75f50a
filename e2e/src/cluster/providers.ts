/** The clusters that the suites can be run on. */
import { nativeProvider } from './native/native-provider.ts';
import type { ClusterProvider } from './provider.ts';

export const providers = { native: nativeProvider } satisfies Record<string, ClusterProvider>;
export type ProviderName = keyof typeof providers;
