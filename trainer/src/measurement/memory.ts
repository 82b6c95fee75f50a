/** Memory of the processes of each role, as a pure state machine: what they hold, their peaks, and how those grow. */
import { type Role } from '@wsi-operator/api';
import type { MemoryPeak, RoleMemory, Usage } from '@wsi-operator/protocol';

/** Recent peaks are so far apart at least, and so many: enough to see what grows, few enough for a status. */
const PEAK_SECONDS = 15;
const MOST_PEAKS = 16;

export class Memory {
  readonly #roles = new Map<Role, RoleMemory>();

  /** @param usages of the role's processes that run now; @param seconds since the start */
  note(role: Role, usages: readonly Usage[], seconds: number): void {
    if (usages.length === 0) return;
    const most = (of: (usage: Usage) => number): number => Math.max(...usages.map(of));
    const before = this.#roles.get(role);
    const peak = most(({ peakResidentBytes }) => peakResidentBytes);
    if (peak === 0) return;
    this.#roles.set(role, {
      residentBytes: most(({ residentBytes }) => residentBytes),
      peakBytes: Math.max(before?.peakBytes ?? 0, peak),
      deviceBytes: most(({ deviceBytes }) => deviceBytes),
      devicePeakBytes: Math.max(
        before?.devicePeakBytes ?? 0,
        most(({ devicePeakBytes }) => devicePeakBytes),
      ),
      peaks: withPeak(before?.peaks ?? [], { seconds, bytes: peak }),
    });
  }

  read(): Record<string, RoleMemory> {
    return Object.fromEntries(this.#roles);
  }
}

function withPeak(peaks: readonly MemoryPeak[], next: MemoryPeak): MemoryPeak[] {
  const [last, ...earlier] = peaks.toReversed();
  if (last !== undefined && next.seconds - last.seconds < PEAK_SECONDS) {
    return [...earlier.toReversed(), { seconds: last.seconds, bytes: Math.max(last.bytes, next.bytes) }];
  }
  return [...peaks, next].slice(-MOST_PEAKS);
}
