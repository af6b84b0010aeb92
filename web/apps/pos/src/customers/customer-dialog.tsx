/** A new customer, or another address of a known one. */
import { useState } from "react";

import type { Customer } from "@octonext/engine/api";

import { useAction, useEngine } from "../engine";
import { toLatinDigits } from "../i18n";
import { useSellWords } from "../sell/words";
import { Button, Dialog, Notice, TextField } from "../ui";

export interface CustomerDialogProps {
  customer: Customer | null;
  /** What was searched for: a new customer's name or phone, most likely. */
  typed: string;
  onClose: () => void;
  onSaved: (customer: Customer, choose: boolean) => void;
}

/** What a journal entry takes. */
const TEXT_MAX = 200;

export function CustomerDialog({ customer, typed, onClose, onSaved }: CustomerDialogProps) {
  const engine = useEngine();
  const { run, busy, refusal } = useAction({ show: "inline" });
  const t = useSellWords();
  const [fields, setFields] = useState(() => customer ?? startOf(typed));
  const [missing, setMissing] = useState(false);
  const save = async (choose: boolean) => {
    if (fields.name.trim() === "") {
      setMissing(true);
      return;
    }
    const answer = await run(() =>
      engine.saveCustomer({
        id: customer?.id ?? null,
        name: fields.name.trim(),
        phone: filled(fields.phone),
        email: filled(fields.email),
        vatNumber: filled(fields.vatNumber),
        note: filled(fields.note),
      }),
    );
    if (answer !== null) onSaved(answer.value, choose);
  };
  const set = (change: Partial<Omit<Customer, "id">>) => {
    setFields((now) => ({ ...now, ...change }));
  };
  return (
    <Dialog
      title={customer === null ? t("customers.new") : customer.name}
      onClose={onClose}
      onSubmit={() => void save(true)}
      footer={
        <>
          <Button busy={busy} onClick={() => void save(false)}>
            {t("customers.save")}
          </Button>
          <Button kind="primary" type="submit" busy={busy}>
            {t("customers.save_choose")}
          </Button>
        </>
      }
    >
      {refusal !== null && <Notice kind="error">{refusal}</Notice>}
      <TextField
        label={t("customers.name")}
        value={fields.name}
        onChange={(name) => {
          set({ name });
        }}
        maxLength={TEXT_MAX}
        error={missing && fields.name.trim() === "" ? t("customers.name_missing") : null}
        focused
      />
      <div className="sides">
        <TextField
          label={t("customers.phone")}
          value={fields.phone ?? ""}
          onChange={(phone) => {
            set({ phone: toLatinDigits(phone) });
          }}
          maxLength={40}
          inputMode="tel"
          latin
        />
        <TextField
          label={t("customers.email")}
          value={fields.email ?? ""}
          onChange={(email) => {
            set({ email });
          }}
          maxLength={TEXT_MAX}
          inputMode="email"
          latin
        />
      </div>
      <TextField
        label={t("customers.vat")}
        value={fields.vatNumber ?? ""}
        onChange={(vatNumber) => {
          set({ vatNumber: toLatinDigits(vatNumber) });
        }}
        maxLength={40}
        latin
      />
      <TextField
        label={t("customers.note")}
        value={fields.note ?? ""}
        onChange={(note) => {
          set({ note });
        }}
        maxLength={TEXT_MAX}
      />
    </Dialog>
  );
}

function startOf(typed: string): Omit<Customer, "id"> {
  const digits = toLatinDigits(typed.trim());
  const phone = /^[+\d][\d\s-]{2,}$/u.test(digits);
  return {
    name: phone ? "" : typed.trim(),
    phone: phone ? digits : null,
    email: null,
    vatNumber: null,
    note: null,
  };
}

function filled(text: string | null): string | null {
  return text === null || text.trim() === "" ? null : text.trim();
}
