/** A receipt that is in the journal: what to hand out, the paper, and what can follow from it. */
import { memo, useEffect, useMemo, useRef, useState } from "react";

import type { Receipt } from "@octonext/engine/api";

import { useAction, useEngine, useTill } from "../engine";
import { useFormats, useWords } from "../i18n";
import { usePrinting, usesCash } from "../printing/use-printing";
import { ReasonField } from "../sell/reason-field";
import { ScreenHead } from "../sell/screen-head";
import { useSellingActions } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, Dialog, useShortcuts, useToast } from "../ui";
import { useLater } from "../ui/later";
import { CheckIcon, ClockIcon, DownloadIcon, PlusIcon, PrintIcon, ReturnIcon, TrashIcon } from "../ui/icons";
import { Paper } from "./paper";

export const ReceiptView = memo(function ReceiptView({
  receipt,
  fresh,
}: {
  receipt: Receipt;
  fresh: boolean;
}) {
  const { go, change } = useSellingActions();
  const engine = useEngine();
  const format = useFormats();
  const t = useSellWords();
  const { run, busy } = useAction();
  const printing = usePrinting();
  // First the number, the change and the way to the next customer; a slow tablet does the rest after that frame.
  const whole = useLater() || !fresh;
  const { rowsOf } = printing;
  const rows = useMemo(() => (whole ? rowsOf(receipt) : null), [whole, rowsOf, receipt]);
  const [voiding, setVoiding] = useState(false);
  const [printed, setPrinted] = useState(false);
  const next = useRef<HTMLButtonElement>(null);
  const money = (minor: number) => format.moneyOf(minor, receipt.exponent, receipt.currency);
  const sale = receipt.kind === "sale";
  const handedOut =
    receipt.exchange === null ? !sale : receipt.payments.every(({ tender }) => tender === "exchange");

  useEffect(() => {
    if (!fresh) return;
    next.current?.focus();
    // The payment emptied the cart; this page has to hear it from the engine.
    void change(() => engine.cart());
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once per receipt
  }, []);

  const leave = () => {
    go(fresh ? { name: "sell" } : { name: "receipts" });
  };
  /** The first print of a sale just made is the receipt; any other is a copy, which the journal hears of. */
  const print = async () => {
    if (fresh && !printed) {
      setPrinted(true);
      await printing.print(receipt, { openDrawer: usesCash(receipt) });
      return;
    }
    const answer = await run(() => engine.reprint(receipt.reference.seq));
    if (answer !== null) await printing.print(answer.value, { openDrawer: false });
  };
  const giveBack = async () => {
    const answer = await run(() => engine.findReceipt(receipt.number));
    if (answer !== null) go({ name: "returns", found: answer.value });
  };
  useShortcuts([
    {
      keys: "F4",
      label: t("receipt.new"),
      run: () => {
        go({ name: "sell" });
      },
    },
    { keys: "F8", label: t("receipt.return"), disabled: !sale, run: () => void giveBack() },
    { keys: "Ctrl+P", label: t("receipt.print"), run: () => void print() },
  ]);
  return (
    <div className="screen">
      <ScreenHead title={t("receipt.title", { number: receipt.number })} onBack={leave} />
      <div className="receipt__columns">
        <section className="receipt__facts">
          {fresh && (
            <div className="receipt__done" role="status">
              <CheckIcon size={40} />
              <div>
                <p className="receipt__word">{handedOut ? t("receipt.refunded") : t("receipt.paid")}</p>
                <p className="muted amount">{money(receipt.total)}</p>
              </div>
            </div>
          )}
          {fresh && !handedOut && (
            <div className="receipt__change">
              <p>{receipt.change > 0 ? t("receipt.change") : t("receipt.no_change")}</p>
              {receipt.change > 0 && (
                <p className="receipt__amount amount" data-testid="change-due">
                  {money(receipt.change)}
                </p>
              )}
            </div>
          )}
          <dl className="facts">
            <div>
              <dt>{t("receipt.number")}</dt>
              <dd className="latin" data-testid="receipt-number">
                {receipt.number}
              </dd>
            </div>
          </dl>
          <Handover receipt={receipt} />
          <div className="receipt__do">
            <Button
              ref={next}
              kind="primary"
              size="large"
              shortcut="F4"
              icon={<PlusIcon />}
              onClick={() => {
                go({ name: "sell" });
              }}
            >
              {t("receipt.new")}
            </Button>
            {whole && (
              <>
                <Button
                  size="large"
                  icon={<PrintIcon />}
                  busy={printing.busy || busy}
                  onClick={() => void print()}
                >
                  {fresh && !printed ? t("receipt.print") : t("receipt.print_copy")}
                </Button>
                <Button
                  icon={<DownloadIcon />}
                  busy={printing.busy}
                  onClick={() => void printing.savePdf(receipt)}
                >
                  {t("receipt.pdf")}
                </Button>
                {sale && (
                  <>
                    <Button icon={<ReturnIcon />} shortcut="F8" busy={busy} onClick={() => void giveBack()}>
                      {t("receipt.return")}
                    </Button>
                    <Button
                      kind="quiet"
                      icon={<TrashIcon />}
                      onClick={() => {
                        setVoiding(true);
                      }}
                    >
                      {t("receipt.void")}
                    </Button>
                  </>
                )}
              </>
            )}
          </div>
        </section>
        {/* Scrolls by keyboard as well: long receipts are taller than the screen. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <section className="receipt__paper" aria-label={t("receipt.preview")} tabIndex={0}>
          {rows !== null && <Paper rows={rows} width={printing.width} />}
        </section>
      </div>
      {voiding && (
        <VoidDialog
          receipt={receipt}
          onClose={() => {
            setVoiding(false);
          }}
        />
      )}
      {printing.sheet}
    </div>
  );
});

/** Whether head office has it. Told for itself: each entry that is handed over would draw the whole receipt again. */
function Handover({ receipt }: { receipt: Receipt }) {
  const t = useSellWords();
  const { sync } = useTill("sync");
  const [synced, setSynced] = useState(receipt.synced);
  // Everything was handed over at some time since, so this was; what is written later changes nothing in that.
  if (!synced && sync.unsynced === 0) setSynced(true);
  return (
    <p className="receipt__sync">
      {synced ? <CheckIcon size={20} /> : <ClockIcon size={20} />}
      {synced ? t("receipt.synced") : t("receipt.unsynced")}
    </p>
  );
}

function VoidDialog({ receipt, onClose }: { receipt: Receipt; onClose: () => void }) {
  const { go } = useSellingActions();
  const engine = useEngine();
  const { run, busy } = useAction();
  const t = useSellWords();
  const words = useWords();
  const toast = useToast();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const undo = async () => {
    if (reason.trim() === "") {
      setMissing(true);
      return;
    }
    const request = { seq: receipt.reference.seq, reason: reason.trim() };
    const answer = await run((approval) => engine.voidReceipt({ ...request, ...approval }));
    if (answer === null) return;
    onClose();
    toast({ kind: "done", text: t("receipt.voided") });
    go({ name: "receipt", receipt: answer.value, fresh: true });
  };
  return (
    <Dialog
      title={t("receipt.void")}
      onClose={onClose}
      onSubmit={() => void undo()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="danger" type="submit" busy={busy}>
            {t("receipt.void")}
          </Button>
        </>
      }
    >
      <p>{t("receipt.void_text")}</p>
      <ReasonField
        set="void"
        value={reason}
        onChange={setReason}
        error={missing && reason.trim() === "" ? t("reason.missing") : null}
      />
    </Dialog>
  );
}
