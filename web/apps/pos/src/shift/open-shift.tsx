/** Before the first sale: the float that lies in the drawer. */
import { useState } from "react";

import { useAction, useEngine, useMoney, useTill } from "../engine";
import { useWords } from "../i18n";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { MoneyPad } from "../ui/number-field";
import { useToast } from "../ui/toast";
import "./shift.css";

export function OpenShift() {
  const t = useWords();
  const engine = useEngine();
  const money = useMoney();
  const { storage } = useTill("storage");
  const toast = useToast();
  const { run, busy, refusal, clear } = useAction({ show: "inline" });
  const [float, setFloat] = useState<number | null>(null);
  const [missing, setMissing] = useState(false);
  const open = async () => {
    if (float === null || float < 0) {
      setMissing(true);
      return;
    }
    if (busy) return;
    const done = await run(() => engine.openShift({ openingFloat: float }));
    if (done !== null) toast({ kind: "done", text: t("shift.opened") });
  };
  return (
    <form
      className="open-shift"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
    >
      <h1>{t("shift.open_title")}</h1>
      <p className="muted">{t("shift.open_text")}</p>
      <MoneyPad
        label={t("shift.float")}
        {...money}
        value={float}
        focused
        error={missing ? t("refusal.amount_invalid") : null}
        onChange={(value) => {
          setFloat(value);
          setMissing(false);
          clear();
        }}
      />
      {storage.persisted === false && <Notice kind="warning">{t("shift.not_kept")}</Notice>}
      {refusal !== null && <Notice kind="error">{refusal}</Notice>}
      <Button kind="primary" size="large" type="submit" busy={busy}>
        {busy ? t("shift.opening") : t("shift.open_submit")}
      </Button>
    </form>
  );
}
