/** Customers of this country's shops: found by name or phone, made and changed, chosen for the cart. */
import { useCallback, useState } from "react";

import type { Customer } from "@octonext/engine/api";

import { useEngine } from "../engine";
import { useSearch } from "../search/answers";
import { ScreenHead } from "../sell/screen-head";
import { useSelling } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, Notice, TextField, useToast } from "../ui";
import { EditIcon, PersonIcon, PlusIcon } from "../ui/icons";
import { CustomerDialog } from "./customer-dialog";

export function CustomersView() {
  const { cart, change, go } = useSelling();
  const engine = useEngine();
  const t = useSellWords();
  const toast = useToast();
  const { text, answers, search } = useSearch(
    useCallback((question: string) => engine.findCustomers(question), [engine]),
  );
  const [editing, setEditing] = useState<{ customer: Customer | null } | null>(null);

  const choose = async (customer: Customer | null) => {
    if (!(await change(() => engine.setCustomer(customer?.id ?? null)))) return;
    if (customer !== null) toast({ kind: "done", text: t("customers.chosen", { name: customer.name }) });
    go({ name: "sell" });
  };
  const row = (customer: Customer) => (
    <div className={customer.id === cart.customer?.id ? "row row--on" : "row"}>
      <span className="row__main">
        <span className="row__title">
          <bdi>{customer.name}</bdi>
        </span>
        <span className="row__more">
          {customer.phone !== null && <bdi className="latin">{customer.phone}</bdi>}
          {customer.note !== null && <bdi>{customer.note}</bdi>}
        </span>
      </span>
      <Button
        kind="quiet"
        icon={<EditIcon />}
        aria-label={t("customers.edit_of", { name: customer.name })}
        onClick={() => {
          setEditing({ customer });
        }}
      >
        {t("customers.edit")}
      </Button>
      {customer.id === cart.customer?.id ? (
        <Button onClick={() => void choose(null)}>{t("customers.remove")}</Button>
      ) : (
        <Button
          kind="primary"
          aria-label={t("customers.choose_of", { name: customer.name })}
          onClick={() => void choose(customer)}
        >
          {t("customers.choose")}
        </Button>
      )}
    </div>
  );
  return (
    <div className="screen">
      <ScreenHead
        title={t("customers.title")}
        onBack={() => {
          go({ name: "sell" });
        }}
      >
        <Button
          icon={<PlusIcon />}
          onClick={() => {
            setEditing({ customer: null });
          }}
        >
          {t("customers.new")}
        </Button>
      </ScreenHead>
      <div className="screen__body screen__body--narrow">
        <TextField label={t("customers.find")} value={text} onChange={search} focused inputMode="search" />
        {answers !== null && answers.refusal !== null && <Notice kind="error">{answers.refusal}</Notice>}
        {answers === null ? (
          cart.customer === null ? (
            <div className="nothing">
              <PersonIcon size={48} />
              <p>{t("customers.start")}</p>
            </div>
          ) : (
            <>
              <h2>{t("customers.current")}</h2>
              {row(cart.customer)}
            </>
          )
        ) : answers.found.length === 0 && answers.refusal === null ? (
          <p className="nothing">{t("customers.none", { text: answers.text })}</p>
        ) : (
          <ul className="rows" aria-label={t("customers.list")}>
            {answers.found.map((customer) => (
              <li key={customer.id}>{row(customer)}</li>
            ))}
          </ul>
        )}
      </div>
      {editing !== null && (
        <CustomerDialog
          customer={editing.customer}
          typed={text}
          onClose={() => {
            setEditing(null);
          }}
          onSaved={(customer, chosen) => {
            setEditing(null);
            toast({ kind: "done", text: t("customers.saved", { name: customer.name }) });
            if (chosen) void choose(customer);
            else search(customer.name);
          }}
        />
      )}
    </div>
  );
}
