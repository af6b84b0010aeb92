/** The end of a shift: the drawer is counted, blindly where head office says so, and the count is final. */
import { useEffect, useState } from "react";

import type { ShiftReport } from "@octonext/engine/api";

import { useAction, useEngine, useMoney } from "../engine";
import { useFormats, useWords } from "../i18n";
import { Button, IconButton } from "../ui/button";
import { Choice } from "../ui/choice";
import { Dialog } from "../ui/dialog";
import { MinusIcon, PlusIcon } from "../ui/icons";
import { Notice } from "../ui/notice";
import { MoneyPad, NumberField } from "../ui/number-field";
import { DENOMINATIONS, pieceKey, worth, type DenominationKind, type Denominations } from "./denominations";

export interface CountDialogProps {
  onClose: () => void;
  onClosed: (z: ShiftReport) => void;
}

export function CountDialog({ onClose, onClosed }: CountDialogProps) {
  const t = useWords();
  const format = useFormats();
  const engine = useEngine();
  const money = useMoney();
  const known = DENOMINATIONS[money.currency];
  const { run, busy, refusal } = useAction({ show: "inline" });
  const { run: ask } = useAction();
  const [way, setWay] = useState<"pieces" | "total">(known === undefined ? "total" : "pieces");
  const [pieces, setPieces] = useState<Record<string, number>>({});
  const [total, setTotal] = useState<number | null>(null);
  const [missing, setMissing] = useState(false);
  const [confirming, setConfirming] = useState(false);
  const [expected, setExpected] = useState<number | null>(null);
  const counted = way === "pieces" && known !== undefined ? worth(known, pieces) : total;
  const say = (amount: number) => format.moneyOf(amount, money.exponent, money.currency);

  useEffect(() => {
    void ask(() => engine.shiftReport()).then((x) => {
      setExpected(x?.value.expected ?? null);
    });
  }, [ask, engine]);

  const close = async () => {
    if (counted === null || busy) return;
    const done = await run((approval) => engine.closeShift({ counted, ...approval }));
    if (done === null) setConfirming(false);
    else onClosed(done.value);
  };
  return (
    <Dialog
      title={t("count.title")}
      width="large"
      testId="count"
      onClose={onClose}
      onSubmit={() => {
        if (counted === null || counted < 0) setMissing(true);
        else setConfirming(true);
      }}
      footer={
        <>
          <p className="count__total">
            {t("count.total")}{" "}
            <strong className="amount" data-testid="counted-total">
              {say(counted ?? 0)}
            </strong>
          </p>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button kind="primary" type="submit">
            {t("count.submit")}
          </Button>
        </>
      }
    >
      <div className="cluster cluster--spread">
        <p className="muted">
          {expected === null ? t("count.blind") : t("count.expected", { amount: say(expected) })}
        </p>
        {known !== undefined && (
          <Choice
            label={t("count.title")}
            bare
            value={way}
            options={[
              { value: "pieces", label: t("count.by_denomination") },
              { value: "total", label: t("count.by_total") },
            ]}
            onChange={setWay}
          />
        )}
      </div>
      {refusal !== null && <Notice kind="error">{refusal}</Notice>}
      {way === "pieces" && known !== undefined ? (
        <Pieces known={known} pieces={pieces} onChange={setPieces} />
      ) : (
        <div className="count__single">
          <MoneyPad
            label={t("count.total")}
            {...money}
            value={total}
            focused
            error={missing ? t("refusal.amount_invalid") : null}
            onChange={(value) => {
              setTotal(value);
              setMissing(false);
            }}
          />
        </div>
      )}
      {confirming && (
        <Dialog
          title={t("count.confirm", { amount: say(counted ?? 0) })}
          width="small"
          onClose={() => {
            setConfirming(false);
          }}
          onSubmit={() => void close()}
          footer={
            <>
              <Button
                onClick={() => {
                  setConfirming(false);
                }}
              >
                {t("common.back")}
              </Button>
              <Button kind="primary" type="submit" busy={busy} data-autofocus>
                {busy ? t("count.closing") : t("count.submit")}
              </Button>
            </>
          }
        >
          <p>{t("count.confirm_text")}</p>
        </Dialog>
      )}
    </Dialog>
  );
}

interface PiecesProps {
  known: Denominations;
  pieces: Record<string, number>;
  onChange: (pieces: Record<string, number>) => void;
}

function Pieces({ known, pieces, onChange }: PiecesProps) {
  const t = useWords();
  const set = (key: string, count: number) => {
    onChange({ ...pieces, [key]: Math.max(0, count) });
  };
  const column = (kind: DenominationKind, title: string) => (
    <section className="count__column">
      <h3>{title}</h3>
      {known[kind].map((value, index) => (
        <Piece
          key={value}
          value={value}
          count={pieces[pieceKey(kind, value)] ?? 0}
          focused={kind === "notes" && index === 0}
          onCount={(count) => {
            set(pieceKey(kind, value), count);
          }}
        />
      ))}
    </section>
  );
  return (
    <div className="count__columns">
      {column("notes", t("count.notes"))}
      {column("coins", t("count.coins"))}
    </div>
  );
}

interface PieceProps {
  value: number;
  count: number;
  focused: boolean;
  onCount: (count: number) => void;
}

function Piece({ value, count, focused, onCount }: PieceProps) {
  const t = useWords();
  const format = useFormats();
  const { exponent } = useMoney();
  const amount = format.money(value, exponent);
  return (
    <div className="piece">
      <span className="piece__face amount" aria-hidden="true">
        {amount}
      </span>
      <IconButton
        label={t("count.fewer", { amount })}
        kind="secondary"
        icon={<MinusIcon />}
        tabIndex={-1}
        onClick={() => {
          onCount(count - 1);
        }}
      />
      <NumberField
        label={t("count.how_many", { amount })}
        bare
        padless
        places={0}
        focused={focused}
        value={count === 0 ? null : count}
        onChange={(typed) => {
          onCount(typed ?? 0);
        }}
      />
      <IconButton
        label={t("count.more", { amount })}
        kind="secondary"
        icon={<PlusIcon />}
        tabIndex={-1}
        onClick={() => {
          onCount(count + 1);
        }}
      />
      <span className="piece__worth amount">{format.money(value * count, exponent)}</span>
    </div>
  );
}
