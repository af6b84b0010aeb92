/** What is not handed over, as a sealed file or as QR codes, to be uploaded by another till. */
import { lazy, Suspense, useState } from "react";

import { useAction, useEngine } from "../engine";
import { useWords } from "../i18n";
import { Button } from "../ui/button";
import { DownloadIcon, QrIcon } from "../ui/icons";
import { useToast } from "../ui/toast";
import { saveFile } from "../save-file";

const QrDialog = lazy(() => import("./rescue-qr").then((module) => ({ default: module.RescueQrDialog })));

export function RescueExport() {
  const t = useWords();
  const engine = useEngine();
  const toast = useToast();
  const { run, busy } = useAction();
  const [parts, setParts] = useState<string[] | null>(null);
  const make = async () => {
    const made = await run(() => engine.exportRescue());
    if (made === null) return null;
    if (made.value.entries > 0) return made.value;
    toast({ kind: "info", text: t("rescue.nothing") });
    return null;
  };
  const save = async () => {
    const file = await make();
    if (file === null) return;
    saveFile(file.name, new Blob([Uint8Array.from(file.bytes)], { type: "application/octet-stream" }));
    toast({ kind: "done", text: t("rescue.saved", { count: file.entries, name: file.name }) });
  };
  const show = async () => {
    const file = await make();
    if (file === null) return;
    if (file.parts.length === 0) toast({ kind: "info", text: t("rescue.too_many_codes") });
    else setParts(file.parts);
  };
  return (
    <div className="cluster">
      <Button icon={<DownloadIcon />} busy={busy} onClick={() => void save()}>
        {t("rescue.save")}
      </Button>
      <Button icon={<QrIcon />} busy={busy} onClick={() => void show()}>
        {t("rescue.show_qr")}
      </Button>
      {parts !== null && (
        <Suspense fallback={null}>
          <QrDialog
            parts={parts}
            onClose={() => {
              setParts(null);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
