/** One tender: how much, and the reference that a terminal or a voucher has. */
import { useState } from "react";

import type { TenderOption } from "@octonext/engine/api";

import { useMoney } from "../engine";
import { useFormats } from "../i18n";
import { useSelling } from "../sell/selling";
import { TAKES_SCAN } from "../sell/use-wedge";
import { useSellWords } from "../sell/words";
import { Button, MoneyPad, Notice, TextField } from "../ui";
import type { Payment } from "./payment";
import { quickAmounts } from "./quick-amounts";

/** What a journal entry takes. */
const REFERENCE_MAX = 60;

export function TenderForm({
  payment,
  option,
  busy,
  focused,
}: {
  payment: Payment;
  option: TenderOption;
  busy: boolean;
  /** Whether the amount takes the focus. */
  focused: boolean;
}) {
  const { cart, go } = useSelling();
  const { currency, exponent } = useMoney();
  const format = useFormats();
  const t = useSellWords();
  const due = payment.dueWith(option);
  const [amount, setAmount] = useState<number | null>(due);
  const [reference, setReference] = useState("");
  const [missing, setMissing] = useState(false);
  const refund = payment.total < 0;
  const money = (minor: number) => format.moneyOf(minor, exponent, currency);
  const cash = option.tender === "cash";
  const wantsReference = option.needsReference || option.external || option.tender === "voucher";
  const account = option.tender === "on_account" && cart.customer === null;

  const take = (wanted: number | null) => {
    if (busy || account || wanted === null) return;
    if (option.needsReference && reference.trim() === "") {
      setMissing(true);
      return;
    }
    void payment.take({ tender: option.tender, amount: wanted, reference: reference.trim() || null }, due);
  };
  const change = cash && !refund && amount !== null && amount > due ? amount - due : 0;
  const part = amount !== null && amount < due;
  const taken = amount === null ? due : cash && !refund ? Math.min(amount, due) : Math.min(amount, due);
  const label = refund ? "pay.give" : part ? "pay.take_part" : "pay.take";
  return (
    <form
      className="tender-form"
      onSubmit={(event) => {
        event.preventDefault();
        take(amount);
      }}
    >
      <div className="tender-form__entry">
        <MoneyPad
          label={cash && !refund ? t("pay.received") : t("pay.amount")}
          value={amount}
          onChange={setAmount}
          currency={currency}
          exponent={exponent}
          focused={focused}
          disabled={busy}
          testId="pay-amount"
        />
      </div>
      <div className="tender-form__side">
        {due !== payment.left && (
          <p className="muted">{t("pay.rounding", { amount: format.money(due - payment.left, exponent) })}</p>
        )}
        {cash && (
          <div className="quick" role="group" aria-label={t("pay.quick")}>
            <Button
              busy={busy}
              onClick={() => {
                take(due);
              }}
            >
              {t("pay.exact", { amount: format.money(due, exponent) })}
            </Button>
            {!refund &&
              quickAmounts(due, currency).map((each) => (
                <Button
                  key={each}
                  busy={busy}
                  onClick={() => {
                    take(each);
                  }}
                >
                  {format.money(each, exponent)}
                </Button>
              ))}
          </div>
        )}
        {option.external && <Notice>{t("pay.terminal", { amount: money(taken) })}</Notice>}
        {wantsReference && (
          <TextField
            label={option.tender === "voucher" ? t("pay.voucher") : t("pay.reference")}
            {...(option.tender === "voucher" ? {} : { hint: t("pay.reference_hint") })}
            value={reference}
            onChange={setReference}
            maxLength={REFERENCE_MAX}
            disabled={busy}
            latin
            error={missing && reference.trim() === "" ? t("pay.reference_missing") : null}
            {...{ [TAKES_SCAN]: "" }}
          />
        )}
        {account && (
          <Notice
            kind="warning"
            action={
              <Button
                onClick={() => {
                  go({ name: "customers" });
                }}
              >
                {t("sell.choose_customer")}
              </Button>
            }
          >
            {t("pay.needs_customer")}
          </Notice>
        )}
        {change > 0 && (
          <p className="pay__change" aria-live="polite">
            <span>{t("pay.change")}</span>
            <b className="amount" data-testid="pay-change">
              {money(change)}
            </b>
          </p>
        )}
        <Button
          kind="primary"
          size="large"
          type="submit"
          className="pay__take"
          busy={busy}
          disabled={account || amount === null || (amount === 0 && due > 0)}
        >
          {busy ? t("pay.busy") : t(label, { amount: money(taken) })}
        </Button>
      </div>
    </form>
  );
}
