/** A return without a receipt: which product, how much, why; the engine asks for somebody's approval. */
import { useState } from "react";

import type { ProductHit } from "@octonext/engine/api";

import { useEngine } from "../engine";
import { useName } from "../i18n";
import { PriceOf, SearchBox } from "../search/search-box";
import { ReasonField } from "../sell/reason-field";
import { useSellingActions } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, Notice, NumberField, useToast } from "../ui";

export function WithoutReceipt() {
  const { change, go } = useSellingActions();
  const engine = useEngine();
  const name = useName();
  const t = useSellWords();
  const toast = useToast();
  const [product, setProduct] = useState<ProductHit | null>(null);
  const [quantity, setQuantity] = useState<number | null>(1);
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  if (product === null)
    return (
      <div className="stack returns__search">
        <Notice>{t("returns.without_hint")}</Notice>
        <SearchBox
          focused
          onPick={(hit) => {
            setProduct(hit);
            setQuantity(hit.unit === "kg" ? null : 1);
          }}
        />
      </div>
    );
  const kg = product.unit === "kg";
  const add = async () => {
    if (quantity === null || quantity <= 0) return;
    if (reason.trim() === "") {
      setMissing(true);
      return;
    }
    const request = {
      productId: product.id,
      quantity: kg ? quantity : quantity * 1000,
      reason: reason.trim(),
    };
    if (!(await change((approval) => engine.returnWithoutReceipt({ ...request, ...approval })))) return;
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
      <div className="row row--on">
        <span className="row__main">
          <span className="row__title">
            <bdi>{name(product.name)}</bdi>
          </span>
          <span className="row__more">
            <bdi className="latin">{product.barcode ?? product.sku}</bdi>
          </span>
        </span>
        <PriceOf hit={product} />
        <Button
          kind="quiet"
          onClick={() => {
            setProduct(null);
          }}
        >
          {t("returns.change_product")}
        </Button>
      </div>
      <div className="sides">
        <NumberField
          label={kg ? t("line.weight") : t("line.quantity")}
          value={quantity}
          onChange={setQuantity}
          places={kg ? 3 : 0}
          {...(kg ? { unit: t("sell.kg") } : {})}
          focused
        />
        <div className="stack">
          <ReasonField
            set="return"
            value={reason}
            onChange={setReason}
            error={missing && reason.trim() === "" ? t("reason.missing") : null}
          />
          <Button kind="primary" size="large" type="submit" disabled={quantity === null || quantity <= 0}>
            {t("returns.add")}
          </Button>
        </div>
      </div>
    </form>
  );
}
