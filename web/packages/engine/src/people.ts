/**
 * Who works at this branch and what head office has set for it: few rows of the reference feed, readable
 * before the catalogue is, and only while the till is unlocked.
 */
import { Catalogue, type Cashier, type Row } from "@octonext/catalogue";

import type { Person, Settings } from "./api";

export type Colleague = Cashier;

const KINDS: ReadonlySet<string> = new Set(["cashier", "till_settings", "region", "branch"]);

/** Whether a row belongs here; such rows stay out of the large catalogue, which a locked till keeps in memory. */
export function isStaffRow(row: Row): boolean {
  return row.kind === "cashier" || row.kind === "till_settings";
}

/** What is read with them: a branch's settings stand over its region's. */
export function concernsStaff(row: Row): boolean {
  return KINDS.has(row.kind);
}

export class People {
  private rows = Catalogue.empty();

  constructor(private readonly branchId: number) {}

  apply(rows: Row[]): void {
    this.rows.apply(rows);
  }

  /** Null for somebody who does not work at this branch (any more). */
  get(id: string): Colleague | null {
    return this.all().find((each) => each.id === id) ?? null;
  }

  byCode(code: string): Colleague | null {
    return this.all().find((each) => each.code === code) ?? null;
  }

  /** Of anybody the feed ever named, also of those who left. */
  nameOf(id: string): Person["name"] | null {
    return this.rows.person(id)?.name ?? null;
  }

  /** Whether head office has sent anybody yet. */
  get known(): boolean {
    return this.all().length > 0;
  }

  settings(): Settings {
    return this.rows.settings(this.branchId);
  }

  forget(): void {
    this.rows = Catalogue.empty();
  }

  private all(): Colleague[] {
    return this.rows.cashiers(this.branchId);
  }
}

export function personOf(colleague: Colleague): Person {
  const { id, code, name, role } = colleague;
  return { id, code, name, role };
}
