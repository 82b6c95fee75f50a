/** The CustomResourceDefinition of `WsiTrainingJob`. */
import { GROUP, jobName, KIND, PLURAL, spec, status, VERSION } from './definition/job.ts';
import type { JsonObject } from './schema/node.ts';
import { openApi } from './schema/openapi.ts';

const columns = [
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Progress', type: 'string', jsonPath: '.status.progress.summary' },
  { name: 'ETA', type: 'string', jsonPath: '.status.progress.eta' },
  { name: 'Workers', type: 'string', jsonPath: '.status.workers.summary', description: 'Ready and desired.' },
  { name: 'Tiles/s', type: 'number', jsonPath: '.status.throughput.tilesPerSecond' },
  { name: 'Restarts', type: 'integer', jsonPath: '.status.restarts', priority: 1 },
  { name: 'Parameters', type: 'string', jsonPath: '.status.parametersSha256', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
] as const;

export function customResourceDefinition(): JsonObject {
  const name = openApi(jobName.node);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${PLURAL}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: ['wtj'],
        categories: ['all', 'wsi'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              description: 'Training of a model on whole-slide images with exact slide-level gradients.',
              type: 'object',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: `${GROUP}/${VERSION}` },
                kind: { type: 'string', description: KIND },
                metadata: { type: 'object', properties: { name } },
                spec: openApi(spec.node),
                status: openApi(status.node),
              },
            },
          },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.workers.replicas',
              statusReplicasPath: '.status.workers.replicas',
              labelSelectorPath: '.status.workers.selector',
            },
          },
        },
      ],
    },
  };
}
