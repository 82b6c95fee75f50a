/** Where TensorFlow computes. */
import { Engine, type Network } from '@wsi-operator/engine';
import { ownText, type Logger } from '@wsi-operator/foundation';

/** The one setting that also chose the library at set-up. */
export function deviceFromEnvironment(): 'cpu' | 'gpu' {
  return process.env['WSI_TENSORFLOW'] === 'gpu' ? 'gpu' : 'cpu';
}

/** An engine there; what becomes of the user's own settings of TensorFlow is in the log. @throws WsiError like `Engine.start` */
export async function startEngine(
  network: Network,
  threads: number,
  logger: Pick<Logger, 'warn'>,
): Promise<Engine> {
  const engine = await Engine.start({ network, threads, device: deviceFromEnvironment() });
  for (const notice of engine.notices) logger.warn({ notice: ownText(notice) }, 'a setting of TensorFlow');
  return engine;
}
