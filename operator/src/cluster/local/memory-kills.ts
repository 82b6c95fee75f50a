/** The kernel's count of out-of-memory kills, to tell such a SIGKILL from another (Linux; 0 elsewhere). */
import { readFileSync } from 'node:fs';

export function outOfMemoryKills(): number {
  try {
    // One counter for the whole machine, so another program's end may be taken for ours; the message says "killed
    // for memory" and the remedy (less memory) is right more often than not.
    const match = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'));
    return Number(match?.[1] ?? 0);
  } catch {
    // Not Linux.
    return 0;
  }
}
