/** Micrometres for one level-0 pixel. */
export interface Mpp {
  readonly x: number;
  readonly y: number;
}
