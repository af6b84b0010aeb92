/**
 * Brings the feeds into storage and memory: each delta is stored with its cursor in one transaction before it
 * counts. The catalogue, the people and settings of this branch, and the customers of this country.
 */
import { rowsOf, type Delta, type DeltaRow } from "@octonext/core";
import { StorageError } from "@octonext/storage";

import { IMAGE, type CatalogueKeeper } from "./catalogue-keeper";
import type { CustomerBook } from "./customer-book";
import { RowImage } from "./row-image";
import { concernsStaff, isStaffRow } from "./people";
import type { Till } from "./till";

export const REFERENCE = "reference";
export const CUSTOMER_FEED = "customers";

export class Feeds {
  private readonly staff = new RowImage("staff");
  private readonly customers = new RowImage("customers");
  private received = 0;
  private beginnings = 0;

  constructor(
    private readonly till: Till,
    private readonly catalogue: CatalogueKeeper,
    private readonly customerBook: CustomerBook,
    private readonly peopleChanged: () => Promise<void>,
    /** The reference feed has nothing more for now. */
    private readonly complete: () => void,
  ) {}

  async cursors(): Promise<Record<string, string>> {
    const { images } = this.till.storage;
    return {
      [REFERENCE]: (await images.cursor(REFERENCE)) ?? "",
      [CUSTOMER_FEED]: (await images.cursor(CUSTOMER_FEED)) ?? "",
    };
  }

  /** All of it has to come again: what is being unpacked follows rows that will be gone. */
  beginAgain(): void {
    this.beginnings += 1;
  }

  /** Into storage, then into memory. False while the till is locked. Rejects with Malformed. */
  async store(delta: Delta): Promise<boolean> {
    const { storage } = this.till;
    if (!storage.vault.unlocked) return false;
    const { beginnings } = this;
    const rows = await rowsOf(delta);
    if (beginnings !== this.beginnings) return false;
    try {
      if (delta.feed === CUSTOMER_FEED) await this.storeCustomers(delta, rows);
      else await this.storeReference(delta, rows);
    } catch (error) {
      if (error instanceof StorageError && error.code === "locked") return false;
      throw error;
    }
    await this.showProgress(delta, rows.length);
    return true;
  }

  /** The till has just been unlocked: people and settings at once, the rest as it is read. */
  async load(): Promise<void> {
    const { storage, people } = this.till;
    people.forget();
    people.apply(await this.staff.load(storage));
    this.showSettings();
    this.customerBook.apply(await this.customers.load(storage));
  }

  unload(): void {
    this.staff.forget();
    this.customers.forget();
  }

  /** When there is nothing else to do: small feeds are written together. */
  async tidy(): Promise<void> {
    await this.staff.compact(this.till.storage);
    await this.customers.compact(this.till.storage);
  }

  private async storeReference(delta: Delta, rows: DeltaRow[]): Promise<void> {
    const { images } = this.till.storage;
    const staff = rows.filter(concernsStaff);
    const goods = rows.filter((row) => !isStaffRow(row));
    const packed = goods.length === rows.length ? delta.packed : null;
    const segments = goods.length > 0 ? [this.catalogue.segment(goods, packed)] : [];
    if (staff.length > 0) segments.push(this.staff.segment(staff));
    const stored = images.storeDelta({ feed: delta.feed, cursor: delta.cursor, segments });
    const placeOf = async (image: string): Promise<number> => (await stored).get(image) ?? 0;
    if (goods.length > 0) await this.catalogue.take(goods, placeOf(IMAGE));
    const place = await placeOf(this.staff.name);
    if (staff.length === 0) return;
    this.staff.stored(staff, place);
    this.till.people.apply(staff);
    this.showSettings();
    await this.peopleChanged();
  }

  private async storeCustomers(delta: Delta, rows: DeltaRow[]): Promise<void> {
    const segments = rows.length > 0 ? [this.customers.segment(rows)] : [];
    const { images } = this.till.storage;
    const places = await images.storeDelta({ feed: delta.feed, cursor: delta.cursor, segments });
    if (rows.length === 0) return;
    this.customers.stored(rows, places.get(this.customers.name) ?? 0);
    this.customerBook.apply(rows);
  }

  private showSettings(): void {
    const { people, board } = this.till;
    const settings = people.settings();
    if (JSON.stringify(settings) === JSON.stringify(board.state.settings)) return;
    board.change({ settings });
    void this.till.remember({ settings });
  }

  private async showProgress(delta: Delta, rows: number): Promise<void> {
    if (delta.feed !== REFERENCE) return;
    this.received += rows;
    this.till.board.changeSync({ feed: delta.more ? { received: this.received, left: delta.left } : null });
    if (delta.more) return;
    this.received = 0;
    await this.catalogue.show();
    this.complete();
  }
}
