/** The lines of a receipt and how much of each comes back. */
import { useState } from "react";

import type { ReceiptLine, ReturnableReceipt } from "@octonext/engine/api";

import { useEngine } from "../engine";
import { useFormats, useName } from "../i18n";
import { ReasonField } from "../sell/reason-field";
import { useSellingActions } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, IconButton, Notice, NumberField, useToast } from "../ui";
import { MinusIcon, PlusIcon } from "../ui/icons";

export function ReturnLines({ found }: { found: ReturnableReceipt }) {
  const { change, go } = useSellingActions();
  const engine = useEngine();
  const format = useFormats();
  const t = useSellWords();
  const toast = useToast();
  const { receipt, source } = found;
  const most = new Map(found.returnable.map(({ number, quantity }) => [number, quantity]));
  const [wanted, setWanted] = useState<ReadonlyMap<number, number>>(new Map());
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const lines = [...wanted]
    .filter(([, quantity]) => quantity > 0)
    .map(([number, quantity]) => ({ number, quantity }));

  const set = (number: number, quantity: number) => {
    setWanted((now) => new Map(now).set(number, Math.max(0, Math.min(most.get(number) ?? 0, quantity))));
  };
  const add = async () => {
    setTried(true);
    if (lines.length === 0 || reason.trim() === "") return;
    const request = { reference: receipt.reference, lines, reason: reason.trim() };
    if (!(await change((approval) => engine.returnLines({ ...request, ...approval })))) return;
    toast({ kind: "done", text: t("returns.added") });
    go({ name: "sell" });
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <div className="returns__head">
        <div>
          <h2>
            <bdi className="latin">{receipt.number}</bdi>
          </h2>
          <p className="muted">{t("returns.bought", { date: format.dateTime(receipt.at) })}</p>
        </div>
        <div className="returns__all">
          <Button
            onClick={() => {
              setWanted(new Map(most));
            }}
          >
            {t("returns.all")}
          </Button>
          <Button
            kind="quiet"
            disabled={lines.length === 0}
            onClick={() => {
              setWanted(new Map());
            }}
          >
            {t("returns.none")}
          </Button>
        </div>
      </div>
      <Notice kind={source === "till" ? "warning" : "info"}>
        {source === "till" ? t("returns.source_till") : t("returns.source_shard")}
      </Notice>
      <ul className="rows" aria-label={t("returns.lines")}>
        {receipt.lines.map((line) => (
          <li key={line.number}>
            <Line
              line={line}
              exponent={receipt.exponent}
              most={most.get(line.number) ?? 0}
              quantity={wanted.get(line.number) ?? 0}
              onChange={(quantity) => {
                set(line.number, quantity);
              }}
            />
          </li>
        ))}
      </ul>
      {tried && lines.length === 0 && <Notice kind="error">{t("returns.choose")}</Notice>}
      <ReasonField
        set="return"
        value={reason}
        onChange={setReason}
        error={tried && reason.trim() === "" ? t("reason.missing") : null}
      />
      <div className="returns__do">
        <p className="muted">{t("returns.hint_exchange")}</p>
        <Button kind="primary" size="large" type="submit">
          {t("returns.add")}
        </Button>
      </div>
    </form>
  );
}

interface LineProps {
  line: ReceiptLine;
  exponent: number;
  most: number;
  quantity: number;
  onChange: (quantity: number) => void;
}

function Line({ line, exponent, most, quantity, onChange }: LineProps) {
  const format = useFormats();
  const name = useName();
  const t = useSellWords();
  const shown = name(line.name);
  const places = line.unit === "kg" ? 3 : 0;
  const unit = line.unit === "kg" ? 1 : 1000;
  return (
    <div className={quantity > 0 ? "row row--on" : "row"}>
      <span className="row__main">
        <span className="row__title">
          <bdi>{shown}</bdi>
        </span>
        <span className="row__more">
          <span>
            {most > 0
              ? t("returns.returnable", {
                  quantity: format.quantity(most),
                  sold: format.quantity(line.quantity),
                })
              : t("returns.none_left")}
          </span>
        </span>
      </span>
      <span className="row__amount amount">{format.money(line.total, exponent)}</span>
      {most > 0 && (
        <span className="stepper">
          <IconButton
            label={t("returns.fewer_of", { name: shown })}
            kind="secondary"
            icon={<MinusIcon />}
            disabled={quantity === 0}
            onClick={() => {
              onChange(quantity - 1000);
            }}
          />
          <NumberField
            label={t("returns.amount_of", { name: shown })}
            bare
            padless
            places={places}
            value={quantity / unit}
            onChange={(next) => {
              onChange((next ?? 0) * unit);
            }}
          />
          <IconButton
            label={t("returns.more_of", { name: shown })}
            kind="secondary"
            icon={<PlusIcon />}
            disabled={quantity >= most}
            onClick={() => {
              onChange(quantity + 1000);
            }}
          />
        </span>
      )}
    </div>
  );
}
