/** An X or Z report on screen, and from there on the receipt printer's paper or as a file. */
import type { ShiftReport } from "@octonext/engine/api";

import { useTill } from "../engine";
import { useWords } from "../i18n";
import { usePaper } from "../printing/use-paper";
import { useSellWords } from "../sell/words";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { DownloadIcon, PrintIcon } from "../ui/icons";
import { reportName, reportRows } from "./report-rows";
import { ReportView } from "./report-view";

export function ReportDialog({ report, onClose }: { report: ShiftReport; onClose: () => void }) {
  const t = useWords();
  const paperWords = useSellWords();
  const { identity } = useTill("identity");
  const paper = usePaper();
  return (
    <Dialog
      title={report.kind === "X" ? t("report.x") : t("report.z")}
      width="large"
      testId="report"
      reading
      onClose={onClose}
      footer={
        <>
          {identity !== null && (
            <>
              <Button
                icon={<PrintIcon />}
                busy={paper.busy}
                onClick={() => void paper.print(() => reportRows(report, identity), { openDrawer: false })}
              >
                {t("common.print")}
              </Button>
              <Button
                icon={<DownloadIcon />}
                busy={paper.busy}
                onClick={() =>
                  void paper.savePdf(() => reportRows(report, identity), reportName(report, identity))
                }
              >
                {paperWords("receipt.pdf")}
              </Button>
            </>
          )}
          <Button kind="primary" data-autofocus onClick={onClose}>
            {t("common.done")}
          </Button>
        </>
      }
    >
      <ReportView report={report} />
      {paper.sheet}
    </Dialog>
  );
}
