/** A discount on a line or on the cart, in percent or as an amount, with its reason. */
import { useState } from "react";

import type { CartLine, Discount } from "@octonext/engine/api";

import { useEngine, useMoney, type Approved } from "../engine";
import { useName, useWords } from "../i18n";
import { Button, Choice, Dialog, MoneyPad, NumberField } from "../ui";
import { ReasonField } from "./reason-field";
import { useSelling } from "./selling";
import { useSellWords } from "./words";

/** Percent is typed with two decimals: one hundredth of it is a hundred parts per million. */
const PPM_PER_HUNDREDTH = 100;

export function DiscountDialog({ line, onClose }: { line: CartLine | null; onClose: () => void }) {
  const { cart, change } = useSelling();
  const engine = useEngine();
  const { currency, exponent } = useMoney();
  const name = useName();
  const t = useSellWords();
  const words = useWords();
  const [kind, setKind] = useState<"percent" | "amount">("percent");
  const [value, setValue] = useState<number | null>(null);
  const [reason, setReason] = useState(
    (line === null ? cart.cartDiscount?.reason : line.discountReason) ?? "",
  );
  const [missing, setMissing] = useState(false);
  const there = line === null ? cart.cartDiscount !== null : line.lineDiscount > 0;

  const send = async (discount: Discount | null) => {
    const request = { discount, reason: reason.trim() };
    const done = await change((approval: Approved) =>
      line === null
        ? engine.discountCart({ ...request, ...approval })
        : engine.discountLine({ lineKey: line.key, ...request, ...approval }),
    );
    if (done) onClose();
  };
  const give = () => {
    if (value === null || value <= 0) return;
    if (reason.trim() === "") setMissing(true);
    else void send(kind === "percent" ? { percentPpm: value * PPM_PER_HUNDREDTH } : { amount: value });
  };
  return (
    <Dialog
      title={line === null ? t("discount.cart") : t("discount.line", { name: name(line.name) })}
      width="large"
      onClose={onClose}
      onSubmit={give}
      footer={
        <>
          {there && (
            <Button kind="quiet" onClick={() => void send(null)}>
              {t("discount.remove")}
            </Button>
          )}
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="primary" type="submit" disabled={value === null || value <= 0}>
            {t("discount.give")}
          </Button>
        </>
      }
    >
      <div className="sides">
        <div className="stack">
          <Choice
            label={t("discount.kind")}
            bare
            value={kind}
            options={[
              { value: "percent", label: t("discount.percent") },
              { value: "amount", label: t("discount.amount") },
            ]}
            onChange={(next) => {
              setKind(next);
              setValue(null);
            }}
          />
          {kind === "percent" ? (
            <NumberField
              key="percent"
              label={t("discount.percent")}
              value={value}
              onChange={setValue}
              places={2}
              unit="%"
              focused
            />
          ) : (
            <MoneyPad
              key="amount"
              label={t("discount.amount")}
              value={value}
              onChange={setValue}
              currency={currency}
              exponent={exponent}
              focused
            />
          )}
        </div>
        <ReasonField
          set="discount"
          value={reason}
          onChange={setReason}
          error={missing && reason.trim() === "" ? t("reason.missing") : null}
        />
      </div>
    </Dialog>
  );
}
