/** Cash in, cash out, and the drawer opened without a sale: each with a reason, each in the journal. */
import { useState } from "react";

import { useAction, useEngine, useMoney, useTill } from "../engine";
import { useFormats, useWords } from "../i18n";
import { usePaper } from "../printing/use-paper";
import { Button } from "../ui/button";
import { Choice } from "../ui/choice";
import { Dialog } from "../ui/dialog";
import { Notice } from "../ui/notice";
import { MoneyPad } from "../ui/number-field";
import { TextField } from "../ui/text-field";
import { useToast } from "../ui/toast";
import { slipRows } from "./cash-slip";

export type CashMove = "in" | "out" | "drawer";

const REASON_LENGTH_MAX = 200;
const REASONS = {
  in: ["shift.reason_change", "shift.reason_other"],
  out: ["shift.reason_safe", "shift.reason_expense", "shift.reason_supplier", "shift.reason_other"],
  drawer: ["shift.reason_change", "shift.reason_check", "shift.reason_other"],
} as const;
const TITLES = { in: "shift.cash_in", out: "shift.cash_out", drawer: "shift.open_drawer" } as const;

export function CashDialog({ move, onClose }: { move: CashMove; onClose: () => void }) {
  const t = useWords();
  const format = useFormats();
  const engine = useEngine();
  const money = useMoney();
  const toast = useToast();
  const { identity, person } = useTill("identity", "person");
  const paper = usePaper();
  const { run, busy, refusal, clear } = useAction({ show: "inline" });
  const [amount, setAmount] = useState<number | null>(null);
  const [kind, setKind] = useState<(typeof REASONS)[CashMove][number]>(REASONS[move][0]);
  const [other, setOther] = useState("");
  const [missing, setMissing] = useState<"amount" | "reason" | null>(null);

  const send = async () => {
    const reason = kind === "shift.reason_other" ? other.trim() : t(kind);
    if (move !== "drawer" && (amount === null || amount <= 0)) {
      setMissing("amount");
      return;
    }
    if (reason === "") {
      setMissing("reason");
      return;
    }
    if (busy) return;
    const value = amount ?? 0;
    const done = await run((approval) =>
      move === "drawer"
        ? engine.openDrawer({ reason, ...approval })
        : engine.moveCash({ amount: move === "in" ? value : -value, reason, ...approval }),
    );
    if (done === null) return;
    const said = format.moneyOf(value, money.exponent, money.currency);
    toast({
      kind: "done",
      text:
        move === "drawer"
          ? t("shift.drawer_done")
          : t(move === "in" ? "shift.cash_in_done" : "shift.cash_out_done", { amount: said }),
    });
    onClose();
    // After the entry: a drawer that opened without one could not be explained.
    if (move === "drawer" || identity === null) {
      await paper.kickDrawer();
    } else if (paper.direct) {
      // A browser would ask first how to print, after every change of money: there the journal alone has it.
      const slip = { move, amount: value, reason, person, at: new Date().toISOString() };
      await paper.print(() => slipRows(slip, identity), { openDrawer: true, once: true });
    }
  };
  return (
    <Dialog
      title={t(TITLES[move])}
      width={move === "drawer" ? "medium" : "large"}
      onClose={onClose}
      onSubmit={() => void send()}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {t(TITLES[move])}
          </Button>
        </>
      }
    >
      <div className={move === "drawer" ? "form-stack" : "cash-dialog"}>
        {move !== "drawer" && (
          <MoneyPad
            label={t("shift.amount")}
            {...money}
            value={amount}
            focused
            error={missing === "amount" ? t("shift.amount_missing") : null}
            onChange={(value) => {
              setAmount(value);
              setMissing(null);
              clear();
            }}
          />
        )}
        <div className="form-stack">
          <Choice
            label={t("common.reason")}
            value={kind}
            options={REASONS[move].map((key) => ({ value: key, label: t(key) }))}
            onChange={(value) => {
              setKind(value);
              setMissing(null);
            }}
          />
          {kind === "shift.reason_other" && (
            <TextField
              label={t("common.reason")}
              value={other}
              focused
              maxLength={REASON_LENGTH_MAX}
              error={missing === "reason" ? t("shift.reason_missing") : null}
              onChange={(text) => {
                setOther(text);
                setMissing(null);
              }}
            />
          )}
          {refusal !== null && <Notice kind="error">{refusal}</Notice>}
        </div>
      </div>
    </Dialog>
  );
}
