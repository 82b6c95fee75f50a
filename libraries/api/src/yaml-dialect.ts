/**
 * How YAML is read: YAML 1.2, but with the booleans (`yes`, `on`) and merge keys of kubectl's YAML 1.1, so that a
 * manifest means the same to `wsi run` and to `kubectl apply`. Depth and aliases are bounded: a few lines of YAML
 * can stand for gigabytes.
 */
import { boolYaml11Tag, CORE_SCHEMA, mergeTag } from 'js-yaml';

export const YAML_DIALECT = {
  schema: CORE_SCHEMA.withTags(boolYaml11Tag, mergeTag),
  maxDepth: 64,
  maxAliases: 20,
} as const;
