/** The rescue file as a sequence of QR codes, turned by a touch, an arrow, or by itself. */
import { useEffect, useMemo, useState } from "react";

import { useWords } from "../i18n";
import { pathOf, squaresOf } from "../receipts/qr";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { BackIcon, ForwardIcon } from "../ui/icons";

/** Long enough for a camera that looks three times a second. */
const TURNED_EVERY_MS = 1500;

export function RescueQrDialog({ parts, onClose }: { parts: readonly string[]; onClose: () => void }) {
  const t = useWords();
  const [at, setAt] = useState(0);
  const [turning, setTurning] = useState(true);
  const turn = (by: number) => {
    setTurning(false);
    setAt((now) => (now + by + parts.length) % parts.length);
  };
  useEffect(() => {
    if (!turning) return;
    const timer = setInterval(() => {
      setAt((now) => (now + 1) % parts.length);
    }, TURNED_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [turning, parts.length]);
  const squares = useMemo(() => squaresOf(parts[at] ?? ""), [parts, at]);
  const place = { number: at + 1, total: parts.length };
  return (
    <Dialog
      title={t("rescue.qr_title")}
      onClose={onClose}
      footer={
        parts.length > 1 && (
          <>
            <Button
              icon={<BackIcon />}
              onClick={() => {
                turn(-1);
              }}
            >
              {t("rescue.qr_previous")}
            </Button>
            <Button
              kind="primary"
              icon={<ForwardIcon />}
              onClick={() => {
                turn(1);
              }}
            >
              {t("rescue.qr_next")}
            </Button>
          </>
        )
      }
    >
      <p>{t("rescue.qr_hint")}</p>
      <svg
        className="qr"
        viewBox={`0 0 ${squares.size} ${squares.size}`}
        role="img"
        aria-label={t("rescue.qr_image", place)}
        shapeRendering="crispEdges"
      >
        <path className="qr__ground" d={`M0 0h${squares.size}v${squares.size}h-${squares.size}z`} />
        <path className="qr__dark" d={pathOf(squares)} />
      </svg>
      <p className="qr__place">{t("rescue.qr_part", place)}</p>
    </Dialog>
  );
}
