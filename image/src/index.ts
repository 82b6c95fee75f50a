export { qualifiedName, writeImageArchive, type ImageConfiguration, type Layer } from './oci-archive.ts';
export { writeTar, type TarContent, type TarEntry, type Written } from './tar.ts';
