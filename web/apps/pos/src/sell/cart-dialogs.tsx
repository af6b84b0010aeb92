/** The dialogs that change a cart or one of its lines. */
import { useState } from "react";

import type { CartLine } from "@octonext/engine/api";

import { useAction, useEngine } from "../engine";
import { useFormats, useName, useWords } from "../i18n";
import { usePaper } from "../printing/use-paper";
import { Button, Dialog, TextField, useToast } from "../ui";
import { DiscountDialog } from "./discount-dialog";
import { PriceDialog, QuantityDialog } from "./line-dialogs";
import { ReasonField, REASON_MAX } from "./reason-field";
import { useSelling, useSellingActions } from "./selling";
import { useSellWords } from "./words";

export type OpenDialog =
  | { kind: "quantity" | "price" | "remove"; line: CartLine }
  /** Of a line, or of the whole cart. */
  | { kind: "discount" | "note"; line: CartLine | null }
  | { kind: "hold" | "cancel" | "drawer" };

export function CartDialogs({ dialog, onClose }: { dialog: OpenDialog; onClose: () => void }) {
  switch (dialog.kind) {
    case "quantity":
      return <QuantityDialog line={dialog.line} onClose={onClose} />;
    case "price":
      return <PriceDialog line={dialog.line} onClose={onClose} />;
    case "remove":
      return <RemoveDialog line={dialog.line} onClose={onClose} />;
    case "discount":
      return <DiscountDialog line={dialog.line} onClose={onClose} />;
    case "note":
      return <NoteDialog line={dialog.line} onClose={onClose} />;
    case "hold":
      return <HoldDialog onClose={onClose} />;
    case "cancel":
      return <CancelDialog onClose={onClose} />;
    case "drawer":
      return <DrawerDialog onClose={onClose} />;
  }
}

interface Closing {
  onClose: () => void;
}

function RemoveDialog({ line, onClose }: Closing & { line: CartLine }) {
  const { change } = useSellingActions();
  const engine = useEngine();
  const name = useName();
  const t = useSellWords();
  const words = useWords();
  const [reason, setReason] = useState("");
  const remove = async () => {
    if (await change(() => engine.removeLine({ lineKey: line.key, reason: reason.trim() || null })))
      onClose();
  };
  return (
    <Dialog
      title={t("line.remove_title", { name: name(line.name) })}
      onClose={onClose}
      onSubmit={() => void remove()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          {/* Enter on opening removes: the reason is welcome, not demanded. */}
          <Button kind="danger" type="submit" data-autofocus>
            {t("line.remove")}
          </Button>
        </>
      }
    >
      <ReasonField set="remove" value={reason} onChange={setReason} />
    </Dialog>
  );
}

function NoteDialog({ line, onClose }: Closing & { line: CartLine | null }) {
  const { cart, change } = useSelling();
  const engine = useEngine();
  const name = useName();
  const t = useSellWords();
  const words = useWords();
  const [note, setNote] = useState((line === null ? cart.note : line.note) ?? "");
  const save = async () => {
    const request = { lineKey: line?.key ?? null, note: note.trim() || null };
    if (await change(() => engine.setNote(request))) onClose();
  };
  return (
    <Dialog
      title={line === null ? t("sell.cart_note") : name(line.name)}
      onClose={onClose}
      onSubmit={() => void save()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="primary" type="submit">
            {t("line.set")}
          </Button>
        </>
      }
    >
      <TextField label={t("sell.note")} value={note} onChange={setNote} maxLength={REASON_MAX} focused />
    </Dialog>
  );
}

function HoldDialog({ onClose }: Closing) {
  const { cart, change } = useSelling();
  const engine = useEngine();
  const format = useFormats();
  const t = useSellWords();
  const words = useWords();
  const toast = useToast();
  const [label, setLabel] = useState(cart.customer?.name ?? "");
  const hold = async () => {
    const name = label.trim() || t("hold.default", { time: format.time(Date.now()) });
    if (!(await change(() => engine.hold(name)))) return;
    onClose();
    toast({ kind: "done", text: t("hold.done") });
  };
  return (
    <Dialog
      title={t("hold.title")}
      onClose={onClose}
      onSubmit={() => void hold()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="primary" type="submit" data-autofocus>
            {t("sell.hold")}
          </Button>
        </>
      }
    >
      <TextField
        label={t("hold.label")}
        hint={t("hold.hint")}
        value={label}
        onChange={setLabel}
        maxLength={60}
        focused
      />
    </Dialog>
  );
}

function CancelDialog({ onClose }: Closing) {
  const { change } = useSellingActions();
  const engine = useEngine();
  const t = useSellWords();
  const toast = useToast();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const cancel = async () => {
    if (reason.trim() === "") {
      setMissing(true);
      return;
    }
    if (!(await change(() => engine.cancelCart(reason.trim())))) return;
    onClose();
    toast({ kind: "done", text: t("cancel.done") });
  };
  return (
    <Dialog
      title={t("cancel.title")}
      onClose={onClose}
      onSubmit={() => void cancel()}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel.keep")}</Button>
          <Button kind="danger" type="submit">
            {t("sell.cancel")}
          </Button>
        </>
      }
    >
      <p>{t("cancel.text")}</p>
      <ReasonField
        set="cancel"
        value={reason}
        onChange={setReason}
        error={missing && reason.trim() === "" ? t("reason.missing") : null}
      />
    </Dialog>
  );
}

function DrawerDialog({ onClose }: Closing) {
  const engine = useEngine();
  const { run, busy } = useAction();
  const { kickDrawer } = usePaper();
  const t = useSellWords();
  const words = useWords();
  const toast = useToast();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const open = async () => {
    if (reason.trim() === "") {
      setMissing(true);
      return;
    }
    const answer = await run((approval) => engine.openDrawer({ reason: reason.trim(), ...approval }));
    if (answer === null) return;
    onClose();
    toast({ kind: "done", text: t("sell.drawer_opened") });
    // After the entry: a drawer that opened without one could not be explained.
    await kickDrawer();
  };
  return (
    <Dialog
      title={t("drawer.title")}
      onClose={onClose}
      onSubmit={() => void open()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {t("drawer.open")}
          </Button>
        </>
      }
    >
      <ReasonField
        set="drawer"
        value={reason}
        onChange={setReason}
        error={missing && reason.trim() === "" ? t("reason.missing") : null}
      />
    </Dialog>
  );
}
