/**
 * The bytes of an entry. They are made once, hashed and sealed; nobody writes them a second time.
 *
 * Members stand in the order, and are left out or written as null, just as Python's encoder writes the same
 * entry: a shard compares, and what it would have written itself needs no second look for hidden texts.
 */
import { fromUtf8, utf8, type Bytes } from "./bytes";
import type { Draft, Entry, EntryKind, Stamp } from "./entries";
import { asObject, asText, Malformed, parseJson } from "./shape";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** A member by name and what stands there when nothing is given; LEAVE_OUT for no member at all. */
type Members = readonly (readonly [name: string, otherwise: Json | typeof LEAVE_OUT, inner?: Members])[];

/** With the flag u, halves of a pair are seen only where the other one is missing. */
const LONE_SURROGATE = /\p{Surrogate}/gu;
const LEAVE_OUT: unique symbol = Symbol("leave out");
/** A member without a default: whoever builds an entry gives it. */
const NEEDED: typeof LEAVE_OUT = LEAVE_OUT;

const STAMP: Members = [
  ["v", 1],
  ["seq", NEEDED],
  ["shift", NEEDED],
  ["cashier", NEEDED],
  ["at", NEEDED],
  ["hlc", NEEDED],
];

const REFERENCE: Members = [
  ["branch", NEEDED],
  ["device", NEEDED],
  ["seq", NEEDED],
];

/** Lines and payments leave out what is at its default: they are most of what a till writes. */
const LINE: Members = [
  ["product", NEEDED],
  ["quantity", NEEDED],
  ["unit_price", NEEDED],
  ["discount", LEAVE_OUT],
  ["tax_code", NEEDED],
  ["rate_ppm", NEEDED],
  ["tax", NEEDED],
  ["total", NEEDED],
  ["original_line", LEAVE_OUT],
  ["note", LEAVE_OUT],
  ["discount_reason", LEAVE_OUT],
  ["discount_approved_by", LEAVE_OUT],
];

const PAYMENT: Members = [
  ["tender", NEEDED],
  ["amount", NEEDED],
  ["tendered", LEAVE_OUT],
  ["reference", LEAVE_OUT],
];

const RECEIPT: Members = [
  ["lines", NEEDED, LINE],
  ["payments", NEEDED, PAYMENT],
  ["total", NEEDED],
  ["tax", NEEDED],
  ["rounding", 0],
];

const KINDS: { readonly [Kind in EntryKind]: Members } = {
  shift_opened: [
    ["currency", NEEDED],
    ["opening_float", NEEDED],
  ],
  sale: [["currency", NEEDED], ...RECEIPT, ["note", null], ["customer", null]],
  return: [
    ["currency", NEEDED],
    ["original", null, REFERENCE],
    ...RECEIPT,
    ["reason", null],
    ["note", null],
    ["customer", null],
    ["approved_by", null],
  ],
  void: [
    ["scope", NEEDED],
    ["amount", NEEDED],
    ["product", null],
    ["quantity", null],
    ["reason", null],
  ],
  price_overridden: [
    ["product", NEEDED],
    ["price_before", NEEDED],
    ["price_after", NEEDED],
    ["approved_by", null],
    ["reason", null],
  ],
  drawer_opened: [
    ["reason", null],
    ["approved_by", null],
  ],
  cash_moved: [
    ["currency", NEEDED],
    ["amount", NEEDED],
    ["reason", null],
    ["approved_by", null],
  ],
  stock_counted: [
    [
      "lines",
      NEEDED,
      [
        ["product", NEEDED],
        ["counted", NEEDED],
      ],
    ],
  ],
  stock_adjusted: [
    ["reason", NEEDED],
    [
      "lines",
      NEEDED,
      [
        ["product", NEEDED],
        ["quantity", NEEDED],
      ],
    ],
    ["note", null],
  ],
  shift_closed: [
    ["currency", NEEDED],
    ["counted", NEEDED],
    ["expected", NEEDED],
  ],
  customer_saved: [
    ["customer", NEEDED],
    ["name", NEEDED],
    ["phone", null],
    ["email", null],
    ["vat_number", null],
    ["note", null],
  ],
  receipt_reprinted: [["receipt", NEEDED, REFERENCE]],
  cashier_signed_in: [],
};

/** The bytes of an entry, UTF-8 JSON. Half a surrogate pair, which no UTF-8 holds, becomes U+FFFD. */
export function encodeEntry(draft: Draft, stamp: Stamp): Bytes {
  const source: Record<string, unknown> = { ...draft, ...stamp };
  const whole = { kind: draft.kind, ...pick(source, STAMP), ...pick(source, KINDS[draft.kind]) };
  const text = JSON.stringify(whole, (_, value: unknown) =>
    typeof value === "string" ? value.replace(LONE_SURROGATE, "\ufffd") : value,
  );
  return utf8(text);
}

/** An entry that this till wrote. Throws Malformed for bytes that are no entry of a known kind. */
export function decodeEntry(bytes: Uint8Array): Entry {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    throw new Malformed("an entry is no UTF-8");
  }
  const value = asObject(parseJson(text), "an entry");
  if (value.v !== 1 || !Object.hasOwn(KINDS, asText(value.kind, "kind"))) {
    throw new Malformed("an entry of an unknown kind or version");
  }
  return value as unknown as Entry;
}

/**
 * The till's wall clock as an entry's `at`: milliseconds since 1970 and the zone's minutes east of UTC.
 * Fractions have six digits or none, and UTC is `Z`, as Python writes them.
 */
export function formatAt(unixMs: number, offsetMinutes: number): string {
  const ms = Math.floor(unixMs);
  const local = ms + offsetMinutes * 60_000;
  const fraction = ((local % 1000) + 1000) % 1000;
  const clock = civil(Math.floor(local / 1000));
  const digits = fraction === 0 ? "" : `.${pad(fraction, 3)}000`;
  if (offsetMinutes === 0) return `${clock}${digits}Z`;
  const away = Math.abs(offsetMinutes);
  return `${clock}${digits}${offsetMinutes < 0 ? "-" : "+"}${pad(Math.floor(away / 60), 2)}:${pad(away % 60, 2)}`;
}

function pick(source: Record<string, unknown>, members: Members): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const [name, otherwise, inner] of members) {
    const value = source[name] ?? null;
    const missing = value === null || (name === "discount" && value === 0);
    if (!missing) picked[name] = inner === undefined ? value : pickInner(value, inner);
    else if (otherwise !== LEAVE_OUT) picked[name] = otherwise;
  }
  return picked;
}

function pickInner(value: unknown, members: Members): unknown {
  if (Array.isArray(value)) return value.map((each) => pick(each as Record<string, unknown>, members));
  return pick(value as Record<string, unknown>, members);
}

/** The civil date and time of seconds since 1970, without a `Date`: Hinnant, "chrono-compatible date algorithms". */
function civil(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const time = seconds - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return `${date}T${pad(Math.floor(time / 3600), 2)}:${pad(Math.floor(time / 60) % 60, 2)}:${pad(time % 60, 2)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
