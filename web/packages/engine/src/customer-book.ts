/** Customers of the country as this till knows them: from the feed, and those written here before it had them. */
import { Customers } from "@octonext/catalogue";
import type { DeltaRow, Written } from "@octonext/core";
import type { Json, RecordName } from "@octonext/storage";

import type { Customer } from "./api";
import { CUSTOMERS } from "./collections";
import type { Till } from "./till";

const FOUND_MAX = 50;

/** A customer written here, and the entry that says so. */
interface Own {
  customer: Customer;
  seq: number;
}

export class CustomerBook {
  private known = Customers.empty();
  private readonly own = new Map<string, Own>();

  constructor(private readonly till: Till) {}

  async load(): Promise<void> {
    this.forget();
    for (const { key, value } of await this.till.storage.all(CUSTOMERS)) {
      const own = value as unknown as Own;
      this.own.set(key, own);
      this.known.apply([rowOf(own.customer)]);
    }
  }

  forget(): void {
    this.known = Customers.empty();
    this.own.clear();
  }

  get(id: string): Customer | null {
    const found = this.known.get(id);
    return found === null ? null : shown(found);
  }

  /** Rows of the feed. What was written here counts until the shard has it. */
  apply(rows: DeltaRow[]): void {
    const { acked } = this.till.storage.journal;
    const own = (row: DeltaRow) => this.own.get(row.key)?.seq ?? 0;
    const newer = rows.filter((row) => own(row) <= acked.seq);
    this.known.apply(newer);
    for (const { key } of newer) if (this.own.has(key)) void this.dropOwn(key);
  }

  find(text: string): Customer[] {
    return this.known.search(text, FOUND_MAX).map(shown);
  }

  /** Writes a new or changed customer into the journal, of the shift that is open. */
  async save(request: Omit<Customer, "id">, id: string): Promise<Customer> {
    const customer: Customer = { ...request, id };
    const { name, phone, email, vatNumber, note } = customer;
    const draft = {
      kind: "customer_saved",
      customer: id,
      name,
      phone,
      email,
      vat_number: vatNumber,
      note,
    } as const;
    const ownOf = (written: Written | undefined): Own => ({ customer, seq: written?.sealed.seq ?? 0 });
    const [saved] = await this.till.record([draft], ([written]) => ({
      puts: [{ collection: CUSTOMERS, key: id, value: ownOf(written) as unknown as Json }],
    }));
    this.own.set(id, ownOf(saved));
    this.known.apply([rowOf(customer)]);
    return customer;
  }

  private async dropOwn(id: string): Promise<void> {
    this.own.delete(id);
    const removes: RecordName[] = [{ collection: CUSTOMERS, key: id }];
    // It only takes place: the next row of this customer tries again.
    await this.till.storage.commit({ removes }).catch(() => undefined);
  }
}

function rowOf({ id, name, phone, email, vatNumber, note }: Customer): DeltaRow {
  const value = { customer_id: id, name, phone, email, vat_number: vatNumber, note };
  return { kind: "customer", key: id, value };
}

/** Plain data, as a page gets it. */
function shown({ id, name, phone, email, vatNumber, note }: Readonly<Customer>): Customer {
  return { id, name, phone, email, vatNumber, note };
}
