/**
 * The run-time form of a schema: a small tree that every consumer walks (checking, defaults, the CRD, the
 * reference page). It holds no code except for derived defaults, so the CRD loses nothing else.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * A rule over several fields, in CEL. The same text is evaluated here and by the API server, so there is no second
 * version of it that could disagree. A rule that names `oldSelf` is a transition rule and concerns updates only.
 */
export interface Rule {
  readonly cel: string;
  readonly message: string;
  /** The field to blame, relative to the object that carries the rule, such as `split.fold`. */
  readonly field: string;
  readonly remedy?: string;
}

interface Described {
  readonly description: string;
}

export interface TextNode extends Described {
  readonly kind: 'text';
  readonly minLength: number;
  readonly maxLength: number;
  /** `means` says in words what the expression accepts. */
  readonly pattern?: { readonly expression: string; readonly means: string };
  /** What each allowed value means; absent when any text is allowed. */
  readonly values?: Readonly<Record<string, string>>;
  /** Values that are known but refused until they are implemented. */
  readonly planned?: Readonly<Record<string, string>>;
  readonly format?: 'date-time';
}

export interface NumberNode extends Described {
  readonly kind: 'integer' | 'number';
  readonly minimum?: number;
  readonly maximum?: number;
  /** The bound itself is refused. */
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly unit?: string;
}

export interface BooleanNode extends Described {
  readonly kind: 'boolean';
}

/** A Kubernetes resource quantity: `512Mi`, `2`, `0.5`, `100m`. */
export interface QuantityNode extends Described {
  readonly kind: 'quantity';
  readonly unit?: string;
}

export interface ListNode extends Described {
  readonly kind: 'list';
  readonly items: Node;
  readonly minItems: number;
  readonly maxItems: number;
  /** The items' identifying field, unique in the list. */
  readonly key?: string;
  readonly rules: readonly Rule[];
}

export interface MapNode extends Described {
  readonly kind: 'map';
  readonly values: Node;
  readonly maxProperties: number;
  /** What keys may be; a rule of the CRD, since OpenAPI of Kubernetes has no word for it. */
  readonly keys?: { readonly expression: string; readonly means: string };
}

/** Handed on to Kubernetes as it is: its own types are checked by the API server when the pod is created. */
export interface OpenNode extends Described {
  readonly kind: 'open';
  readonly shape: 'object' | 'list';
}

export type Presence = 'required' | 'optional' | 'default' | 'derived' | 'planned';

export interface FieldNode {
  readonly node: Node;
  readonly presence: Presence;
  readonly default?: Json;
  /** A default that depends on other fields, with its text for the reference page. */
  readonly derive?: {
    readonly text: string;
    /** @param siblings those before it @param enclosing outermost first, what comes before the way to it */
    readonly from: (siblings: JsonObject, enclosing: readonly JsonObject[]) => Json;
  };
  /** The variants or forms that this field belongs to; absent for a field of all of them. */
  readonly only?: readonly string[];
}

/** How an object splits into variants: by the value of a tag field, or by which form's fields are present. */
export type Union =
  | { readonly by: 'tag'; readonly tag: string }
  /** In order; the last form is meant when no form's field is present. */
  | { readonly by: 'presence'; readonly forms: Readonly<Record<string, readonly string[]>> };

export interface ObjectNode extends Described {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, FieldNode>>;
  readonly rules: readonly Rule[];
  readonly union?: Union;
  /** Keys that are not in `fields` are kept and not checked. */
  readonly keepsUnknown?: boolean;
}

export type Node =
  TextNode | NumberNode | BooleanNode | QuantityNode | ListNode | MapNode | OpenNode | ObjectNode;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
