export { buildImage, projectVersion, temporaryFolder, type BuiltImage } from './build-image.ts';
export { targets, type Target } from './contents.ts';
export {
  qualifiedName,
  writeImageArchive,
  writeLayer,
  type ImageConfiguration,
  type Layer,
} from './oci-archive.ts';
export { type TarContent, type TarEntry } from './tar.ts';
