/** The cart: its lines, what they come to, and what can be done with all of it. */
import { memo, useEffect, useRef } from "react";

import type { Customer } from "@octonext/engine/api";

import { useEngine, useMoney, useTill } from "../engine";
import { useFormats } from "../i18n";
import { Button, IconButton } from "../ui";
import {
  CashIcon,
  CloseIcon,
  DrawerIcon,
  HoldIcon,
  NoteIcon,
  PercentIcon,
  PersonIcon,
  ReceiptIcon,
  ReturnIcon,
  ScanIcon,
  TrashIcon,
} from "../ui/icons";
import type { OpenDialog } from "./cart-dialogs";
import { CartLineRow } from "./cart-line";
import { ListIcon } from "./icons";
import { LineActions } from "./line-actions";
import { useSelling, useSellingActions } from "./selling";
import { Tool } from "./tool";
import { useSellWords } from "./words";

export interface CartPanelProps {
  onDialog: (dialog: OpenDialog) => void;
  onRecall: () => void;
}

interface CartHeadProps {
  customer: Customer | null;
  onDialog: (dialog: OpenDialog) => void;
}

export function CartPanel({ onDialog, onRecall }: CartPanelProps) {
  const { cart, selected } = useSelling();
  const t = useSellWords();
  const list = useRef<HTMLUListElement>(null);
  const empty = cart.lines.length === 0;

  useEffect(() => {
    const line = list.current?.querySelector('[data-selected="true"]');
    // jsdom has no layout and no such method.
    if (line instanceof HTMLElement && "scrollIntoView" in line) line.scrollIntoView({ block: "nearest" });
  }, [selected, cart.lines.length]);

  return (
    <section className="cart" aria-label={t("sell.cart")}>
      <CartHead customer={cart.customer} onDialog={onDialog} />
      {empty ? (
        <div className="cart__empty">
          <ScanIcon size={48} />
          <p>{t("sell.empty")}</p>
        </div>
      ) : (
        <ul ref={list} className="cart__lines">
          {cart.lines.map((line) => (
            <li
              key={line.key}
              className="cart__item"
              data-testid="cart-line"
              data-selected={line.key === selected}
            >
              <CartLineRow line={line} selected={line.key === selected} />
              {line.key === selected && <LineActions line={line} onDialog={onDialog} />}
            </li>
          ))}
        </ul>
      )}
      <CartFoot onDialog={onDialog} onRecall={onRecall} />
    </section>
  );
}

const CartHead = memo(function CartHead({ customer, onDialog }: CartHeadProps) {
  const { go, change } = useSellingActions();
  const engine = useEngine();
  const t = useSellWords();
  return (
    <div className="cart__head">
      <button
        type="button"
        className={customer === null ? "chip" : "chip chip--on"}
        aria-keyshortcuts="F3"
        title={`${t("sell.customer")} (F3)`}
        onClick={() => {
          go({ name: "customers" });
        }}
      >
        <PersonIcon size={20} />
        <span className="chip__text">
          <bdi>{customer?.name ?? t("sell.choose_customer")}</bdi>
        </span>
      </button>
      {customer !== null && (
        <IconButton
          label={t("customers.remove")}
          icon={<CloseIcon size={20} />}
          onClick={() => void change(() => engine.setCustomer(null))}
        />
      )}
      <span className="cart__space" />
      <IconButton
        label={t("sell.receipts")}
        shortcut="Shift+F4"
        icon={<ReceiptIcon />}
        onClick={() => {
          go({ name: "receipts" });
        }}
      />
      <IconButton
        label={t("sell.drawer")}
        shortcut="F9"
        icon={<DrawerIcon />}
        onClick={() => {
          onDialog({ kind: "drawer" });
        }}
      />
    </div>
  );
});

function CartFoot({ onDialog, onRecall }: CartPanelProps) {
  const { cart } = useSelling();
  const { currency, exponent } = useMoney();
  const format = useFormats();
  const t = useSellWords();
  const empty = cart.lines.length === 0;
  const money = (minor: number) => format.money(minor, exponent);
  const exchange =
    cart.lines.some((line) => line.kind === "return") && cart.lines.some((line) => line.kind === "sale");
  return (
    <div className="cart__foot">
      {cart.note !== null && (
        <p className="cart__note">
          <bdi>{cart.note}</bdi>
        </p>
      )}
      <dl className="sums">
        {cart.discount !== 0 && (
          <>
            <div>
              <dt>{t("sell.subtotal")}</dt>
              <dd className="amount">{money(cart.subtotal)}</dd>
            </div>
            <div>
              <dt>
                {t("sell.discount")} {cart.cartDiscount !== null && <bdi>({cart.cartDiscount.reason})</bdi>}
              </dt>
              <dd className="amount">{money(-cart.discount)}</dd>
            </div>
          </>
        )}
        {cart.tax !== 0 && (
          <div>
            <dt>{t("sell.tax_included")}</dt>
            <dd className="amount">{money(cart.tax)}</dd>
          </div>
        )}
        <div className="sums__total">
          <dt>
            {cart.total < 0 ? t("sell.refund") : t("sell.total")}
            {!empty && <small> {t("sell.items", { count: cart.items })}</small>}
          </dt>
          <dd className="amount" data-testid="cart-total">
            {format.moneyOf(Math.abs(cart.total), exponent, currency)}
          </dd>
        </div>
      </dl>
      <CartTools empty={empty} onDialog={onDialog} onRecall={onRecall} />
      <PayButton
        empty={empty}
        label={exchange ? t("sell.exchange") : cart.total < 0 ? t("sell.pay_out") : t("sell.pay")}
      />
    </div>
  );
}

const CartTools = memo(function CartTools({
  empty,
  onDialog,
  onRecall,
}: CartPanelProps & { empty: boolean }) {
  const { go } = useSellingActions();
  const { held } = useTill("held");
  const t = useSellWords();
  return (
    <div className="cart__tools">
      <Tool
        label={t("sell.hold")}
        keys="F6"
        icon={<HoldIcon />}
        disabled={empty}
        onClick={() => {
          onDialog({ kind: "hold" });
        }}
      />
      <Tool
        label={held > 0 ? t("sell.recall_count", { count: held }) : t("sell.recall")}
        keys="F7"
        icon={<ListIcon />}
        badge={held}
        onClick={onRecall}
      />
      <Tool
        label={t("sell.return")}
        keys="F8"
        icon={<ReturnIcon />}
        onClick={() => {
          go({ name: "returns", found: null });
        }}
      />
      <Tool
        label={t("sell.discount")}
        icon={<PercentIcon />}
        disabled={empty}
        onClick={() => {
          onDialog({ kind: "discount", line: null });
        }}
      />
      <Tool
        label={t("sell.note")}
        icon={<NoteIcon />}
        disabled={empty}
        onClick={() => {
          onDialog({ kind: "note", line: null });
        }}
      />
      <Tool
        label={t("sell.cancel")}
        keys="Shift+F6"
        icon={<TrashIcon />}
        disabled={empty}
        onClick={() => {
          onDialog({ kind: "cancel" });
        }}
      />
    </div>
  );
});

const PayButton = memo(function PayButton({ empty, label }: { empty: boolean; label: string }) {
  const { go } = useSellingActions();
  return (
    <Button
      kind="primary"
      size="large"
      className="cart__pay"
      shortcut="F4"
      icon={<CashIcon />}
      disabled={empty}
      onClick={() => {
        go({ name: "pay" });
      }}
    >
      {label}
    </Button>
  );
});
