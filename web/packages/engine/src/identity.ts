/** Who this till is: given at enrolment, kept sealed, and readable while the till is locked. */
import { exponentOf, fromBase64, toBase64, type Bytes } from "@octonext/core";
import type { StoredIdentity } from "@octonext/storage";

import type { TillIdentity } from "./api";

export interface Identity extends TillIdentity {
  regionId: number | null;
  shardId: string;
  /** SubjectPublicKeyInfo of what new shift keys are wrapped for. */
  shardPublicKey: Bytes;
}

/** The answer to an enrolment: the identity, and the device's share. Throws TypeError for another shape. */
export function readEnrolment(answer: unknown): { identity: Identity; share: Bytes } {
  const members = objectOf(answer);
  const branch = objectOf(members["branch"]);
  const currency = textOf(members["currency"]);
  const identity: Identity = {
    deviceId: integerOf(members["device_id"]),
    deviceCode: textOf(members["device_code"]),
    branchId: integerOf(branch["branch_id"]),
    branchCode: textOf(branch["code"]),
    branchName: { en: textOf(branch["name_en"] ?? ""), ar: textOf(branch["name_ar"] ?? "") },
    receiptPrefix: textOf(members["receipt_prefix"]),
    currency,
    exponent: exponentOf(currency) ?? 2,
    jurisdiction: textOf(members["jurisdiction"]),
    timeZone: textOf(members["time_zone"]),
    regionId: typeof members["region_id"] === "number" ? members["region_id"] : null,
    shardId: textOf(members["shard_id"]),
    shardPublicKey: bytesOf(members["shard_public_key"]),
  };
  return { identity, share: bytesOf(members["device_share"]) };
}

export function storeIdentity(identity: Identity): StoredIdentity {
  const { shardPublicKey, branchName, ...rest } = identity;
  return { ...rest, branchName: { ...branchName }, shardPublicKey: toBase64(shardPublicKey) };
}

export function restoreIdentity(stored: StoredIdentity): Identity {
  return {
    ...(stored as unknown as Identity),
    shardPublicKey: bytesOf(stored["shardPublicKey"]),
  };
}

/** The part that a page sees. */
export function shownIdentity(identity: Identity): TillIdentity {
  const { deviceId, deviceCode, branchId, branchCode, branchName, receiptPrefix } = identity;
  const { currency, exponent, jurisdiction, timeZone } = identity;
  return {
    deviceId,
    deviceCode,
    branchId,
    branchCode,
    branchName,
    receiptPrefix,
    currency,
    exponent,
    jurisdiction,
    timeZone,
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("the answer lacks a member");
  return value as Record<string, unknown>;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("the answer lacks a text");
  return value;
}

function integerOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new TypeError("the answer lacks a number");
  return value;
}

function bytesOf(value: unknown): Bytes {
  const bytes = fromBase64(textOf(value));
  if (bytes === null) throw new TypeError("the answer lacks bytes");
  return bytes;
}
