/** The newest receipts of this till, for lists to choose from. */
import { useEffect, useState } from "react";

import type { Receipt } from "@octonext/engine/api";

import { useAction, useEngine } from "../engine";

/** An afternoon at a busy till; older ones are found by number. */
const RECENT_MAX = 100;

/** Null while the engine is asked. */
export function useRecentReceipts(limit = RECENT_MAX): Receipt[] | null {
  const engine = useEngine();
  const { run } = useAction();
  const [receipts, setReceipts] = useState<Receipt[] | null>(null);
  useEffect(() => {
    let here = true;
    void run(() => engine.receipts(limit)).then((answer) => {
      if (here) setReceipts(answer?.value ?? []);
    });
    return () => {
      here = false;
    };
  }, [engine, run, limit]);
  return receipts;
}
