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

import { useAction, useEngine, useMoney, useTill, type Approved } from "../engine";
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

export interface Selling {
  cart: CartView;
  view: View;
  go: (view: View) => void;
  /** The line that actions are for. */
  selected: string | null;
  select: (lineKey: string | null) => void;
  /** Asks the engine for a changed cart, shows it, and says what it means. Resolves to whether it happened. */
  change: (call: (approval: Approved) => Promise<CartView>) => Promise<boolean>;
  scan: (code: string) => Promise<void>;
  /** Read out by screen readers, not shown. */
  say: (text: string) => void;
}

const Context = createContext<Selling | null>(null);

export function useSelling(): Selling {
  const selling = useContext(Context);
  if (selling === null) throw new Error("useSelling outside of SellingProvider");
  return selling;
}

export function SellingProvider({ waiting, children }: { waiting: ReactNode; children: ReactNode }) {
  const engine = useEngine();
  const { currency, exponent } = useMoney();
  const { held } = useTill();
  const format = useFormats();
  const name = useName();
  const t = useSellWords();
  const toast = useToast();
  const { run } = useAction();
  const [cart, setCart] = useState<CartView | null>(null);
  const [view, setView] = useState<View>({ name: "sell" });
  const [selected, select] = useState<string | null>(null);
  const [said, say] = useState("");
  const shown = useRef<CartView | null>(null);
  const viewName = useRef<View["name"]>("sell");

  const show = useCallback(
    (next: CartView) => {
      const before = shown.current;
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
          signal("added");
          show(outcome.cart);
          select(outcome.lineKey);
          if (viewName.current !== "sell") go({ name: "sell" });
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

  const selling = useMemo(
    () => (cart === null ? null : { cart, view, go, selected, select, change, scan, say }),
    [cart, view, go, selected, change, scan],
  );
  return (
    <>
      <div className="hidden-text" role="status">
        {said}
      </div>
      {/* eslint-disable-next-line react-hooks/refs -- what is handed down reads them in events only */}
      {selling === null ? waiting : <Context value={selling}>{children}</Context>}
    </>
  );
}
