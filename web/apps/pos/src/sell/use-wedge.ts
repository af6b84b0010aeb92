/** Listens for the scanner on the whole page, and takes back what it typed into a field on its way. */
import { useEffect, useRef } from "react";

import { openDialogs } from "../ui/dialog";
import { Wedge } from "./wedge";

/** A field with this attribute wants scans itself: a receipt's number, a voucher's. */
export const TAKES_SCAN = "data-takes-scan";

interface Typing {
  field: HTMLInputElement | HTMLTextAreaElement;
  before: string;
}

export function useWedge(onScan: (code: string, where: "page" | "dialog") => void): void {
  const newest = useRef(onScan);
  useEffect(() => {
    newest.current = onScan;
  });
  useEffect(() => {
    const wedge = new Wedge();
    let typing: Typing | null = null;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.isComposing) return;
      const field = fieldOf(event.target);
      const answer = wedge.press({
        key: event.key,
        code: event.code,
        at: event.timeStamp,
        ctrl: event.ctrlKey,
        alt: event.altKey,
        meta: event.metaKey,
      });
      if (answer.kind === "pass") {
        // What stood there before the burst began; a slow key begins a new one each time.
        if (wedge.length <= 1) typing = field === null ? null : { field, before: field.value };
        return;
      }
      const inDialog = openDialogs() > 0;
      const takes = field?.hasAttribute(TAKES_SCAN) === true || (inDialog && !guarded(field));
      if (takes) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (typing !== null && typing.field === field) restore(typing);
      typing = null;
      newest.current(answer.code, inDialog ? "dialog" : "page");
    };
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => {
      window.removeEventListener("keydown", onKeyDown, { capture: true });
    };
  }, []);
}

/** A barcode that lands in an amount would be a price of millions; words and PINs may be typed that fast. */
function guarded(field: Element | null): boolean {
  return field !== null && field.closest(".field--number") !== null;
}

function fieldOf(target: EventTarget | null): Typing["field"] | null {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement ? target : null;
}

function restore({ field, before }: Typing): void {
  // React watches the property of the element; only the prototype's own setter gets past it.
  const kind = field instanceof HTMLInputElement ? HTMLInputElement.prototype : HTMLTextAreaElement.prototype;
  Object.getOwnPropertyDescriptor(kind, "value")?.set?.call(field, before);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
