/**
 * One payment from the first tender to the receipt. It stands outside of React, so that a second press
 * within the same frame, before anything is drawn again, meets a payment that is already on its way.
 */
import type { Receipt, TenderDraft, TenderOption } from "@octonext/engine/api";

export interface PaymentState {
  /** Parts of a split payment that were taken so far. */
  parts: { tender: string; amount: number; reference: string | null }[];
  phase: "choosing" | "paying" | "paid";
  receipt: Receipt | null;
  /** What went wrong with the last attempt. */
  error: unknown;
}

export interface Taking {
  tender: string;
  /** Null is the rest; cash may be more than that. Positive for a refund too. */
  amount: number | null;
  reference: string | null;
}

export class Payment {
  private current: PaymentState = { parts: [], phase: "choosing", receipt: null, error: null };
  private readonly listeners = new Set<() => void>();

  constructor(
    /** The cart's total: negative is handed out. */
    readonly total: number,
    private readonly cashRounding: number | null,
    private readonly pay: (tenders: TenderDraft[]) => Promise<Receipt>,
  ) {}

  readonly state = (): PaymentState => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** What is still open, never negative, before any rounding. */
  get left(): number {
    return Math.max(0, Math.abs(this.total) - this.current.parts.reduce((sum, part) => sum + part.amount, 0));
  }

  /** What is due when this tender pays all that is open. The engine's own figure where it gave one. */
  dueWith(option: TenderOption): number {
    if (this.current.parts.length === 0) return Math.abs(option.due);
    return option.tender === "cash" ? roundedTo(this.left, this.cashRounding) : this.left;
  }

  /**
   * Takes a part. One that covers what is open pays at once; a smaller one waits for the others.
   * Does nothing while a payment is on its way or after it succeeded.
   */
  async take(taking: Taking, due: number): Promise<void> {
    if (this.current.phase !== "choosing") return;
    if (taking.amount === 0 && due > 0) return;
    // Nobody holds a coin smaller than the rounding; 1.253 typed for 1.255 due is all of it.
    const given =
      taking.amount !== null && taking.tender === "cash"
        ? roundedTo(taking.amount, this.cashRounding)
        : taking.amount;
    if (given === null || given >= due) {
      const change = taking.tender === "cash" && this.total > 0;
      // Only cash handed in may be more than is due; an exact amount goes as "the rest", which rounds.
      const amount = !change || given === due ? null : given;
      await this.submit([...this.current.parts, { ...taking, amount }]);
    } else {
      const part = { tender: taking.tender, amount: given, reference: taking.reference };
      this.become({ parts: [...this.current.parts, part], error: null });
    }
  }

  /** Nothing is due: an exchange of equal value. */
  async settle(): Promise<void> {
    if (this.current.phase === "choosing") await this.submit([]);
  }

  remove(index: number): void {
    if (this.current.phase !== "choosing") return;
    this.become({ parts: this.current.parts.filter((_, at) => at !== index), error: null });
  }

  private async submit(tenders: TenderDraft[]): Promise<void> {
    this.become({ phase: "paying", error: null });
    try {
      const receipt = await this.pay(tenders);
      this.become({ phase: "paid", receipt });
    } catch (error) {
      // Nothing was booked: the engine rejects before, or not at all. The parts stay for another try.
      this.become({ phase: "choosing", error });
    }
  }

  private become(change: Partial<PaymentState>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** Half away from zero, on integers, as the rounding of every amount here. */
export function roundedTo(amount: number, step: number | null): number {
  if (step === null || step <= 1) return amount;
  const magnitude = Math.abs(amount);
  const rounded = Math.floor((2 * magnitude + step) / (2 * step)) * step;
  return amount < 0 ? -rounded : rounded;
}
