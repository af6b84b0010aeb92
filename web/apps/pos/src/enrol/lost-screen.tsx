/** The database is gone, the copy of the journal is not: a PIN brings the till back. */
import { useAction, useEngine, useTill } from "../engine";
import { useWords } from "../i18n";
import { Front } from "../shell/front";
import { Credentials } from "../sign-in/credentials";
import { Notice } from "../ui/notice";
import { useToast } from "../ui/toast";

export function LostScreen() {
  const t = useWords();
  const engine = useEngine();
  const toast = useToast();
  const { known } = useTill("known");
  const { run, busy, refusal, clear } = useAction({ show: "inline" });
  const restore = async (code: string, pin: string) => {
    const done = await run(() => engine.restoreFromCopy({ code, pin }));
    if (done !== null) toast({ kind: "done", text: t("lost.restored", done.value) });
  };
  return (
    <Front title={t("lost.title")} wide>
      <Notice kind="warning">{t("lost.text")}</Notice>
      <Credentials
        people={known}
        submit={t("lost.submit")}
        working={t("lost.working")}
        busy={busy}
        refusal={refusal}
        onTyped={clear}
        onSubmit={(code, pin) => void restore(code, pin)}
        note={<p className="muted">{t("lost.code_and_pin")}</p>}
      />
    </Front>
  );
}
