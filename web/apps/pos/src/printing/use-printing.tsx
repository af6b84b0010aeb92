/** Printing receipts, for components. */
import { useCallback } from "react";

import type { Receipt } from "@octonext/engine/api";

import { useTill } from "../engine";
import { receiptRows } from "../receipts/model";
import type { ReceiptRow } from "../receipts/rows";
import { usePaper, type PaperPrinting } from "./use-paper";

export interface Printing extends Pick<PaperPrinting, "busy" | "width" | "sheet"> {
  rowsOf: (receipt: Receipt) => ReceiptRow[];
  print: (receipt: Receipt, options: { openDrawer: boolean }) => Promise<void>;
  savePdf: (receipt: Receipt) => Promise<void>;
}

/** Whether this receipt put cash into the drawer or took some out. */
export function usesCash(receipt: Receipt): boolean {
  return [receipt, receipt.exchange].some(
    (each) => each?.payments.some(({ tender }) => tender === "cash") === true,
  );
}

export function usePrinting(): Printing {
  const { settings, identity } = useTill("settings", "identity");
  const { print: printRows, savePdf: saveRows, busy, width, sheet } = usePaper();

  const rowsOf = useCallback(
    (receipt: Receipt) =>
      receiptRows(receipt, {
        settings: settings.receipt,
        jurisdiction: identity?.jurisdiction ?? "",
        timeZone: identity?.timeZone ?? "UTC",
      }),
    [settings.receipt, identity?.jurisdiction, identity?.timeZone],
  );
  const print = useCallback(
    (receipt: Receipt, options: { openDrawer: boolean }) => printRows(() => rowsOf(receipt), options),
    [printRows, rowsOf],
  );
  const savePdf = useCallback(
    (receipt: Receipt) => saveRows(() => rowsOf(receipt), receipt.number),
    [saveRows, rowsOf],
  );
  return { rowsOf, print, savePdf, busy, width, sheet };
}
