/** What a pickle of tensors is, as data. */

/** What a pickle may hold. */
export type Pickled =
  | string
  | number
  | boolean
  | null
  | PickledGlobal
  | PickledStorage
  | PickledTensor
  | PickledMap
  | readonly Pickled[];

/** Insertion order is kept. */
export type PickledMap = Map<Pickled, Pickled>;

export interface PickledGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** Memory that tensors are cut out of: `data/KEY` of the file. */
export interface PickledStorage {
  readonly kind: 'storage';
  /** Such as `torch.FloatStorage`. */
  readonly type: string;
  readonly key: string;
  readonly elements: number;
}

export interface PickledTensor {
  readonly kind: 'tensor';
  readonly storage: PickledStorage;
  /** Elements of the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}
