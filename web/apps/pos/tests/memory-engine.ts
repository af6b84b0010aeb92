/**
 * A till engine in memory, for tests and the preview of the page: people, shifts, sync and rescue here, selling
 * at its counter. It keeps no journal and is never shipped.
 */
import {
  TillRefusal,
  type Person,
  type ShiftReport,
  type TillClient,
  type TillEngine,
  type TillState,
} from "@octonext/engine/api";
import { PERMISSIONS } from "@octonext/core/roles";

import { Counter, later } from "./memory/counter";
import { memoryState, NOW, PEOPLE, PIN } from "./memory/state";

export class MemoryTill implements TillClient {
  private current: TillState;
  private readonly listeners = new Set<() => void>();
  private past: ShiftReport[] = [];
  private cashIn = 0;
  private cashOut = 0;
  private drawerOpens = 0;
  private float = 0;
  readonly counter = new Counter(this);
  readonly engine: TillEngine;

  constructor(change: Partial<TillState> = {}) {
    this.current = memoryState(change);
    this.engine = this.methods();
  }

  readonly state = (): TillState => this.current;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  takeOver(): Promise<void> {
    this.change({ phase: "locked" });
    return Promise.resolve();
  }

  change(change: Partial<TillState>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }

  private who(code: string, pin: string): Person {
    const person = PEOPLE.find((each) => each.code === code);
    if (person === undefined) throw new TillRefusal("online_sign_in_needed");
    if (pin !== PIN) throw new TillRefusal("wrong_pin", { left: 9 });
    return person;
  }

  private need(approval: string | undefined, permission: (typeof PERMISSIONS)[number]): void {
    if (this.current.permissions.includes(permission) || approval === `approved ${permission}`) return;
    throw new TillRefusal("approval_required", { permission });
  }

  private report(kind: "X" | "Z", counted: number | null): ShiftReport {
    const shift = this.current.shift;
    if (shift === null) throw new TillRefusal("shift_not_open");
    const expected = this.float + 412_750 + this.cashIn - this.cashOut;
    const blind = kind === "X" && !this.current.permissions.includes("see_expected");
    return {
      kind,
      shift,
      at: new Date(NOW).toISOString(),
      closedAt: kind === "Z" ? new Date(NOW).toISOString() : null,
      currency: "KWD",
      openingFloat: this.float,
      sales: { count: 128, total: 1_284_350, tax: 0, discount: 21_500 },
      returns: { count: 3, total: 14_250, tax: 0 },
      voids: { lines: 6, carts: 2, amount: 18_900 },
      priceOverrides: 1,
      drawerOpens: this.drawerOpens,
      cashIn: this.cashIn,
      cashOut: this.cashOut,
      rounding: -45,
      byTender: [
        { tender: "cash", sales: 420_000, returns: 7_250 },
        { tender: "knet", sales: 810_350, returns: 7_000 },
        { tender: "voucher", sales: 54_000, returns: 0 },
      ],
      byTax: [{ code: "zero", ratePpm: 0, net: 1_270_100, tax: 0 }],
      expected: blind ? null : expected,
      counted,
      difference: counted === null ? null : counted - expected,
    };
  }

  private methods(): TillEngine {
    const unbuilt = () =>
      later((): never => {
        throw new TillRefusal("offline");
      });
    return {
      enrol: ({ code }) =>
        later(() => {
          if (code !== "GOOD-CODE") throw new TillRefusal("enrolment_refused");
          this.change({ phase: "locked", known: [] });
        }),
      signIn: ({ code, pin }) =>
        later(() => {
          const person = this.who(code, pin);
          const permissions =
            person.role === "cashier"
              ? (["sell", "return_with_receipt", "close_shift"] as const)
              : PERMISSIONS;
          this.change({ phase: "open", person, permissions: [...permissions] });
        }),
      lock: () =>
        later(() => {
          this.change({ phase: "locked", person: null, permissions: [] });
        }),
      approve: ({ permission, code, pin }) =>
        later(() => {
          const by = this.who(code, pin);
          if (by.role === "cashier") throw new TillRefusal("not_permitted", { permission });
          return { token: `approved ${permission}`, by };
        }),
      touched: () => Promise.resolve(),
      openShift: ({ openingFloat }) =>
        later(() => {
          this.float = openingFloat;
          const openedBy = this.current.person?.name ?? { en: "", ar: "" };
          this.change({
            shift: { id: `s${this.past.length + 1}`, openedAt: new Date(NOW).toISOString(), openedBy },
          });
          return this.report("X", null);
        }),
      moveCash: ({ amount, approval }) =>
        later(() => {
          this.need(approval, "move_cash");
          if (amount > 0) this.cashIn += amount;
          else this.cashOut -= amount;
        }),
      openDrawer: ({ approval }) =>
        later(() => {
          this.need(approval, "open_drawer");
          this.drawerOpens += 1;
        }),
      shiftReport: () => later(() => this.report("X", null)),
      closeShift: ({ counted }) =>
        later(() => {
          const z = this.report("Z", counted);
          this.past = [z, ...this.past];
          this.change({ shift: null });
          return z;
        }),
      closedShifts: () => later(() => this.past),
      ...this.counter.methods(),
      voidReceipt: unbuilt,
      receipt: unbuilt,
      countStock: () => Promise.resolve(),
      syncNow: () =>
        later(() => {
          this.change({
            sync: { ...this.current.sync, state: "online", unsynced: 0, oldestUnsyncedAt: null },
          });
        }),
      requestPersistence: () => later(() => true),
      exportRescue: () =>
        later(() => ({
          name: "till-7-2026-03-14.octonext",
          bytes: new Uint8Array(900),
          entries: this.current.sync.unsynced,
          parts: ["ONR1:00000001:1/2:0:AAAA", "ONR1:00000001:2/2:0:BBBB"],
        })),
      uploadRescue: () => later(() => ({ device: 8, entries: 3 })),
      restoreFromCopy: ({ code, pin }) =>
        later(() => {
          this.who(code, pin);
          this.change({ phase: "locked" });
          return { entries: 41, unsynced: 12 };
        }),
    };
  }
}
