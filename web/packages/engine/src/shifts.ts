/** Shifts: opening with a float, cash in and out, the drawer, the count, and reports from stored sums. */
import { CASH } from "@octonext/core";
import type { Json } from "@octonext/storage";

import { TillRefusal, type ShiftReport } from "./api";
import type { OpenShift } from "./book";
import { CLOSED } from "./collections";
import type { Till } from "./till";

/** Z reports that stay on the till; the books are on the shard. */
const CLOSED_MAX = 60;

export class Shifts {
  constructor(
    private readonly till: Till,
    private readonly cartIsEmpty: () => boolean,
  ) {}

  async open({ openingFloat }: { openingFloat: number }): Promise<ShiftReport> {
    const { till } = this;
    const { person } = till.require("sell");
    requireAmount(openingFloat, 0);
    const shift = await till.book.begin(person, openingFloat);
    await this.show();
    return this.report("X", shift, null);
  }

  async moveCash(request: { amount: number; reason: string; approval?: string }): Promise<void> {
    const { till } = this;
    const { amount, reason } = request;
    till.book.requireShift();
    const authority = till.authorise("move_cash", request.approval);
    if (!Number.isSafeInteger(amount) || amount === 0) throw new TillRefusal("amount_invalid");
    const { currency } = till.identity;
    await till.record([{ kind: "cash_moved", currency, amount, reason, approved_by: authority.approvedBy }]);
    authority.spend();
  }

  async openDrawer(request: { reason: string; approval?: string }): Promise<void> {
    const { till } = this;
    till.book.requireShift();
    const authority = till.authorise("open_drawer", request.approval);
    await till.record([{ kind: "drawer_opened", reason: request.reason, approved_by: authority.approvedBy }]);
    authority.spend();
  }

  /** The X report. */
  current(): ShiftReport {
    this.till.requireSession();
    return this.report("X", this.till.book.requireShift(), null);
  }

  async close(request: { counted: number; approval?: string }): Promise<ShiftReport> {
    const { till } = this;
    const { counted } = request;
    const shift = till.book.requireShift();
    const authority = till.authorise("close_shift", request.approval);
    requireAmount(counted, 0);
    if (!this.cartIsEmpty()) throw new TillRefusal("cart_not_empty");
    const { expected } = shift.totals;
    const report = this.report("Z", shift, counted);
    const { currency } = till.identity;
    await till.record([{ kind: "shift_closed", currency, counted, expected }], () => ({
      puts: [{ collection: CLOSED, key: shift.id, value: report as unknown as Json }],
    }));
    authority.spend();
    await this.show();
    await this.dropOldest();
    return report;
  }

  /** Newest first. */
  async closed(): Promise<ShiftReport[]> {
    this.till.requireSession();
    const stored = await this.till.storage.all(CLOSED);
    const reports = stored.map(({ value }) => value as unknown as ShiftReport);
    return reports.sort((one, other) => (one.at < other.at ? 1 : -1)).map((each) => this.forEyes(each));
  }

  /** Tells the page and remembers for the locked till which shift is open. */
  async show(): Promise<void> {
    const { till } = this;
    const open = till.book.shift;
    const shift = open === null ? null : { id: open.id, openedAt: open.openedAt, openedBy: open.openedBy };
    till.board.change({ shift });
    await till.remember({ shift });
  }

  private report(kind: "X" | "Z", shift: OpenShift, counted: number | null): ShiftReport {
    const { till } = this;
    const { totals } = shift;
    const at = new Date(till.environment.now()).toISOString();
    const report: ShiftReport = {
      kind,
      shift: { id: shift.id, openedAt: shift.openedAt, openedBy: shift.openedBy },
      at,
      closedAt: kind === "Z" ? at : null,
      currency: till.identity.currency,
      openingFloat: totals.openingFloat,
      sales: totals.sales,
      returns: totals.returns,
      voids: totals.voids,
      priceOverrides: totals.priceOverrides,
      drawerOpens: totals.drawerOpens,
      cashIn: totals.cashIn,
      cashOut: totals.cashOut,
      rounding: totals.rounding,
      byTender: Object.entries(totals.byTender).map(([tender, sums]) => ({ tender, ...sums })),
      byTax: Object.values(totals.byTax),
      expected: totals.expected,
      counted,
      difference: counted === null ? null : counted - totals.expected,
    };
    return kind === "X" ? this.forEyes(report) : report;
  }

  /** Whoever counts blindly is not told what should be in the drawer, nor what adds up to it. */
  private forEyes(report: ShiftReport): ShiftReport {
    if (!this.till.settings.blindCount || this.till.may("see_expected") || report.kind === "Z") return report;
    const byTender = report.byTender.filter(({ tender }) => tender !== CASH);
    const sales = { ...report.sales, total: null, tax: null };
    const returns = { ...report.returns, total: null, tax: null };
    return { ...report, sales, returns, byTender, byTax: [], expected: null, difference: null };
  }

  /** Only housekeeping: what fails is done at the next close. */
  private async dropOldest(): Promise<void> {
    const stored = await this.till.storage.all(CLOSED).catch(() => []);
    const dated = stored.map(({ key, value }) => ({ key, at: (value as unknown as ShiftReport).at }));
    const old = dated.sort((one, other) => (one.at < other.at ? 1 : -1)).slice(CLOSED_MAX);
    if (old.length === 0) return;
    await this.till.storage
      .commit({ removes: old.map(({ key }) => ({ collection: CLOSED, key })) })
      .catch(() => undefined);
  }
}

function requireAmount(amount: number, min: number): void {
  if (!Number.isSafeInteger(amount) || amount < min) throw new TillRefusal("amount_invalid");
}
