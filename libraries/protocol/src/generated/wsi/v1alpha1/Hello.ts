// Original file: libraries/protocol/proto/training.proto


export interface Hello__Input {
  'replica'?: (number);
  /**
   * Drawn by each process: distinguishes a restart from a reconnection.
   */
  'instance'?: (string);
  /**
   * Tasks this worker holds at once: one computes while the others read tiles. 0 while its engine is starting; a second
   * hello on the same stream says when it takes tasks.
   */
  'slots'?: (number);
  /**
   * What it computes on: cpu or gpu.
   */
  'device'?: (string);
}

export interface Hello {
  'replica': (number);
  /**
   * Drawn by each process: distinguishes a restart from a reconnection.
   */
  'instance': (string);
  /**
   * Tasks this worker holds at once: one computes while the others read tiles. 0 while its engine is starting; a second
   * hello on the same stream says when it takes tasks.
   */
  'slots': (number);
  /**
   * What it computes on: cpu or gpu.
   */
  'device': (string);
}
