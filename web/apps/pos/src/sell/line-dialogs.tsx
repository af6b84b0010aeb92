/** Another quantity, another price: figures of one line. */
import { useState } from "react";

import type { CartLine } from "@octonext/engine/api";

import { useEngine, useMoney } from "../engine";
import { useFormats, useName, useWords } from "../i18n";
import { Button, Dialog, MoneyPad, NumberField } from "../ui";
import { ReasonField } from "./reason-field";
import { useSellingActions } from "./selling";
import { useSellWords } from "./words";

interface Props {
  line: CartLine;
  onClose: () => void;
}

export function QuantityDialog({ line, onClose }: Props) {
  const { change } = useSellingActions();
  const engine = useEngine();
  const name = useName();
  const t = useSellWords();
  const words = useWords();
  const kg = line.unit === "kg";
  const [value, setValue] = useState<number | null>(kg ? line.quantity : line.quantity / 1000);
  const set = async () => {
    if (value === null || value <= 0) return;
    const quantity = kg ? value : value * 1000;
    if (await change((approval) => engine.setQuantity({ lineKey: line.key, quantity, ...approval })))
      onClose();
  };
  return (
    <Dialog
      title={name(line.name)}
      width="small"
      onClose={onClose}
      onSubmit={() => void set()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="primary" type="submit" disabled={value === null || value <= 0}>
            {t("line.set")}
          </Button>
        </>
      }
    >
      <NumberField
        label={kg ? t("line.weight") : t("line.quantity")}
        value={value}
        onChange={setValue}
        places={kg ? 3 : 0}
        {...(kg ? { unit: t("sell.kg") } : {})}
        focused
      />
    </Dialog>
  );
}

export function PriceDialog({ line, onClose }: Props) {
  const { change } = useSellingActions();
  const engine = useEngine();
  const { currency, exponent } = useMoney();
  const format = useFormats();
  const name = useName();
  const t = useSellWords();
  const words = useWords();
  const [price, setPrice] = useState<number | null>(line.unitPrice);
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const set = async () => {
    if (price === null || price < 0) return;
    if (reason.trim() === "") {
      setMissing(true);
      return;
    }
    const request = { lineKey: line.key, price, reason: reason.trim() };
    if (await change((approval) => engine.overridePrice({ ...request, ...approval }))) onClose();
  };
  return (
    <Dialog
      title={name(line.name)}
      width="large"
      onClose={onClose}
      onSubmit={() => void set()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="primary" type="submit" disabled={price === null}>
            {t("line.set")}
          </Button>
        </>
      }
    >
      <div className="sides">
        <MoneyPad
          label={t("line.new_price")}
          hint={t("line.list_price", { price: format.money(line.listPrice ?? line.unitPrice, exponent) })}
          value={price}
          onChange={setPrice}
          currency={currency}
          exponent={exponent}
          focused
        />
        <ReasonField
          set="price"
          value={reason}
          onChange={setReason}
          error={missing && reason.trim() === "" ? t("reason.missing") : null}
        />
      </div>
    </Dialog>
  );
}
