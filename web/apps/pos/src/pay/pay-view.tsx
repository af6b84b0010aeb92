/** Payment and refund: what is due, what was taken so far, and how the rest is paid. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import type { TenderOption } from "@octonext/engine/api";

import { asRefusal, useAction, useEngine, useMoney, useTill } from "../engine";
import { useFormats, useWords } from "../i18n";
import { tenderWords, useRefusalWords } from "../i18n/refusals";
import { ScreenHead } from "../sell/screen-head";
import { useSelling } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, IconButton, Notice, Spinner } from "../ui";
import { CashIcon, CardIcon, PersonIcon, TagIcon, TrashIcon } from "../ui/icons";
import { Payment } from "./payment";
import { TenderForm } from "./tender-form";

export function PayView() {
  const { cart, go } = useSelling();
  const engine = useEngine();
  const { settings } = useTill("settings");
  const { exponent } = useMoney();
  const { run } = useAction();
  const t = useSellWords();
  const refusalWords = useRefusalWords(exponent);
  const [options, setOptions] = useState<TenderOption[] | null>(null);
  // One payment for as long as this screen stands; the cart cannot change meanwhile.
  const [payment] = useState(
    () =>
      new Payment(cart.total, settings.cashRounding, async (tenders) => {
        const receipt = await engine.pay({ tenders });
        // At once, in the rendering that would otherwise show this screen once more.
        go({ name: "receipt", receipt, fresh: true });
        return receipt;
      }),
  );
  const state = useSyncExternalStore(payment.subscribe, payment.state);
  const refund = cart.total < 0;

  useEffect(() => {
    let here = true;
    void run(() => engine.tenders()).then((answer) => {
      if (here && answer !== null) setOptions(answer.value);
    });
    return () => {
      here = false;
    };
    // A customer opens "on account".
  }, [engine, run, cart.customer]);

  const busy = state.phase !== "choosing";
  const back = () => {
    if (!busy) go({ name: "sell" });
  };
  return (
    <div className="screen pay">
      <ScreenHead
        title={refund ? t("pay.refund_title") : t("pay.title")}
        onBack={back}
        backLabel={t("pay.back")}
        backDisabled={busy}
      />
      <div className="pay__columns">
        <Due payment={payment} />
        <section className="pay__how">
          {state.error !== null && <Notice kind="error">{refusalWords(asRefusal(state.error))}</Notice>}
          {options === null ? (
            <Spinner label={t("pay.title")} />
          ) : cart.total === 0 ? (
            <Settle payment={payment} busy={busy} />
          ) : (
            <Tenders payment={payment} options={options} busy={busy} />
          )}
        </section>
      </div>
      <div className="hidden-text" role="status">
        {busy ? t("pay.busy") : ""}
      </div>
    </div>
  );
}

function Due({ payment }: { payment: Payment }) {
  const state = useSyncExternalStore(payment.subscribe, payment.state);
  const { cart, go } = useSelling();
  const { currency, exponent } = useMoney();
  const format = useFormats();
  const words = useWords();
  const t = useSellWords();
  const refund = payment.total < 0;
  const busy = state.phase !== "choosing";
  return (
    <section className="pay__due">
      <p className="pay__label">{refund ? t("pay.to_refund") : t("pay.due")}</p>
      <p className="pay__total amount" data-testid="pay-total">
        {format.moneyOf(Math.abs(payment.total), exponent, currency)}
      </p>
      {state.parts.length > 0 && (
        <>
          <h2 className="pay__label">{t("pay.parts")}</h2>
          <ul className="pay__parts">
            {state.parts.map((part, at) => {
              const amount = format.money(part.amount, exponent);
              const tender = tenderWords(words, part.tender);
              return (
                <li key={at}>
                  <span>
                    {tender}
                    {part.reference !== null && <bdi className="muted"> {part.reference}</bdi>}
                  </span>
                  <span className="amount">{amount}</span>
                  <IconButton
                    label={t("pay.remove_part", { tender, amount })}
                    icon={<TrashIcon size={20} />}
                    disabled={busy}
                    onClick={() => {
                      payment.remove(at);
                    }}
                  />
                </li>
              );
            })}
          </ul>
          <p className="pay__label">{refund ? t("pay.left_refund") : t("pay.left")}</p>
          <p className="pay__left amount" data-testid="pay-left" aria-live="polite">
            {format.moneyOf(payment.left, exponent, currency)}
          </p>
        </>
      )}
      <button
        type="button"
        className={cart.customer === null ? "chip" : "chip chip--on"}
        disabled={busy || state.parts.length > 0}
        onClick={() => {
          go({ name: "customers" });
        }}
      >
        <PersonIcon size={20} />
        <span className="chip__text">
          <bdi>{cart.customer?.name ?? t("sell.choose_customer")}</bdi>
        </span>
      </button>
    </section>
  );
}

function Settle({ payment, busy }: { payment: Payment; busy: boolean }) {
  const t = useSellWords();
  return (
    <div className="stack">
      <p>{t("pay.even")}</p>
      <Button kind="primary" size="large" busy={busy} data-autofocus onClick={() => void payment.settle()}>
        {busy ? t("pay.busy") : t("pay.settle")}
      </Button>
    </div>
  );
}

interface TendersProps {
  payment: Payment;
  options: TenderOption[];
  busy: boolean;
}

function Tenders({ payment, options, busy }: TendersProps) {
  const words = useWords();
  const t = useSellWords();
  const refund = payment.total < 0;
  const [chosen, setChosen] = useState(options[0]?.tender ?? "cash");
  // Arrows go from tender to tender: the amount must not take the focus from under them.
  const [arrows, setArrows] = useState(false);
  const option = options.find((each) => each.tender === chosen) ?? options[0];
  const state = useSyncExternalStore(payment.subscribe, payment.state);
  // A part that was taken leaves another sum, and an empty reference, for the next.
  const formKey = useMemo(() => `${chosen} ${state.parts.length}`, [chosen, state.parts.length]);
  return (
    <>
      <div
        className="tenders"
        role="radiogroup"
        aria-label={refund ? t("pay.tender_refund") : t("pay.tender")}
      >
        {options.map((each) => (
          <label key={each.tender} className="tender">
            <input
              type="radio"
              name="tender"
              className="tender__radio"
              checked={each.tender === option?.tender}
              disabled={busy}
              onKeyDown={(event) => {
                if (event.key.startsWith("Arrow")) setArrows(true);
              }}
              onBlur={({ relatedTarget: to }) => {
                if (!(to instanceof HTMLInputElement && to.name === "tender")) setArrows(false);
              }}
              onChange={() => {
                setChosen(each.tender);
              }}
            />
            <span className="tender__face">
              {iconOf(each)}
              {tenderWords(words, each.tender)}
            </span>
          </label>
        ))}
      </div>
      {option !== undefined && (
        <TenderForm key={formKey} payment={payment} option={option} busy={busy} focused={!arrows} />
      )}
    </>
  );
}

function iconOf(option: TenderOption) {
  if (option.tender === "cash") return <CashIcon />;
  if (option.external || option.tender === "card") return <CardIcon />;
  return option.tender === "on_account" ? <PersonIcon /> : <TagIcon />;
}
