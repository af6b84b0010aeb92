/** Another window is the till; this one follows it and may take over. */
import { useAction, useClient } from "../engine";
import { useWords } from "../i18n";
import { Front } from "../shell/front";
import { Button } from "../ui/button";
import { DeviceIcon } from "../ui/icons";

export function ElsewhereScreen() {
  const t = useWords();
  const client = useClient();
  const { run, busy } = useAction();
  return (
    <Front title={t("elsewhere.title")} badge>
      <p>{t("elsewhere.text")}</p>
      <Button
        kind="primary"
        size="large"
        icon={<DeviceIcon />}
        busy={busy}
        onClick={() => void run(() => client.takeOver())}
      >
        {busy ? t("elsewhere.taking_over") : t("elsewhere.take_over")}
      </Button>
    </Front>
  );
}
