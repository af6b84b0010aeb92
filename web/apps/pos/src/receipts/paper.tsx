/** A receipt on screen and in the browser's print: the rows of the model, each in its own language. */
import { memo, useMemo } from "react";

import "./paper.css";
import type { Both } from "./labels";
import { pathOf, squaresOf } from "./qr";
import type { ReceiptRow } from "./rows";

export interface PaperProps {
  rows: readonly ReceiptRow[];
  /** Millimetres. */
  width: 58 | 80;
}

export const Paper = memo(function Paper({ rows, width }: PaperProps) {
  return (
    <div className={`paper paper--${width}`} dir="ltr" lang="en">
      {rows.map((row, at) => (
        // Rows never move: their place is what they are.
        <Row key={at} row={row} />
      ))}
    </div>
  );
});

function Row({ row }: { row: ReceiptRow }) {
  switch (row.kind) {
    case "heading":
    case "title":
    case "mark":
    case "centred":
      return (
        <div className={`paper__${row.kind}`}>
          <Texts en={row.en} ar={row.ar} />
        </div>
      );
    case "pair":
      return (
        <div className={row.strong ? "paper__pair paper__pair--strong" : "paper__pair"}>
          <span>{row.en}</span>
          <span className="paper__value">
            <bdi>{row.value}</bdi>
          </span>
          <Arabic text={row.ar} />
        </div>
      );
    case "item":
      return (
        <div className="paper__item">
          <div className="paper__names">
            <span>{row.en}</span>
            {row.ar !== "" && <Arabic text={row.ar} />}
          </div>
          <div className="paper__amounts">
            <span>{row.detail}</span>
            <span>{row.amount}</span>
          </div>
          {row.note !== null && (
            <div className="paper__note" dir="auto">
              {row.note}
            </div>
          )}
        </div>
      );
    case "columns":
      return (
        <div className={row.head ? "paper__columns paper__columns--head" : "paper__columns"}>
          {row.cells.map((cell, at) => (
            <span key={at}>{cell}</span>
          ))}
        </div>
      );
    case "rule":
      return <div className="paper__rule" />;
    case "qr":
      return <Qr text={row.text} label={row} />;
  }
}

function Qr({ text, label }: { text: string; label: Both }) {
  const squares = useMemo(() => squaresOf(text), [text]);
  return (
    <div className="paper__qr">
      <svg
        viewBox={`0 0 ${squares.size} ${squares.size}`}
        role="img"
        aria-label={`${label.en} ${label.ar}`}
        shapeRendering="crispEdges"
      >
        <path d={pathOf(squares)} fill="currentColor" />
      </svg>
      <div className="paper__caption">
        {label.en} · <Arabic text={label.ar} />
      </div>
    </div>
  );
}

function Texts({ en, ar }: Both) {
  return (
    <>
      {en !== "" && <div>{en}</div>}
      {ar !== "" && ar !== en && (
        <div lang="ar" dir="rtl">
          {ar}
        </div>
      )}
    </>
  );
}

function Arabic({ text }: { text: string }) {
  return (
    <span lang="ar" dir="rtl">
      {text}
    </span>
  );
}
