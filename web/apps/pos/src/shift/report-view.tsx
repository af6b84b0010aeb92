/** The figures of a shift: what was sold, how it was paid, what must be in the drawer, what needs a look. */
import type { ReactNode } from "react";

import type { ShiftReport } from "@octonext/engine/api";

import { useTill } from "../engine";
import { useFormats, useName, useWords } from "../i18n";
import { tenderWords } from "../i18n/refusals";
import { less } from "./report-rows";

export function ReportView({ report }: { report: ShiftReport }) {
  const t = useWords();
  const format = useFormats();
  const name = useName();
  const { identity } = useTill("identity");
  const exponent = identity?.exponent ?? 3;
  const money = (minor: number) => format.money(minor, exponent);
  const shown = (minor: number | null) => (minor === null ? t("report.hidden") : money(minor));
  const count = format.number;
  return (
    <div className="report">
      <Group title={`${t("report.shift")} (${format.currency(report.currency)})`}>
        <Line name={t("report.opened")}>{format.dateTime(report.shift.openedAt)}</Line>
        <Line name={t("report.opened_by")}>
          <bdi>{name(report.shift.openedBy)}</bdi>
        </Line>
        {report.closedAt === null ? (
          <Line name={t("report.printed")}>{format.dateTime(report.at)}</Line>
        ) : (
          <Line name={t("report.closed")}>{format.dateTime(report.closedAt)}</Line>
        )}
      </Group>
      <Group title={t("report.drawer")}>
        <Line name={t("report.opening_float")}>{money(report.openingFloat)}</Line>
        <Line name={t("report.cash_in")}>{money(report.cashIn)}</Line>
        <Line name={t("report.cash_out")}>{money(report.cashOut)}</Line>
        <Line name={t("report.expected")} strong>
          {shown(report.expected)}
        </Line>
        {report.counted !== null && (
          <Line name={t("report.counted")} strong>
            {money(report.counted)}
          </Line>
        )}
        {report.difference !== null && <Difference value={report.difference} money={money} />}
      </Group>
      <Group title={t("report.sales")}>
        <Line name={`${t("report.sales")} (${count(report.sales.count)})`}>{shown(report.sales.total)}</Line>
        <Line name={`${t("report.returns")} (${count(report.returns.count)})`}>
          {shown(less(0, report.returns.total))}
        </Line>
        <Line name={t("report.net")} strong>
          {shown(less(report.sales.total, report.returns.total))}
        </Line>
        <Line name={t("report.tax")}>{shown(less(report.sales.tax, report.returns.tax))}</Line>
        <Line name={t("report.discounts")}>{money(report.sales.discount)}</Line>
        <Line name={t("report.rounding")}>{money(report.rounding)}</Line>
      </Group>
      <Group title={t("report.by_tender")}>
        {report.byTender.map((each) => (
          <Line key={each.tender} name={tenderWords(t, each.tender)}>
            {money(each.sales - each.returns)}
          </Line>
        ))}
      </Group>
      {report.byTax.length > 0 && (
        <Group title={t("report.by_tax")}>
          {report.byTax.map((each) => (
            <Line
              key={`${each.code} ${each.ratePpm}`}
              name={`${each.code} ${format.percent(each.ratePpm)} %`}
            >
              {money(each.tax)} <span className="muted">/ {money(each.net)}</span>
            </Line>
          ))}
        </Group>
      )}
      <Group title={t("report.control")}>
        <Line name={t("report.voided_lines")}>{count(report.voids.lines)}</Line>
        <Line name={t("report.cancelled_carts")}>{count(report.voids.carts)}</Line>
        <Line name={t("report.voided_amount")}>{money(report.voids.amount)}</Line>
        <Line name={t("report.price_overrides")}>{count(report.priceOverrides)}</Line>
        <Line name={t("report.drawer_opens")}>{count(report.drawerOpens)}</Line>
      </Group>
    </div>
  );
}

function Difference({ value, money }: { value: number; money: (minor: number) => string }) {
  const t = useWords();
  const word = value === 0 ? t("report.exact") : value > 0 ? t("report.over") : t("report.short");
  return (
    <Line name={`${t("report.difference")}: ${word}`} strong tone={value === 0 ? "good" : "bad"}>
      {money(value)}
    </Line>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="report__group">
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  );
}

interface LineProps {
  name: string;
  children: ReactNode;
  strong?: boolean;
  tone?: "good" | "bad";
}

function Line({ name, children, strong = false, tone }: LineProps) {
  const classes = ["report__line", strong && "report__line--strong", tone && `report__line--${tone}`];
  return (
    <div className={classes.filter(Boolean).join(" ")}>
      <dt>{name}</dt>
      <dd className="amount">{children}</dd>
    </div>
  );
}
