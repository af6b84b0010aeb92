/** Everything a till in a browser keeps: encrypted, durable, and rebuilt from a second copy. */
export type * from "./api";
export {
  browserEnvironment,
  type Environment,
  type FileHandle,
  type Files,
  type QuotaSource,
} from "./environment";
export { StorageError, type StorageErrorCode } from "./errors";
export { openTill } from "./open";
export { joinQrParts, QrCollector, splitForQr } from "./qr-parts";
export { decodeRescue, encodeRescue } from "./rescue";
