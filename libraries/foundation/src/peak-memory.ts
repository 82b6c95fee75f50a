/** The peak of this process' resident memory. */
import { readFileSync } from 'node:fs';

/**
 * Bytes. On Linux it is the kernel's high-water mark of this program (VmHWM in proc(5)). `getrusage`, which Node
 * offers, is not: across exec it keeps the peak of the process that forked, so a small child of a large parent would
 * report its parent's memory.
 */
export function peakResidentBytes(): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // No /proc: macOS. There, maxRSS is the process' own.
  }
  // In KiB on every platform that Node runs on.
  return process.resourceUsage().maxRSS * 1024;
}
