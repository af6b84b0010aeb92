/** The receipts that this till made, newest first. */
import type { Receipt } from "@octonext/engine/api";

import { useFormats, useWords } from "../i18n";
import { tenderWords } from "../i18n/refusals";
import { ScreenHead } from "../sell/screen-head";
import { useSellingActions } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, Spinner } from "../ui";
import { ReturnIcon } from "../ui/icons";
import { useRecentReceipts } from "./use-recent";

export function ReceiptsView() {
  const { go } = useSellingActions();
  const t = useSellWords();
  const receipts = useRecentReceipts();
  return (
    <div className="screen">
      <ScreenHead
        title={t("receipts.title")}
        onBack={() => {
          go({ name: "sell" });
        }}
      >
        <Button
          icon={<ReturnIcon />}
          onClick={() => {
            go({ name: "returns", found: null });
          }}
        >
          {t("receipts.find")}
        </Button>
      </ScreenHead>
      <div className="screen__body">
        {receipts === null ? (
          <Spinner label={t("receipts.title")} />
        ) : receipts.length === 0 ? (
          <p className="nothing">{t("receipts.none")}</p>
        ) : (
          <ReceiptList
            receipts={receipts}
            onOpen={(receipt) => {
              go({ name: "receipt", receipt, fresh: false });
            }}
          />
        )}
      </div>
    </div>
  );
}

export interface ReceiptListProps {
  receipts: readonly Receipt[];
  onOpen: (receipt: Receipt) => void;
}

export function ReceiptList({ receipts, onOpen }: ReceiptListProps) {
  const format = useFormats();
  const t = useSellWords();
  const words = useWords();
  return (
    <ul className="rows" aria-label={t("receipts.list")}>
      {receipts.map((receipt) => (
        <li key={receipt.number}>
          <button
            type="button"
            className="row"
            onClick={() => {
              onOpen(receipt);
            }}
          >
            <span className="row__main">
              <span className="row__title">
                <bdi className="latin">{receipt.number}</bdi>
              </span>
              <span className="row__more">
                <span>{format.dateTime(receipt.at)}</span>
                <span>
                  {[...new Set(receipt.payments.map(({ tender }) => tenderWords(words, tender)))].join("، ")}
                </span>
              </span>
            </span>
            {(receipt.kind === "return" || receipt.exchange !== null) && (
              <span className="tag tag--return">
                {receipt.exchange === null ? t("receipts.return") : t("receipts.exchange")}
              </span>
            )}
            <span className="row__amount amount">
              {format.moneyOf(
                receipt.kind === "return" ? -receipt.total : receipt.total,
                receipt.exponent,
                receipt.currency,
              )}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
