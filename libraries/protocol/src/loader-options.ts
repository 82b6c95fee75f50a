/** How the decoder makes objects of messages: the types in `generated/` are made with the same options. */
import { fileURLToPath } from 'node:url';

export const protoPath = fileURLToPath(new URL('../proto/training.proto', import.meta.url));

export const loaderOptions = {
  longs: Number,
  defaults: true,
  oneofs: false,
  arrays: true,
  objects: true,
} as const;
