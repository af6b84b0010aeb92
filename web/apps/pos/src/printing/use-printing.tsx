/** Printing for components: the printer that the preferences name, and words when it does not answer. */
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { createPortal, flushSync } from "react-dom";

import type { Receipt } from "@octonext/engine/api";

import { useTill } from "../engine";
import { usePreferences } from "../preferences";
import { receiptRows, type ReceiptRow } from "../receipts/model";
import { Paper } from "../receipts/paper";
import { saveFile } from "../save-file";
import { useSellWords } from "../sell/words";
import { useToast } from "../ui";
import { printSheet } from "./browser";
import { choosePrinter, portsOf, PrinterFault, sendToPrinter, type PrinterKind } from "./printer";

export interface Printing {
  rowsOf: (receipt: Receipt) => ReceiptRow[];
  print: (receipt: Receipt, options: { openDrawer: boolean }) => Promise<void>;
  savePdf: (receipt: Receipt) => Promise<void>;
  /** The drawer's pulse alone; nothing where the browser prints, which cannot send one. */
  kickDrawer: () => Promise<void>;
  busy: boolean;
  width: 58 | 80;
  /** Stands somewhere in the component: what the browser prints. */
  sheet: ReactNode;
}

/** Whether this receipt put cash into the drawer or took some out. */
export function usesCash(receipt: Receipt): boolean {
  return [receipt, receipt.exchange].some(
    (each) => each?.payments.some(({ tender }) => tender === "cash") === true,
  );
}

export function usePrinting(): Printing {
  const { settings, identity } = useTill();
  const { printer, receiptWidth: width } = usePreferences().preferences;
  const t = useSellWords();
  const toast = useToast();
  const [sheetRows, setSheetRows] = useState<ReceiptRow[]>([]);
  const [busy, setBusy] = useState(false);

  const rowsOf = useCallback(
    (receipt: Receipt) =>
      receiptRows(receipt, {
        settings: settings.receipt,
        jurisdiction: identity?.jurisdiction ?? "",
        timeZone: identity?.timeZone ?? "UTC",
      }),
    [settings.receipt, identity?.jurisdiction, identity?.timeZone],
  );

  const attempt = useCallback(
    async (work: () => Promise<void>) => {
      setBusy(true);
      try {
        await work();
      } catch (error) {
        const reason = error instanceof PrinterFault ? error.reason : "failed";
        toast({ kind: "error", text: t(`printer.${reason}`) });
      } finally {
        setBusy(false);
      }
    },
    [t, toast],
  );

  const print = useCallback(
    (receipt: Receipt, { openDrawer }: { openDrawer: boolean }) =>
      attempt(async () => {
        const rows = rowsOf(receipt);
        if (printer === "browser") {
          flushSync(() => {
            setSheetRows(rows);
          });
          const sheet = document.querySelector<HTMLElement>("body > .print-sheet");
          if (sheet !== null) printSheet(sheet, width);
          return;
        }
        const [{ bitmapOfCanvas, drawReceipt }, { receiptBytes }] = await Promise.all([
          import("./raster"),
          import("./escpos"),
        ]);
        await sendOrChoose(printer, receiptBytes(bitmapOfCanvas(drawReceipt(rows, width)), { openDrawer }));
      }),
    [attempt, printer, rowsOf, width],
  );

  const savePdf = useCallback(
    (receipt: Receipt) =>
      attempt(async () => {
        const { receiptPdf } = await import("./pdf");
        const file = await receiptPdf(rowsOf(receipt), { width, title: receipt.number });
        saveFile(`${receipt.number}.pdf`, file);
      }),
    [attempt, rowsOf, width],
  );

  const kickDrawer = useCallback(async () => {
    if (printer === "browser") return;
    await attempt(async () => {
      const { drawerBytes } = await import("./escpos");
      await sendOrChoose(printer, drawerBytes());
    });
  }, [attempt, printer]);

  const sheet = useMemo(
    () =>
      createPortal(
        <div className="print-sheet" aria-hidden="true">
          {sheetRows.length > 0 && <Paper rows={sheetRows} width={width} />}
        </div>,
        document.body,
      ),
    [sheetRows, width],
  );
  return { rowsOf, print, savePdf, kickDrawer, busy, width, sheet };
}

/** The first time there is no printer yet: the press of the button that printed may also choose one. */
async function sendOrChoose(kind: PrinterKind, bytes: Uint8Array): Promise<void> {
  const ports = portsOf(navigator);
  try {
    await sendToPrinter(ports, kind, bytes);
  } catch (error) {
    if (!(error instanceof PrinterFault) || error.reason !== "not_connected") throw error;
    await choosePrinter(ports, kind);
    await sendToPrinter(ports, kind, bytes);
  }
}
