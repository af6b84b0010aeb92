/** Customers of the till's shard, found by name as products are, or by digits of the phone number. */
import { EXACT, INSIDE, NO_MATCH, PREFIX, type Grade } from "./grades";
import { parseQuery, type TypedCode } from "./query";
import { isMisspelt } from "./ranking";
import { isFields, isText, isUuid, type Row } from "./rows";
import { TextSearch } from "./searching-texts";
import type { Applied, BadRow, Customer } from "./types";
import { WordTable } from "./word-table";
import { codeKey, indexWords, sortKey, wordsOf } from "./words";

/** More than this nobody reads. */
export const CUSTOMER_HITS_MAX = 100;
/** With fewer digits, too many phone numbers have them. */
const PHONE_DIGITS_MIN = 3;

interface Entry {
  readonly customer: Customer;
  readonly sortKey: string;
  readonly words: Uint32Array;
  /** Digits alone. */
  readonly phone: string;
  readonly vatNumber: string;
}

interface Ranked {
  readonly entry: Entry;
  readonly worst: Grade;
  readonly sum: number;
}

export class Customers {
  private readonly entries = new Map<string, Entry>();
  private readonly words = new WordTable();

  static empty(): Customers {
    return new Customers();
  }

  get size(): number {
    return this.entries.size;
  }

  /** Rows of the customers' feed, and of customers found or made at this till. */
  apply(rows: Iterable<Row>): Applied {
    let applied = 0;
    let ignored = 0;
    const bad: BadRow[] = [];
    for (const { kind, key, value } of rows) {
      const customer = value === null ? null : readCustomer(key, value);
      if (kind !== "customer") ignored++;
      else if (!isUuid(key) || (customer === null && value !== null)) bad.push({ kind, key });
      else {
        applied++;
        if (customer === null) this.entries.delete(key);
        else this.entries.set(key, entryOf(customer, this.words));
      }
    }
    return { applied, ignored, bad };
  }

  get(id: string): Customer | null {
    return this.entries.get(id)?.customer ?? null;
  }

  /** The best fitting customers; mis-spelt names last. */
  search(text: string, limit: number): Customer[] {
    const query = parseQuery(text);
    const count = Math.min(Math.max(0, Math.trunc(limit)), CUSTOMER_HITS_MAX);
    if (query === null || count === 0) return [];
    let hits = this.collect(new TextSearch(query, this.words, false));
    if (hits.length < count) hits = this.collect(new TextSearch(query, this.words, true));
    return hits.slice(0, count).map(({ entry }) => entry.customer);
  }

  /** Everything as rows again. */
  *rows(): Generator<Row> {
    for (const { customer } of this.entries.values()) yield customerRow(customer);
  }

  private collect(search: TextSearch): Ranked[] {
    const hits: Ranked[] = [];
    for (const entry of this.entries.values()) {
      const { worst, sum } = search.grade(entry.words, (code) => gradeCode(entry, code));
      if (worst !== NO_MATCH) hits.push({ entry, worst, sum });
    }
    return hits.sort(compareHits);
  }
}

export function customerRow(customer: Customer): Row {
  const { id, name, phone, email, vatNumber, note } = customer;
  return {
    kind: "customer",
    key: id,
    value: { customer_id: id, name, phone, email, vat_number: vatNumber, note },
  };
}

function readCustomer(key: string, value: unknown): Customer | null {
  if (!isFields(value) || !isUuid(key) || value.customer_id !== key) return null;
  const { name, phone = null, email = null, vat_number: vatNumber = null, note = null } = value;
  const isReadable =
    isText(name) && isOptional(phone) && isOptional(email) && isOptional(vatNumber) && isOptional(note);
  return isReadable ? { id: key, name, phone, email, vatNumber, note } : null;
}

const isOptional = (value: unknown): value is string | null => value === null || isText(value);

function entryOf(customer: Customer, table: WordTable): Entry {
  const words = wordsOf(customer.name);
  return {
    customer,
    sortKey: sortKey(words),
    words: table.numbersOf(indexWords(words)),
    phone: codeKey(customer.phone ?? "").replace(/\D/g, ""),
    vatNumber: codeKey(customer.vatNumber ?? ""),
  };
}

/** People know the end of a number, or its beginning with or without the country's code. */
function gradeCode({ phone, vatNumber }: Entry, { key }: TypedCode): Grade {
  if (vatNumber !== "" && key === vatNumber) return EXACT;
  const digits = key.replace(/^00/, "");
  if (!/^\d+$/.test(key) || digits.length < PHONE_DIGITS_MIN) return NO_MATCH;
  if (phone === digits) return EXACT;
  if (phone.startsWith(digits)) return PREFIX;
  return phone.includes(digits) ? INSIDE : NO_MATCH;
}

function compareHits(left: Ranked, right: Ranked): number {
  const misspelt = Number(isMisspelt(left.worst)) - Number(isMisspelt(right.worst));
  if (misspelt !== 0) return misspelt;
  if (left.worst !== right.worst) return left.worst - right.worst;
  if (left.sum !== right.sum) return left.sum - right.sum;
  const [one, other] = [left.entry, right.entry];
  if (one.sortKey !== other.sortKey) return one.sortKey < other.sortKey ? -1 : 1;
  return one.customer.id < other.customer.id ? -1 : 1;
}
