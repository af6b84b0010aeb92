/** Receipt numbers: how they are printed, what a person may type to mean one, and the receipt's QR code. */
import { latinDigits } from "./digits";
import type { ReceiptReference } from "./entries";
import { NUMBER_MAX, SEQ_MAX } from "./protocol";

/** Whatever has a branch and a device, by number and by code. */
export interface Numbered {
  branchId: number;
  branchCode: string;
  deviceId: number;
  deviceCode: string;
}

const QR_PREFIX = "octonext:r1:";
const REFERENCE = /^([0-9]{1,10})-([0-9]{1,10})-([0-9]{1,14})$/;
const QR = /^octonext:r1:([0-9]{1,10})-([0-9]{1,10})-([0-9]{1,14}):([0-9a-f]{8})$/;
/** Codes as head office makes them: of the branch, of the till. */
const PRINTED = /^[A-Z0-9]{2,8}-[A-Z][A-Z0-9]{1,7}-[0-9]{1,14}$/;
export const HASH_DIGITS = 8;

/** `KW01-T01-17`, as printed. */
export function receiptNumber(branchCode: string, deviceCode: string, seq: number): string {
  return `${branchCode}-${deviceCode}-${seq}`;
}

/** `3-7-17`: the same in numbers, which means something at every till. */
export function printReference({ branch, device, seq }: ReceiptReference): string {
  return `${branch}-${device}-${seq}`;
}

/** A number as printed on a receipt of any till, in capitals; null for any other text. The shard knows whose it is. */
export function parsePrinted(text: string): string | null {
  const typed = latinDigits(text.trim()).toUpperCase();
  return PRINTED.test(typed) ? typed : null;
}

/**
 * What was typed, as a reference: `3-7-17`, or `KW01-T01-17` or `17` for this till's own; null for neither. A
 * till does not know the codes of other tills, only their numbers.
 */
export function parseReceipt(text: string, till: Numbered): ReceiptReference | null {
  const typed = latinDigits(text.trim());
  const own = receiptNumber(till.branchCode, till.deviceCode, 0).slice(0, -1);
  const isOwn = typed.toUpperCase().startsWith(own.toUpperCase());
  const sequence = isOwn ? typed.slice(own.length) : typed;
  if (/^[0-9]{1,14}$/.test(sequence)) return reference(till.branchId, till.deviceId, Number(sequence));
  const match = REFERENCE.exec(typed);
  return match && reference(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** What the QR code on a receipt holds; `hash` is the entry's, in hexadecimal, at least 8 digits of it. */
export function receiptQr(receipt: ReceiptReference, hash: string): string {
  return `${QR_PREFIX}${printReference(receipt)}:${hash.slice(0, HASH_DIGITS).toLowerCase()}`;
}

/** The receipt that a QR code names; null for any other text. */
export function parseReceiptQr(text: string): { reference: ReceiptReference; hash: string } | null {
  const match = QR.exec(text);
  if (match === null) return null;
  const [, branch, device, seq, hash = ""] = match;
  const named = reference(Number(branch), Number(device), Number(seq));
  return named && { reference: named, hash };
}

function reference(branch: number, device: number, seq: number): ReceiptReference | null {
  const isOne = (value: number, max: number): boolean => value >= 1 && value <= max;
  const known = isOne(branch, NUMBER_MAX) && isOne(device, NUMBER_MAX) && isOne(seq, SEQ_MAX);
  return known ? { branch, device, seq } : null;
}
