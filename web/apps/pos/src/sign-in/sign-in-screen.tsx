/** Sign-in, and the lock: the same screen, since a locked till is one that nobody is signed in to. */
import { useAction, useEngine, useTill } from "../engine";
import { useWords } from "../i18n";
import { Front } from "../shell/front";
import { Notice } from "../ui/notice";
import { Credentials } from "./credentials";
import { lastPerson } from "./last-person";

export function SignInScreen() {
  const t = useWords();
  const engine = useEngine();
  const { known, shift, sync, catalogue } = useTill("known", "shift", "sync", "catalogue");
  const { run, busy, refusal, clear } = useAction({ show: "inline" });
  const back = known.find((person) => person.id === lastPerson.id) ?? null;
  return (
    <Front title={t("sign_in.title")} badge wide>
      {shift !== null && <p className="muted">{t("sign_in.locked")}</p>}
      <Credentials
        people={known}
        first={back}
        submit={t("sign_in.submit")}
        working={t("sign_in.checking")}
        busy={busy}
        refusal={refusal}
        onTyped={clear}
        onSubmit={(code, pin) => void run(() => engine.signIn({ code, pin }))}
        note={
          sync.feed !== null && !catalogue.ready ? (
            <Notice>{t("sign_in.waiting_catalogue")}</Notice>
          ) : (
            sync.state !== "online" && <p className="muted">{t("sign_in.first_time")}</p>
          )
        }
      />
    </Front>
  );
}
