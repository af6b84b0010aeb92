/** Selling: the only way into these screens. Loaded after sign-in, when a shift is open. */
import { useEffect, useRef } from "react";

import "./sell.css";
import "./screens.css";
import { CustomersView } from "../customers/customers-view";
import { HeldView } from "../held/held-view";
import { useWords } from "../i18n";
import { PayView } from "../pay/pay-view";
import { ReceiptView } from "../receipts/receipt-view";
import { ReceiptsView } from "../receipts/receipts-view";
import { ReturnsView } from "../returns/returns-view";
import { Spinner, useToast } from "../ui";
import { openDialogs } from "../ui/dialog";
import { SellView } from "./sell-view";
import { SellingProvider, useSelling } from "./selling";
import { signal } from "./sound";
import { useWedge } from "./use-wedge";
import { useSellWords } from "./words";

export function SellScreen() {
  const t = useWords();
  return (
    <SellingProvider waiting={<Spinner label={t("common.loading")} />}>
      <Screens />
    </SellingProvider>
  );
}

function Screens() {
  const { view, scan } = useSelling();
  const root = useRef<HTMLElement>(null);
  const t = useSellWords();
  const toast = useToast();
  useWedge((code, where) => {
    if (where === "page") {
      void scan(code);
    } else {
      signal("error");
      toast({ kind: "error", text: t("sell.code_in_dialog") });
    }
  });
  useKeptFocus(root, view);
  return (
    <main className="selling" ref={root} tabIndex={-1}>
      {screenOf(view)}
    </main>
  );
}

function screenOf(view: ReturnType<typeof useSelling>["view"]) {
  switch (view.name) {
    case "sell":
      return <SellView />;
    case "pay":
      return <PayView />;
    case "receipt":
      return (
        <ReceiptView
          key={`${view.receipt.number} ${view.receipt.copy}`}
          receipt={view.receipt}
          fresh={view.fresh}
        />
      );
    case "returns":
      return <ReturnsView key={view.found?.receipt.number ?? ""} found={view.found} />;
    case "customers":
      return <CustomersView />;
    case "held":
      return <HeldView />;
    case "receipts":
      return <ReceiptsView />;
  }
}

/**
 * When the control that had the focus is gone (a removed line, another screen), the focus would fall to
 * the body, and a keyboard user would start from the top of the page. It goes to the screen instead: not
 * to a field, which on a tablet would bring up the keyboard after every sale.
 */
function useKeptFocus(root: React.RefObject<HTMLElement | null>, view: unknown): void {
  useEffect(() => {
    const check = () => {
      const at = document.activeElement;
      if ((at === null || at === document.body) && openDialogs() === 0)
        root.current?.focus({ preventScroll: true });
    };
    check();
    const observer = new MutationObserver(check);
    if (root.current !== null) observer.observe(root.current, { childList: true, subtree: true });
    return () => {
      observer.disconnect();
    };
  }, [root, view]);
}
