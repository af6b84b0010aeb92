/** One line of the cart. It is drawn again only when something in it changed: a cart may have hundreds. */
import { memo } from "react";

import type { CartLine } from "@octonext/engine/api";

import { useEngine, useMoney } from "../engine";
import { useFormats, useName } from "../i18n";
import { useSellingActions } from "./selling";
import { useSellWords } from "./words";

export interface CartLineRowProps {
  line: CartLine;
  selected: boolean;
}

export const CartLineRow = memo(function CartLineRow({ line, selected }: CartLineRowProps) {
  const { select, change } = useSellingActions();
  const engine = useEngine();
  const step = (quantity: number) => {
    if (quantity > 0)
      void change((approval) => engine.setQuantity({ lineKey: line.key, quantity, ...approval }));
  };
  return (
    <button
      type="button"
      className="line__face"
      aria-expanded={selected}
      onClick={() => {
        select(line.key);
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          neighbourOf(event.currentTarget, event.key === "ArrowDown" ? 1 : -1)?.focus();
        }
        if (line.unit !== "piece" || line.original !== null) return;
        if (event.key === "+") step(line.quantity + 1000);
        if (event.key === "-") step(line.quantity - 1000);
      }}
    >
      <Face line={line} />
    </button>
  );
});

/** From line to line with the arrows: each line is a button, and its actions follow it. */
function neighbourOf(face: HTMLElement, step: 1 | -1): HTMLElement | undefined {
  const faces = [...(face.closest(".cart__lines")?.querySelectorAll<HTMLElement>(".line__face") ?? [])];
  return faces[faces.indexOf(face) + step];
}

function Face({ line }: { line: CartLine }) {
  const { exponent } = useMoney();
  const format = useFormats();
  const name = useName();
  const t = useSellWords();
  const money = (minor: number) => format.money(minor, exponent);
  const discount = line.lineDiscount + line.cartDiscount;
  const detail = { quantity: format.quantity(line.quantity), price: money(line.unitPrice) };
  return (
    <>
      <span className="line__quantity amount">
        {format.quantity(line.quantity)}
        {line.unit === "kg" && <small>{t("sell.kg")}</small>}
      </span>
      <span className="line__what">
        <span className="line__name">
          <bdi>{name(line.name)}</bdi>
        </span>
        <span className="line__detail">
          {line.kind === "return" && <span className="tag tag--return">{t("sell.returned")}</span>}
          <bdi className="amount">
            {line.unit === "kg" ? t("sell.weighed", detail) : t("sell.each", detail)}
          </bdi>
          {line.listPrice !== null && (
            <bdi className="muted">{t("sell.was", { price: money(line.listPrice) })}</bdi>
          )}
          {discount > 0 && <bdi className="tag">{t("sell.line_discount", { amount: money(discount) })}</bdi>}
        </span>
        {line.note !== null && (
          <span className="line__note">
            <bdi>{line.note}</bdi>
          </span>
        )}
      </span>
      <span className="line__total amount">{money(line.kind === "return" ? -line.total : line.total)}</span>
    </>
  );
}
