/** What can be done with the chosen line, right beneath it. */
import { memo, useEffect, useRef } from "react";

import type { CartLine } from "@octonext/engine/api";

import { useEngine } from "../engine";
import { useName } from "../i18n";
import { MinusIcon, NoteIcon, PercentIcon, PlusIcon, TagIcon, TrashIcon } from "../ui/icons";
import { useLater } from "../ui/later";
import type { OpenDialog } from "./cart-dialogs";
import { QuantityIcon } from "./icons";
import { useSellingActions } from "./selling";
import { Tool } from "./tool";
import { useSellWords } from "./words";

export interface LineActionsProps {
  line: CartLine;
  onDialog: (dialog: OpenDialog) => void;
}

export const LineActions = memo(function LineActions({ line, onDialog }: LineActionsProps) {
  const { change } = useSellingActions();
  const engine = useEngine();
  const name = useName();
  const t = useSellWords();
  // What comes back is settled by its receipt: it can be taken off the cart, not haggled over.
  const free = line.kind === "sale";
  // A frame after the line itself: with ten scans in a row nobody wants the buttons of the first nine.
  const shown = useLater();
  const group = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const item = group.current?.parentElement;
    // jsdom has no layout and no such method.
    if (item instanceof HTMLElement && "scrollIntoView" in item) item.scrollIntoView({ block: "nearest" });
  }, [shown]);
  const step = (by: number) =>
    void change((approval) =>
      engine.setQuantity({ lineKey: line.key, quantity: line.quantity + by, ...approval }),
    );
  if (!shown) return null;
  return (
    <div
      ref={group}
      className="line__actions"
      role="group"
      aria-label={t("sell.line_actions", { name: name(line.name) })}
    >
      {free && line.unit === "piece" && (
        <>
          <Tool
            label={t("line.fewer")}
            icon={<MinusIcon />}
            disabled={line.quantity <= 1000}
            onClick={() => {
              step(-1000);
            }}
          />
          <Tool
            label={t("line.one_more")}
            icon={<PlusIcon />}
            onClick={() => {
              step(1000);
            }}
          />
        </>
      )}
      {free && (
        <>
          <Tool
            label={line.unit === "kg" ? t("line.weight") : t("line.quantity")}
            icon={<QuantityIcon />}
            onClick={() => {
              onDialog({ kind: "quantity", line });
            }}
          />
          <Tool
            label={t("line.price")}
            icon={<TagIcon />}
            onClick={() => {
              onDialog({ kind: "price", line });
            }}
          />
          <Tool
            label={t("line.discount")}
            icon={<PercentIcon />}
            onClick={() => {
              onDialog({ kind: "discount", line });
            }}
          />
          <Tool
            label={t("line.note")}
            icon={<NoteIcon />}
            onClick={() => {
              onDialog({ kind: "note", line });
            }}
          />
        </>
      )}
      <Tool
        danger
        label={t("line.remove")}
        icon={<TrashIcon />}
        onClick={() => {
          onDialog({ kind: "remove", line });
        }}
      />
    </div>
  );
});
