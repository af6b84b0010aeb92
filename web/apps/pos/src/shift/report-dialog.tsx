/** An X or Z report on screen, and on the receipt printer's paper. */
import { useRef } from "react";
import { createPortal } from "react-dom";

import type { ShiftReport } from "@octonext/engine/api";

import { useTill } from "../engine";
import { useName, useWords } from "../i18n";
import { usePreferences } from "../preferences";
import { printSheet } from "../printing/browser";
import "../receipts/paper.css";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { PrintIcon } from "../ui/icons";
import { ReportView } from "./report-view";

export function ReportDialog({ report, onClose }: { report: ShiftReport; onClose: () => void }) {
  const t = useWords();
  const name = useName();
  const { identity } = useTill();
  const { receiptWidth } = usePreferences().preferences;
  const sheet = useRef<HTMLDivElement>(null);
  const title = report.kind === "X" ? t("report.x") : t("report.z");
  return (
    <Dialog
      title={title}
      width="large"
      testId="report"
      reading
      onClose={onClose}
      footer={
        <>
          <Button
            icon={<PrintIcon />}
            onClick={() => {
              if (sheet.current !== null) printSheet(sheet.current, receiptWidth);
            }}
          >
            {t("common.print")}
          </Button>
          <Button kind="primary" data-autofocus onClick={onClose}>
            {t("common.done")}
          </Button>
        </>
      }
    >
      <ReportView report={report} />
      {createPortal(
        <div ref={sheet} className="print-sheet" aria-hidden="true">
          <div className={receiptWidth === 58 ? "paper paper--58" : "paper"}>
            <p className="paper__heading">{identity === null ? "" : name(identity.branchName)}</p>
            <p className="paper__title">
              {title} · {identity?.receiptPrefix ?? ""}
            </p>
            <ReportView report={report} paper />
            <p>{t("report.signature")}: ____________________</p>
          </div>
        </div>,
        document.body,
      )}
    </Dialog>
  );
}
