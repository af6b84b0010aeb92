/**
 * The QR code of a simplified tax invoice in Saudi Arabia: ZATCA, "Security Features Implementation
 * Standards", phase 1: five tag-length-value fields, base64.
 */
import { toBase64 } from "./base64";
import { concat, utf8 } from "./bytes";
import { formatMinor } from "./money";

/** A length is one byte. */
const VALUE_BYTES_MAX = 255;

export interface TaxInvoice {
  sellerName: string;
  vatNumber: string;
  /** RFC 3339. */
  at: string;
  /** With tax, minor units. */
  total: number;
  tax: number;
  currency: string;
}

export function taxQr(invoice: TaxInvoice): string {
  const { sellerName, vatNumber, at, total, tax, currency } = invoice;
  const values = [sellerName, vatNumber, at, formatMinor(total, currency), formatMinor(tax, currency)];
  return toBase64(concat(...values.map((value, place) => field(place + 1, value))));
}

function field(tag: number, text: string): Uint8Array {
  const characters = Array.from(text);
  let value = utf8(text);
  // Cut between characters: half of one is no UTF-8.
  while (value.length > VALUE_BYTES_MAX) {
    characters.pop();
    value = utf8(characters.join(""));
  }
  return concat(Uint8Array.of(tag, value.length), value);
}
