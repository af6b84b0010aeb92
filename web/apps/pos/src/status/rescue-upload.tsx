/** Takes another till's rescue, as a file or from its screen, and hands it over. */
import { useEffect, useRef, useState } from "react";

import { useAction, useEngine } from "../engine";
import { ScanDialog } from "../enrol/scan-dialog";
import { canScanQr } from "../enrol/scanner";
import { useFormats, useWords } from "../i18n";
import { Button } from "../ui/button";
import { QrIcon, UploadIcon } from "../ui/icons";
import { useToast } from "../ui/toast";
import { wholeFile, withCode, type QrSequence } from "./qr-sequence";

export function RescueUpload() {
  const t = useWords();
  const format = useFormats();
  const engine = useEngine();
  const toast = useToast();
  const { run, busy } = useAction();
  const picker = useRef<HTMLInputElement>(null);
  const [camera, setCamera] = useState(false);
  const [scanning, setScanning] = useState(false);
  const [sequence, setSequence] = useState<QrSequence | null>(null);
  useEffect(() => {
    void canScanQr().then(setCamera);
  }, []);
  const upload = async (bytes: Uint8Array) => {
    const done = await run(() => engine.uploadRescue(bytes));
    if (done === null) return;
    const { entries, device } = done.value;
    toast({
      kind: "done",
      text: t("rescue.uploaded", { count: entries, device: format.inDigits(String(device)) }),
    });
  };
  return (
    <div className="cluster">
      <input
        ref={picker}
        type="file"
        accept=".octonext"
        className="hidden-text"
        tabIndex={-1}
        aria-label={t("rescue.upload")}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file !== undefined) void file.arrayBuffer().then((buffer) => upload(new Uint8Array(buffer)));
        }}
      />
      <Button icon={<UploadIcon />} busy={busy} onClick={() => picker.current?.click()}>
        {t("rescue.upload")}
      </Button>
      {camera && (
        <Button
          icon={<QrIcon />}
          busy={busy}
          onClick={() => {
            setSequence(null);
            setScanning(true);
          }}
        >
          {t("rescue.scan")}
        </Button>
      )}
      {scanning && (
        <ScanDialog
          title={t("rescue.scan_title")}
          onClose={() => {
            setScanning(false);
          }}
          onRead={(text) => {
            const next = withCode(sequence, text);
            setSequence(next);
            const file = wholeFile(next);
            if (file === null) return;
            setScanning(false);
            void upload(file);
          }}
        >
          <p role="status">
            {sequence === null
              ? t("rescue.scan_start")
              : t("rescue.scan_progress", { got: sequence.parts.size, total: sequence.total })}
          </p>
        </ScanDialog>
      )}
    </div>
  );
}
