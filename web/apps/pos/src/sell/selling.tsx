/** What the selling screens share: the cart as the engine last told it, which screen is shown, and how a scan is taken. */
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";

import type { CartView, Receipt, ReturnableReceipt } from "@octonext/engine/api";

import { useEngine, useMoney, useRun, useTill, type Approved } from "../engine";
import { useFormats, useName } from "../i18n";
import { useToast } from "../ui";
import { addedKey } from "./added";
import { signal } from "./sound";
import { useSellWords } from "./words";

export type View =
  | { name: "sell" }
  | { name: "pay" }
  /** Fresh: just paid, so that Enter starts the next sale. */
  | { name: "receipt"; receipt: Receipt; fresh: boolean }
  | { name: "returns"; found: ReturnableReceipt | null }
  | { name: "customers" }
  | { name: "held" }
  | { name: "receipts" };

/** What can be done: the same functions from one rendering to the next. */
export interface SellingActions {
  go: (view: View) => void;
  select: (lineKey: string | null) => void;
  /** Asks the engine for a changed cart, shows it, and says what it means. Resolves to whether it happened. */
  change: (call: (approval: Approved) => Promise<CartView>) => Promise<boolean>;
  scan: (code: string) => Promise<void>;
  /** Read out by screen readers, not shown. */
  say: (text: string) => void;
}

export interface Selling extends SellingActions {
  cart: CartView;
  view: View;
  /** The line that actions are for. */
  selected: string | null;
}

const Context = createContext<Selling | null>(null);
const ActionsContext = createContext<SellingActions | null>(null);

/** Drawn again with every change of the cart. */
export function useSelling(): Selling {
  return provided(useContext(Context));
}

/** For what does not show the cart: a scan draws it no second time. */
export function useSellingActions(): SellingActions {
  return provided(useContext(ActionsContext));
}

function provided<T>(value: T | null): T {
  if (value === null) throw new Error("selling outside of SellingProvider");
  return value;
}

/** The engine tells the whole cart each time: what says the same as before stays the same object, and is not drawn. */
function shared(before: CartView | null, next: CartView): CartView {
  if (before === null) return next;
  const known = new Map(before.lines.map((line) => [line.key, line]));
  return {
    ...next,
    lines: next.lines.map((line) => same(known.get(line.key), line)),
    customer: same(before.customer, next.customer),
  };
}

function same<T>(before: T | undefined, next: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(next) ? before : next;
}

export function SellingProvider({ waiting, children }: { waiting: ReactNode; children: ReactNode }) {
  const engine = useEngine();
  const { currency, exponent } = useMoney();
  const { held } = useTill("held");
  const format = useFormats();
  const name = useName();
  const t = useSellWords();
  const toast = useToast();
  const run = useRun();
  const [cart, setCart] = useState<CartView | null>(null);
  const [view, setView] = useState<View>({ name: "sell" });
  const [selected, select] = useState<string | null>(null);
  const [said, say] = useState("");
  const shown = useRef<CartView | null>(null);
  const viewName = useRef<View["name"]>("sell");

  const show = useCallback(
    (told: CartView) => {
      const before = shown.current;
      const next = shared(before, told);
      shown.current = next;
      setCart(next);
      const key = before === null ? null : addedKey(before, next);
      const total = format.moneyOf(next.total, exponent, currency);
      const line = next.lines.find((each) => each.key === key);
      if (line !== undefined) {
        select(line.key);
        say(t("sell.added", { name: name(line.name), quantity: format.quantity(line.quantity), total }));
      } else {
        select((now) =>
          next.lines.some((each) => each.key === now) ? now : (next.lines.at(-1)?.key ?? null),
        );
        if (before !== null && before.total !== next.total) say(t("sell.now_total", { total }));
      }
    },
    [format, exponent, currency, name, t],
  );

  useEffect(() => {
    let here = true;
    void run(() => engine.cart()).then((answer) => {
      if (here && answer !== null) show(answer.value);
    });
    return () => {
      here = false;
    };
    // Read again when a cart was held or recalled: its count is the engine's word that the cart changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [engine, held]);

  const go = useCallback((next: View) => {
    viewName.current = next.name;
    setView(next);
  }, []);

  const change = useCallback(
    async (call: (approval: Approved) => Promise<CartView>) => {
      const answer = await run(call);
      if (answer !== null) show(answer.value);
      return answer !== null;
    },
    [run, show],
  );

  const scan = useCallback(
    async (code: string) => {
      // While money changes hands the cart stands still.
      if (viewName.current === "pay") {
        signal("error");
        toast({ kind: "error", text: t("sell.paying_first") });
        return;
      }
      const answer = await run(() => engine.scan(code));
      if (answer === null) {
        signal("error");
        return;
      }
      const outcome = answer.value;
      switch (outcome.kind) {
        case "added":
          show(outcome.cart);
          select(outcome.lineKey);
          if (viewName.current !== "sell") go({ name: "sell" });
          signal("added");
          break;
        case "receipt":
          signal("added");
          go({ name: "returns", found: outcome.receipt });
          break;
        case "unknown":
          signal("error");
          toast({ kind: "error", text: t("sell.unknown_code", { code: outcome.code }) });
          break;
        case "no_price":
          signal("error");
          toast({ kind: "error", text: t("sell.no_price", { name: name(outcome.product.name) }) });
          break;
      }
    },
    [engine, go, name, run, show, t, toast],
  );

  const actions = useMemo(() => ({ go, select, change, scan, say }), [go, change, scan]);
  const selling = useMemo(
    () => (cart === null ? null : { cart, view, selected, ...actions }),
    [cart, view, selected, actions],
  );
  return (
    <>
      <div className="hidden-text" role="status">
        {said}
      </div>
      {/* eslint-disable react-hooks/refs -- what is handed down reads them in events only */}
      {selling === null ? (
        waiting
      ) : (
        <ActionsContext value={actions}>
          <Context value={selling}>{children}</Context>
        </ActionsContext>
      )}
      {/* eslint-enable react-hooks/refs */}
    </>
  );
}
