/** TypeScript types inferred from a schema: `M` is what a manifest may hold, `J` the job after defaults. */
import type { FieldNode, Node } from './node.ts';

/** A schema with the two types that it stands for. `types` exists for the compiler only and is never set. */
export interface Schema<M = unknown, J = M> {
  readonly node: Node;
  readonly types?: readonly [M, J];
}

export type ManifestOf<S> = S extends Schema<infer M, unknown> ? M : never;
export type JobOf<S> = S extends { readonly types?: readonly [unknown, infer J] } ? J : never;

/** `given`: the manifest must hold it. `filled`: a default exists. `maybe`: it may be absent even from the job. */
export type Filling = 'given' | 'filled' | 'maybe';

export interface Field<F extends Filling = Filling, M = unknown, J = M> {
  readonly field: FieldNode;
  readonly types?: readonly [F, M, J];
}

export type Fields = Readonly<Record<string, Field>>;
type FillingOf<T> = T extends { readonly types?: readonly [infer F, unknown, unknown] } ? F : never;
type FieldManifest<T> = T extends { readonly types?: readonly [unknown, infer M, unknown] } ? M : never;
type FieldJob<T> = T extends { readonly types?: readonly [unknown, unknown, infer J] } ? J : never;
type Keys<F extends Fields, W extends Filling> = {
  [K in keyof F]: FillingOf<F[K]> extends W ? K : never;
}[keyof F];

export type Flat<T> = { readonly [K in keyof T]: T[K] } & {};

export type ManifestFields<F extends Fields> = {
  readonly [K in Keys<F, 'given'>]: FieldManifest<F[K]>;
} & { readonly [K in Keys<F, 'filled' | 'maybe'>]?: FieldManifest<F[K]> };

export type JobFields<F extends Fields> = {
  readonly [K in Keys<F, 'given' | 'filled'>]: FieldJob<F[K]>;
} & { readonly [K in Keys<F, 'maybe'>]?: FieldJob<F[K]> };

/** The fields of each variant, with what choosing it means. */
export type Variants = Readonly<Record<string, { readonly means: string; readonly fields: Fields }>>;

export type TaggedJob<T extends string, C extends Fields, V extends Variants> = {
  [K in keyof V & string]: Flat<{ readonly [P in T]: K } & JobFields<C> & JobFields<V[K]['fields']>>;
}[keyof V & string];

export type TaggedManifest<T extends string, C extends Fields, V extends Variants, D extends string> = {
  [K in keyof V & string]: Flat<
    (K extends D ? { readonly [P in T]?: K } : { readonly [P in T]: K }) &
      ManifestFields<C> &
      ManifestFields<V[K]['fields']>
  >;
}[keyof V & string];

export type Forms = Readonly<Record<string, Fields>>;
type AllKeys<V extends Forms> = { [K in keyof V]: keyof V[K] }[keyof V];
/** The fields of the other forms are declared absent, so that a comparison with undefined determines the form. */
type Absent<V extends Forms, K extends keyof V> = {
  readonly [P in Exclude<AllKeys<V>, keyof V[K]>]?: undefined;
};

export type FormsJob<C extends Fields, V extends Forms> = {
  [K in keyof V & string]: Flat<JobFields<C> & JobFields<V[K]> & Absent<V, K>>;
}[keyof V & string];

export type FormsManifest<C extends Fields, V extends Forms> = {
  [K in keyof V & string]: Flat<ManifestFields<C> & ManifestFields<V[K]> & Absent<V, K>>;
}[keyof V & string];
