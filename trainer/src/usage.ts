/** What a process used: seconds by phase, memory with its peak, tiles and bytes. Reported with every heartbeat. */
import { peakResidentBytes } from '@wsi-operator/foundation';
import type { Usage } from '@wsi-operator/protocol';

export class UsageMeter {
  readonly #phaseSeconds = new Map<string, number>();
  tiles = 0;
  bytesSent = 0;
  bytesReceived = 0;
  deviceBytes = 0;
  devicePeakBytes = 0;

  add(phase: string, seconds: number): void {
    this.#phaseSeconds.set(phase, (this.#phaseSeconds.get(phase) ?? 0) + seconds);
  }

  timed<T>(phase: string, action: () => T): T {
    const start = performance.now();
    try {
      return action();
    } finally {
      this.add(phase, (performance.now() - start) / 1000);
    }
  }

  async timedAsync<T>(phase: string, action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await action();
    } finally {
      this.add(phase, (performance.now() - start) / 1000);
    }
  }

  read(): Usage {
    const { user, system } = process.cpuUsage();
    return {
      phaseSeconds: Object.fromEntries(this.#phaseSeconds),
      residentBytes: process.memoryUsage.rss(),
      peakResidentBytes: peakResidentBytes(),
      tiles: this.tiles,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      deviceBytes: this.deviceBytes,
      devicePeakBytes: this.devicePeakBytes,
      processorSeconds: (user + system) / 1e6,
    };
  }
}
