/** Paper for components: the printer that the preferences name, and words when it does not answer. */
import { useCallback, useMemo, useRef, useState, type ReactNode } from "react";
import { createPortal, flushSync } from "react-dom";

import { usePreferences } from "../preferences";
import { Paper } from "../receipts/paper";
import type { ReceiptRow } from "../receipts/rows";
import { saveFile } from "../save-file";
import { useSellWords } from "../sell/words";
import { useToast } from "../ui";
import { printSheet } from "./browser";
import { choosePrinter, portsOf, PrinterFault, sendToPrinter, type PrinterKind } from "./printer";

export interface PaperOptions {
  openDrawer: boolean;
  once?: boolean;
}

/** What is said when a printer takes nothing. */
type Failed = "printer.failed" | "printer.slip_failed" | "printer.drawer_failed";

export interface PaperPrinting {
  /** Makes the rows only when they are wanted. `once` says that nobody can ask for this paper again. */
  print: (rows: () => ReceiptRow[], options: PaperOptions) => Promise<void>;
  /** `name` is the file's, without its ending, and the document's title. */
  savePdf: (rows: () => ReceiptRow[], name: string) => Promise<void>;
  /** The drawer's pulse alone; nothing where the browser prints, which cannot send one. */
  kickDrawer: () => Promise<void>;
  /** Prints without a dialog of the browser's: paper may come out that nobody pressed a button for. */
  direct: boolean;
  busy: boolean;
  width: 58 | 80;
  /** Stands somewhere in the component: what the browser prints. */
  sheet: ReactNode;
}

export function usePaper(): PaperPrinting {
  const { printer, receiptWidth: width } = usePreferences().preferences;
  const t = useSellWords();
  const toast = useToast();
  const [sheetRows, setSheetRows] = useState<ReceiptRow[]>([]);
  const [busy, setBusy] = useState(false);
  const place = useRef<HTMLDivElement>(null);

  const attempt = useCallback(
    async (work: () => Promise<void>, failed: Failed = "printer.failed") => {
      setBusy(true);
      try {
        await work();
      } catch (error) {
        const reason = error instanceof PrinterFault ? error.reason : "failed";
        toast({ kind: "error", text: t(reason === "failed" ? failed : `printer.${reason}`) });
      } finally {
        setBusy(false);
      }
    },
    [t, toast],
  );

  const print = useCallback(
    (rows: () => ReceiptRow[], { openDrawer, once = false }: PaperOptions) =>
      attempt(
        async () => {
          if (printer === "browser") {
            flushSync(() => {
              setSheetRows(rows());
            });
            if (place.current !== null) printSheet(place.current, width);
            return;
          }
          const [{ bitmapOfCanvas, drawReceipt }, { receiptBytes }] = await Promise.all([
            import("./raster"),
            import("./escpos"),
          ]);
          const bytes = receiptBytes(bitmapOfCanvas(drawReceipt(rows(), width)), { openDrawer });
          await sendOrChoose(printer, bytes, openDrawer);
        },
        once ? "printer.slip_failed" : "printer.failed",
      ),
    [attempt, printer, width],
  );

  const savePdf = useCallback(
    (rows: () => ReceiptRow[], name: string) =>
      attempt(async () => {
        const { receiptPdf } = await import("./pdf");
        saveFile(`${name}.pdf`, await receiptPdf(rows(), { width, title: name }));
      }),
    [attempt, width],
  );

  const kickDrawer = useCallback(async () => {
    if (printer === "browser") return;
    await attempt(async () => {
      const { drawerBytes } = await import("./escpos");
      await sendOrChoose(printer, drawerBytes(), true);
    }, "printer.drawer_failed");
  }, [attempt, printer]);

  const sheet = useMemo(
    () =>
      createPortal(
        <div ref={place} className="print-sheet" aria-hidden="true">
          {sheetRows.length > 0 && <Paper rows={sheetRows} width={width} />}
        </div>,
        document.body,
      ),
    [sheetRows, width],
  );
  return { print, savePdf, kickDrawer, direct: printer !== "browser", busy, width, sheet };
}

/** The first time there is no printer yet: the press of the button that printed may also choose one. */
async function sendOrChoose(kind: PrinterKind, bytes: Uint8Array, pulse: boolean): Promise<void> {
  const ports = portsOf(navigator);
  try {
    await sendToPrinter(ports, kind, bytes, { pulse });
  } catch (error) {
    if (!(error instanceof PrinterFault) || error.reason !== "not_connected") throw error;
    await choosePrinter(ports, kind);
    await sendToPrinter(ports, kind, bytes, { pulse });
  }
}
