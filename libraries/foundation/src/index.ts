export {
  openAnew,
  storageError,
  syncDirectory,
  writeFileAtomically,
  writeFileSynced,
} from './atomic-file.ts';
export { mapLimited, Slots } from './bounded-concurrency.ts';
export { readBoundedFile } from './bounded-file.ts';
export { systemClock, type Clock } from './clock.ts';
export { decimalNumber, InvalidOptionValue, wholeNumber, type NumberRange } from './command-line-numbers.ts';
export { canonicalJson, sha256, sha256OfFile } from './digest.ts';
export { isErrorCode, systemErrorCode, WsiError, type ErrorCode, type ErrorDetails } from './errors.ts';
export { parseJson } from './json.ts';
export { devicePool, listGpus, parseGpuList, type Gpu } from './gpus/gpu-list.ts';
export { deviceOfProcess, NO_DEVICE, VISIBLE_DEVICES, visibleDevices } from './gpus/gpu-pool.ts';
export { askNvidiaSmi, type NvidiaSmi } from './gpus/nvidia-smi.ts';
export { inIpv6, isLinkLocal, isLoopback, LINK_LOCAL_IPV4, LINK_LOCAL_IPV6 } from './link-local.ts';
export { createLogger, type Logger, type LogIdentity } from './log.ts';
export { peakResidentBytes } from './peak-memory.ts';
export { keepFilesPrivate } from './private-files.ts';
export {
  detailsOf,
  joinPublic,
  knownWord,
  ownText,
  PublicText,
  publicText,
  textFor,
  type Details,
  type PublicPart,
  type RedactableText,
} from './public-text.ts';
export { RandomStream } from './random.ts';
export { isRecord } from './record.ts';
export { releaseBytes } from './release-bytes.ts';
export {
  ENDPOINT_REFUSALS,
  endpointRefusal,
  refusalOf,
  type EndpointPermissions,
  type EndpointRefusal,
} from './store-endpoint.ts';
