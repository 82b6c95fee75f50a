/** Times of the cluster as people say them. */
import { formatDuration } from '@wsi-operator/api';

/** Time since an ISO time, such as `5m 3s`; `-` when it is unknown. A clock that is ahead of ours is `0s`. */
export function age(time: string | null | undefined, now: number): string {
  const then = Date.parse(time ?? '');
  return Number.isNaN(then) ? '-' : formatDuration(Math.max(0, (now - then) / 1000));
}

/** The same in one unit, for tables: `5m`, `3h`, `12d`. */
export function shortAge(time: string | null | undefined, now: number): string {
  return age(time, now).split(' ')[0] ?? '-';
}
