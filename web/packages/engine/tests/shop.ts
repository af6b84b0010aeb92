/** A shop with goods, people and a till in it: what a day of selling needs. */
import { argon2id } from "hash-wasm";

import { PERMISSIONS, type DeltaRow } from "@octonext/core";
import { openTill } from "@octonext/storage";

import { Machine } from "../../storage/tests/machine";
import type { TillState } from "../src/api";
import { Engine } from "../src/engine";
import { StateBoard } from "../src/state";
import { environmentOf, Shard } from "./shard";

export const LIST = "00000000-0000-4000-8000-00000000aaaa";
export const MILK = "00000000-0000-4000-8000-000000000001";
export const DATES = "00000000-0000-4000-8000-000000000002";
export const LAMP = "00000000-0000-4000-8000-000000000003";
export const UNPRICED = "00000000-0000-4000-8000-000000000004";
export const CASHIER = { id: "00000000-0000-4000-8000-0000000000c1", code: "101", pin: "4711" };
export const MANAGER = { id: "00000000-0000-4000-8000-0000000000c2", code: "900", pin: "0815" };

const DEADLINE_MS = 8_000;

export async function makeShard(): Promise<Shard> {
  const shard = new Shard();
  shard.staff.push(CASHIER, MANAGER);
  shard.rows.push(
    row("region", "1", {
      region_id: 1,
      code: "KW",
      jurisdiction: "KW",
      currency: "KWD",
      time_zone: "Asia/Kuwait",
      name_en: "Kuwait",
      name_ar: "الكويت",
    }),
    row("branch", "3", {
      branch_id: 3,
      code: "KW01",
      name_en: "Salmiya",
      name_ar: "السالمية",
      region_id: 1,
      shard_id: "kw-1",
      currency: "KWD",
      time_zone: "Asia/Kuwait",
      jurisdiction: "KW",
      active: true,
    }),
    row("till_settings", "branch:3", { cash_rounding: 5, tenders: ["cash", "card", "knet", "on_account"] }),
    await cashier(CASHIER, "cashier", ["sell", "return_with_receipt", "close_shift"]),
    await cashier(MANAGER, "manager", [...PERMISSIONS]),
    row("tax", "KW:standard", {
      jurisdiction: "KW",
      tax_class: "standard",
      tax_code: "KW-O",
      rate_ppm: 0,
      name_en: "none",
      name_ar: "",
    }),
    row("price_list", LIST, {
      price_list_id: LIST,
      name: "Shelf",
      region_id: 1,
      branch_id: null,
      currency: "KWD",
      tax_inclusive: true,
      priority: 1,
    }),
    ...goods(MILK, "MILK", "Milk", "حليب", "piece", "4006381333931", 450),
    ...goods(DATES, "DATES", "Dates", "تمر", "kg", "2000000000015", 1_250),
    ...goods(LAMP, "LAMP", "Lamp", "مصباح", "piece", "036000291452", 12_005),
    ...goods(UNPRICED, "NEW", "New thing", "", "piece", "73513537", null),
  );
  return shard;
}

export function row(kind: string, key: string, value: unknown): DeltaRow {
  return { kind, key, value };
}

export async function cashier(
  person: { id: string; code: string; pin: string },
  role: string,
  permissions: string[],
): Promise<DeltaRow> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const cost = { iterations: 1, memorySize: 64, parallelism: 1, hashLength: 32 };
  const pinHash = await argon2id({ password: person.pin, salt, ...cost, outputType: "encoded" });
  const names = { name_en: `Person ${person.code}`, name_ar: "" };
  const value = { user_id: person.id, code: person.code, ...names, role, branch_ids: [3], pin_hash: pinHash };
  return row("cashier", person.id, { ...value, permissions, active: true });
}

export function goods(
  id: string,
  sku: string,
  en: string,
  ar: string,
  unit: string,
  barcode: string,
  amount: number | null,
): DeltaRow[] {
  const from = "2020-01-01";
  const product = { product_id: id, sku, name_en: en, name_ar: ar, unit, category_id: null };
  const rows = [row("product", id, { ...product, tax_class: "standard", barcodes: [barcode], active: true })];
  if (amount === null) return rows;
  const price = {
    price_list_id: LIST,
    product_id: id,
    amount,
    currency: "KWD",
    valid_from: from,
    valid_until: null,
  };
  return [...rows, row("price", `${LIST}:${id}:${from}`, price)];
}

/** A browser with a till in it; `boot` is a reload. */
export class Counter {
  readonly machine = new Machine();
  readonly clock = { now: Date.UTC(2026, 10, 22, 9) };
  engine!: Engine;
  private board!: StateBoard;

  constructor(readonly shard: Shard) {}

  get state(): TillState {
    return this.board.state;
  }

  async boot(): Promise<this> {
    const storage = this.machine.boot();
    this.board = new StateBoard("0.1.0", () => undefined);
    this.engine = new Engine(environmentOf(this.shard, this.clock), this.board, (left) =>
      openTill(storage, left),
    );
    await this.engine.start();
    return this;
  }

  /** Enrolled, with the catalogue, somebody signed in and a shift open. */
  async open(person = CASHIER, openingFloat = 20_000): Promise<this> {
    await this.boot();
    this.shard.enrolCode("CODE");
    await this.engine.enrol({ code: "CODE", name: "Front till" });
    await this.until((state) => state.catalogue.products === 4 && state.sync.feed === null);
    await this.engine.signIn({ code: person.code, pin: person.pin });
    await this.until((state) => state.permissions.length > 0 && state.catalogue.ready);
    await this.engine.openShift({ openingFloat });
    return this;
  }

  synced(): Promise<void> {
    return this.until((state) => state.sync.unsynced === 0 && state.sync.state === "online");
  }

  /** Waits for the condition, with a deadline. */
  async until(condition: (state: TillState) => boolean): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    while (!condition(this.state)) {
      if (performance.now() > end) throw new Error(`not reached: ${JSON.stringify(this.state, null, 1)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async stop(): Promise<void> {
    await this.engine.release();
  }
}

export async function refusalOf(work: Promise<unknown>): Promise<{ code: string; params: object }> {
  try {
    await work;
  } catch (error) {
    return error as { code: string; params: object };
  }
  throw new Error("it was not refused");
}
