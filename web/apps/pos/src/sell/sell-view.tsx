/** The screen of the day: the cart on one side, what can be sold on the other. */
import { memo, useCallback, useRef, useState } from "react";

import { useTill } from "../engine";
import { ProductArea } from "../search/product-area";
import { useShortcuts, useToast } from "../ui";
import { CartPanel } from "./cart-panel";
import { CartDialogs, type OpenDialog } from "./cart-dialogs";
import { useSelling } from "./selling";
import { useSellWords } from "./words";

// What can be sold does not change with what was: a scan draws the cart alone.
const Products = memo(ProductArea);

export function SellView() {
  const { cart, go } = useSelling();
  const { held } = useTill("held");
  const t = useSellWords();
  const toast = useToast();
  const search = useRef<HTMLInputElement>(null);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const empty = cart.lines.length === 0;

  const recall = useCallback(() => {
    if (!empty && held > 0) toast({ kind: "info", text: t("held.cart_first") });
    go({ name: "held" });
  }, [empty, held, toast, t, go]);
  useShortcuts([
    { keys: "F2", label: t("search.label"), run: () => search.current?.focus() },
    {
      keys: "F3",
      label: t("sell.customer"),
      run: () => {
        go({ name: "customers" });
      },
    },
    {
      keys: "F4",
      label: t("sell.pay"),
      disabled: empty,
      run: () => {
        go({ name: "pay" });
      },
    },
    {
      keys: "F6",
      label: t("sell.hold"),
      disabled: empty,
      run: () => {
        setDialog({ kind: "hold" });
      },
    },
    { keys: "F7", label: t("sell.recall"), run: recall },
    {
      keys: "F8",
      label: t("sell.return"),
      run: () => {
        go({ name: "returns", found: null });
      },
    },
    {
      keys: "F9",
      label: t("sell.drawer"),
      run: () => {
        setDialog({ kind: "drawer" });
      },
    },
    {
      keys: "Shift+F4",
      label: t("sell.receipts"),
      run: () => {
        go({ name: "receipts" });
      },
    },
    {
      keys: "Shift+F6",
      label: t("sell.cancel"),
      disabled: empty,
      run: () => {
        setDialog({ kind: "cancel" });
      },
    },
  ]);
  return (
    <div className="sell">
      <h1 className="hidden-text">{t("sell.title")}</h1>
      <CartPanel onDialog={setDialog} onRecall={recall} />
      <Products searchRef={search} />
      {dialog !== null && (
        <CartDialogs
          dialog={dialog}
          onClose={() => {
            setDialog(null);
          }}
        />
      )}
    </div>
  );
}
