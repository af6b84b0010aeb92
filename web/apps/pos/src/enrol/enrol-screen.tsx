/** A browser becomes a till: the one-time code from head office, typed or shown to the camera. */
import { useEffect, useState } from "react";

import { useAction, useEngine } from "../engine";
import { useWords } from "../i18n";
import { Front } from "../shell/front";
import { Button } from "../ui/button";
import { QrIcon } from "../ui/icons";
import { Notice } from "../ui/notice";
import { TextField } from "../ui/text-field";
import { codeOf } from "./code";
import { ScanDialog } from "./scan-dialog";
import { canScanQr } from "./scanner";

const NAME_LENGTH_MAX = 60;

export function EnrolScreen() {
  const t = useWords();
  const engine = useEngine();
  const { run, busy, refusal, clear } = useAction({ show: "inline" });
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [missing, setMissing] = useState<"code" | "name" | null>(null);
  const [scanning, setScanning] = useState(false);
  const [camera, setCamera] = useState(false);
  useEffect(() => {
    void canScanQr().then(setCamera);
  }, []);
  const send = () => {
    if (code.trim() === "") setMissing("code");
    else if (name.trim() === "") setMissing("name");
    else if (!busy) void run(() => engine.enrol({ code: code.trim(), name: name.trim() }));
  };
  return (
    <Front title={t("enrol.title")}>
      <p className="muted">{t("enrol.intro")}</p>
      <form
        className="form-stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <TextField
          label={t("enrol.code")}
          value={code}
          latin
          focused
          autoCapitalize="characters"
          enterKeyHint="next"
          error={missing === "code" ? t("enrol.code_missing") : null}
          onChange={(text) => {
            setCode(text);
            setMissing(null);
            clear();
          }}
          trailing={
            camera && (
              <Button
                icon={<QrIcon />}
                onClick={() => {
                  setScanning(true);
                }}
              >
                {t("enrol.scan")}
              </Button>
            )
          }
        />
        <TextField
          label={t("enrol.name")}
          hint={t("enrol.name_hint")}
          value={name}
          maxLength={NAME_LENGTH_MAX}
          enterKeyHint="go"
          error={missing === "name" ? t("enrol.name_missing") : null}
          onChange={(text) => {
            setName(text);
            setMissing(null);
          }}
        />
        {refusal !== null && <Notice kind="error">{refusal}</Notice>}
        <Button kind="primary" size="large" type="submit" busy={busy}>
          {busy ? t("enrol.working") : t("enrol.submit")}
        </Button>
        <p className="muted">{t("enrol.needs_network")}</p>
      </form>
      {scanning && (
        <ScanDialog
          title={t("scanner.title")}
          onClose={() => {
            setScanning(false);
          }}
          onRead={(text) => {
            setCode(codeOf(text));
            setMissing(null);
            setScanning(false);
          }}
        />
      )}
    </Front>
  );
}
