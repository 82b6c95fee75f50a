/** What can be computed: the encoder, the aggregator and the tile size that fix a body's parameters and graphs. */
import { WsiError } from '@wsi/foundation';

export type EncoderName = 'tiny' | 'resnet18';

export type Aggregator =
  | { readonly name: 'attention'; /** Width of the gate's two hidden layers. */ readonly hidden: number }
  | { readonly name: 'mean' }
  | { readonly name: 'instance' };

export interface Network {
  readonly encoder: { readonly name: EncoderName };
  readonly aggregator: Aggregator;
  /** Side of the square tiles, in pixels. */
  readonly tileSize: number;
}

/** How much the encoder shrinks a tile: the tile size must be a multiple of it, and at least twice of it. */
const STRIDES: Readonly<Record<EncoderName, number>> = { tiny: 16, resnet18: 32 };

const EMBEDDING_SIZES: Readonly<Record<EncoderName, number>> = { tiny: 128, resnet18: 512 };

/** The length d of a tile's embedding. @throws WsiError `InvalidArgument` for a network that cannot be built */
export function embeddingSize(network: Network): number {
  requireNetwork(network);
  return EMBEDDING_SIZES[network.encoder.name];
}

/** @throws WsiError `InvalidArgument` that names the field and what it may be */
export function requireNetwork({ encoder, aggregator, tileSize }: Network): void {
  if (!Object.hasOwn(STRIDES, encoder.name)) {
    throw invalid(
      'encoder.name',
      `no encoder is called "${encoder.name}"`,
      Object.keys(STRIDES).join(' or '),
    );
  }
  const stride = STRIDES[encoder.name];
  if (!Number.isInteger(tileSize) || tileSize % stride !== 0 || tileSize < 32) {
    throw invalid(
      'tileSize',
      `${encoder.name} cannot take tiles of ${tileSize} pixels`,
      `a multiple of ${stride} that is 32 or more`,
    );
  }
  if (!['attention', 'mean', 'instance'].includes(aggregator.name)) {
    throw invalid(
      'aggregator.name',
      `no aggregator is called "${aggregator.name}"`,
      'attention, mean or instance',
    );
  }
  if (aggregator.name === 'attention' && (!Number.isInteger(aggregator.hidden) || aggregator.hidden < 1)) {
    throw invalid('aggregator.hidden', `${aggregator.hidden} is not a width`, 'a whole number of 1 or more');
  }
}

function invalid(where: string, problem: string, allowed: string): WsiError {
  return new WsiError('InvalidArgument', `${problem}.`, { where, remedy: `Choose ${allowed}.` });
}
