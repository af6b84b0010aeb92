/** The drawer and the shift: cash in and out, the reports, the end of the day. */
import { useEffect, useState, type ReactNode } from "react";

import type { ShiftReport } from "@octonext/engine/api";

import { useAction, useEngine, useTill } from "../engine";
import { useFormats, useName, useWords } from "../i18n";
import { CashInIcon, CashOutIcon, DrawerIcon, LockIcon, ReportIcon } from "../ui/icons";
import { Notice } from "../ui/notice";
import { Button } from "../ui/button";
import { CashDialog, type CashMove } from "./cash-dialog";
import { CountDialog } from "./count-dialog";
import { OpenShift } from "./open-shift";
import { ReportDialog } from "./report-dialog";
import "./shift.css";

export function ShiftPage({ onSell }: { onSell: () => void }) {
  const t = useWords();
  const format = useFormats();
  const name = useName();
  const engine = useEngine();
  const { shift, held, idle } = useTill("shift", "held", "idle");
  const { run } = useAction();
  const [move, setMove] = useState<CashMove | null>(null);
  const [counting, setCounting] = useState(false);
  const [report, setReport] = useState<ShiftReport | null>(null);
  const [past, setPast] = useState<ShiftReport[] | null>(null);

  useEffect(() => {
    let gone = false;
    void run(() => engine.closedShifts()).then((found) => {
      if (!gone) setPast(found?.value ?? []);
    });
    return () => {
      gone = true;
    };
    // Read again when a shift was closed.
  }, [engine, run, shift?.id]);

  const tile = (label: string, icon: ReactNode, press: () => void) => (
    <Button className="drawer-tile" icon={icon} onClick={press}>
      {label}
    </Button>
  );
  return (
    <div className="page">
      {shift === null ? (
        <OpenShift />
      ) : (
        <>
          <h1>{t("shift.title")}</h1>
          <p className="muted">
            {t("shift.since", { time: format.dateTime(shift.openedAt) })} · {name(shift.openedBy)}
          </p>
          <div className="drawer-tiles">
            {tile(t("shift.cash_in"), <CashInIcon size={28} />, () => {
              setMove("in");
            })}
            {tile(t("shift.cash_out"), <CashOutIcon size={28} />, () => {
              setMove("out");
            })}
            {tile(t("shift.open_drawer"), <DrawerIcon size={28} />, () => {
              setMove("drawer");
            })}
            {tile(t("shift.x_report"), <ReportIcon size={28} />, () => {
              void run(() => engine.shiftReport()).then((found) => {
                if (found !== null) setReport(found.value);
              });
            })}
            {tile(t("shift.close"), <LockIcon size={28} />, () => {
              setCounting(true);
            })}
          </div>
          {!idle && (
            <Notice action={<Button onClick={onSell}>{t("menu.sell")}</Button>}>
              {t("shift.cart_open")}
            </Notice>
          )}
          {held > 0 && <p className="muted">{t("shift.held_left", { count: held })}</p>}
        </>
      )}
      <section className="panel">
        <h2>{t("shift.past")}</h2>
        {past?.length === 0 && <p className="muted">{t("shift.no_past")}</p>}
        {past !== null && past.length > 0 && (
          <ul className="past">
            {past.map((each) => (
              <li key={each.shift.id}>
                <button
                  type="button"
                  className="past__item"
                  onClick={() => {
                    setReport(each);
                  }}
                >
                  <span>{format.dateTime(each.closedAt ?? each.at)}</span>
                  <span className="muted">{name(each.shift.openedBy)}</span>
                  <PastTotal report={each} />
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      {move !== null && (
        <CashDialog
          move={move}
          onClose={() => {
            setMove(null);
          }}
        />
      )}
      {counting && (
        <CountDialog
          onClose={() => {
            setCounting(false);
          }}
          onClosed={(z) => {
            setCounting(false);
            setReport(z);
          }}
        />
      )}
      {report !== null && (
        <ReportDialog
          report={report}
          onClose={() => {
            setReport(null);
          }}
        />
      )}
    </div>
  );
}

function PastTotal({ report: { sales, returns, currency } }: { report: ShiftReport }) {
  const format = useFormats();
  const { identity } = useTill("identity");
  // A Z report hides nothing.
  const net = (sales.total ?? 0) - (returns.total ?? 0);
  return <span className="amount">{format.moneyOf(net, identity?.exponent ?? 3, currency)}</span>;
}
