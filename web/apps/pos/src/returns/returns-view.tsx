/** Goods that come back: by their receipt, or without one when somebody answers for it. */
import { useState } from "react";

import type { ReturnableReceipt } from "@octonext/engine/api";

import { useAction, useEngine, useTill } from "../engine";
import { ReceiptList } from "../receipts/receipts-view";
import { useRecentReceipts } from "../receipts/use-recent";
import { ScreenHead } from "../sell/screen-head";
import { useSellingActions } from "../sell/selling";
import { TAKES_SCAN } from "../sell/use-wedge";
import { useSellWords } from "../sell/words";
import { Button, Choice, TextField } from "../ui";
import { ReturnLines } from "./return-lines";
import { WithoutReceipt } from "./without-receipt";

/** Recent receipts under the field: the customer who turns round at the door. */
const RECENT_SHOWN = 8;

export function ReturnsView({ found }: { found: ReturnableReceipt | null }) {
  const { go } = useSellingActions();
  const t = useSellWords();
  const [how, setHow] = useState<"with" | "without">("with");
  return (
    <div className="screen">
      <ScreenHead
        title={t("returns.title")}
        onBack={() => {
          go({ name: "sell" });
        }}
      />
      <div className="screen__body screen__body--narrow">
        {found === null ? (
          <>
            <Choice
              label={t("returns.how")}
              bare
              value={how}
              options={[
                { value: "with", label: t("returns.with") },
                { value: "without", label: t("returns.without") },
              ]}
              onChange={setHow}
            />
            {how === "with" ? <FindReceipt /> : <WithoutReceipt />}
          </>
        ) : (
          <ReturnLines found={found} />
        )}
      </div>
    </div>
  );
}

function FindReceipt() {
  const { go } = useSellingActions();
  const engine = useEngine();
  const { identity } = useTill("identity");
  const { run, busy, refusal } = useAction({ show: "inline" });
  const t = useSellWords();
  const recent = useRecentReceipts(RECENT_SHOWN);
  const [text, setText] = useState("");
  const find = async (number: string) => {
    if (number.trim() === "") return;
    const answer = await run(() => engine.findReceipt(number.trim()));
    if (answer !== null) go({ name: "returns", found: answer.value });
  };
  const sales = (recent ?? []).filter((receipt) => receipt.kind === "sale");
  return (
    <>
      <form
        className="find"
        onSubmit={(event) => {
          event.preventDefault();
          void find(text);
        }}
      >
        <TextField
          label={t("returns.number")}
          hint={t("returns.number_hint", { example: `${identity?.receiptPrefix ?? "KW01-T01"}-17` })}
          value={text}
          onChange={setText}
          error={refusal}
          latin
          focused
          {...{ [TAKES_SCAN]: "" }}
        />
        <Button kind="primary" type="submit" busy={busy}>
          {t("returns.find")}
        </Button>
      </form>
      {sales.length > 0 && (
        <>
          <h2>{t("returns.recent")}</h2>
          <ReceiptList receipts={sales} onOpen={(receipt) => void find(receipt.number)} />
        </>
      )}
    </>
  );
}
