/** Somebody who may approves with a PIN; the action that asked goes on by itself. */
import { useAction, useEngine, useTill } from "../engine";
import { useWords } from "../i18n";
import { permissionWords } from "../i18n/refusals";
import { PERMISSIONS, type Permission } from "@octonext/core/roles";
import { Credentials } from "../sign-in/credentials";
import { Dialog } from "../ui/dialog";

export interface ApprovalDialogProps {
  permission: string;
  onAnswer: (token: string | null) => void;
}

export function ApprovalDialog({ permission, onAnswer }: ApprovalDialogProps) {
  const t = useWords();
  const engine = useEngine();
  const { known, person } = useTill("known", "person");
  const { run, busy, refusal, clear } = useAction({ show: "inline" });
  const asked = PERMISSIONS.find((each): each is Permission => each === permission);
  const approve = async (code: string, pin: string) => {
    if (asked === undefined) return;
    const given = await run(() => engine.approve({ permission: asked, code, pin }));
    if (given !== null) onAnswer(given.value.token);
  };
  return (
    <Dialog
      title={t("approval.title")}
      width="large"
      testId="approval"
      onClose={() => {
        onAnswer(null);
      }}
    >
      <p>{t("approval.for", { permission: permissionWords(t, permission) })}</p>
      <Credentials
        people={known.filter((each) => each.id !== person?.id)}
        submit={t("approval.submit")}
        working={t("sign_in.checking")}
        busy={busy}
        refusal={refusal}
        onTyped={clear}
        onSubmit={(code, pin) => void approve(code, pin)}
      />
    </Dialog>
  );
}
