/** Carts that wait for their customers. */
import { useCallback, useEffect, useState } from "react";

import type { HeldCart } from "@octonext/engine/api";

import { useAction, useEngine, useMoney, useTill } from "../engine";
import { useFormats, useName, useWords } from "../i18n";
import { ReasonField } from "../sell/reason-field";
import { ScreenHead } from "../sell/screen-head";
import { useSelling } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, Dialog, Notice, Spinner } from "../ui";
import { HoldIcon, TrashIcon } from "../ui/icons";

export function HeldView() {
  const { cart, change, go } = useSelling();
  const engine = useEngine();
  const { held } = useTill("held");
  const { currency, exponent } = useMoney();
  const { run } = useAction();
  const format = useFormats();
  const name = useName();
  const t = useSellWords();
  const [carts, setCarts] = useState<HeldCart[] | null>(null);
  const [discarding, setDiscarding] = useState<HeldCart | null>(null);
  const load = useCallback(async () => (await run(() => engine.heldCarts()))?.value ?? [], [engine, run]);
  useEffect(() => {
    let here = true;
    void load().then((next) => {
      if (here) setCarts(next);
    });
    return () => {
      here = false;
    };
  }, [load, held]);

  const recall = async (each: HeldCart) => {
    if (await change(() => engine.recall(each.id))) go({ name: "sell" });
  };
  const busy = cart.lines.length > 0;
  return (
    <div className="screen">
      <ScreenHead
        title={t("held.title")}
        onBack={() => {
          go({ name: "sell" });
        }}
      />
      <div className="screen__body screen__body--narrow">
        {busy && <Notice kind="warning">{t("held.cart_first")}</Notice>}
        {carts === null ? (
          <Spinner label={t("held.title")} />
        ) : carts.length === 0 ? (
          <div className="nothing">
            <HoldIcon size={48} />
            <p>{t("held.none")}</p>
          </div>
        ) : (
          <ul className="rows" aria-label={t("held.title")}>
            {carts.map((each) => (
              <li key={each.id}>
                <div className="row">
                  <span className="row__main">
                    <span className="row__title">
                      <bdi>{each.label}</bdi>
                    </span>
                    <span className="row__more">
                      <span>{t("held.by", { by: name(each.by), time: format.dateTime(each.heldAt) })}</span>
                      <span>{t("held.lines", { count: each.lines })}</span>
                    </span>
                  </span>
                  <span className="row__amount amount">{format.moneyOf(each.total, exponent, currency)}</span>
                  <Button
                    kind="quiet"
                    icon={<TrashIcon />}
                    aria-label={t("held.discard_of", { label: each.label })}
                    onClick={() => {
                      setDiscarding(each);
                    }}
                  >
                    {t("held.discard")}
                  </Button>
                  <Button
                    kind="primary"
                    disabled={busy}
                    aria-label={t("held.recall_of", { label: each.label })}
                    onClick={() => void recall(each)}
                  >
                    {t("held.recall")}
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </div>
      {discarding !== null && (
        <DiscardDialog
          held={discarding}
          onClose={() => {
            setDiscarding(null);
          }}
          onDone={() => {
            setDiscarding(null);
            void load().then(setCarts);
          }}
        />
      )}
    </div>
  );
}

interface DiscardProps {
  held: HeldCart;
  onClose: () => void;
  onDone: () => void;
}

function DiscardDialog({ held, onClose, onDone }: DiscardProps) {
  const engine = useEngine();
  const { run, busy } = useAction();
  const t = useSellWords();
  const words = useWords();
  const [reason, setReason] = useState("");
  const discard = async () => {
    if ((await run(() => engine.discardHeld({ id: held.id, reason: reason.trim() || null }))) !== null)
      onDone();
  };
  return (
    <Dialog
      title={t("held.discard_title", { label: held.label })}
      onClose={onClose}
      onSubmit={() => void discard()}
      footer={
        <>
          <Button onClick={onClose}>{words("common.cancel")}</Button>
          <Button kind="danger" type="submit" busy={busy}>
            {t("held.discard")}
          </Button>
        </>
      }
    >
      <ReasonField set="cancel" value={reason} onChange={setReason} />
    </Dialog>
  );
}
