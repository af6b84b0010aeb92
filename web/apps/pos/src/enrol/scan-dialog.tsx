/** The camera in a dialog, for QR codes. */
import { useEffect, useRef, useState, type ReactNode } from "react";

import { useWords } from "../i18n";
import { Dialog } from "../ui/dialog";
import { Notice } from "../ui/notice";
import { scanQr } from "./scanner";

export interface ScanDialogProps {
  title: string;
  onRead: (text: string) => void;
  onClose: () => void;
  children?: ReactNode;
}

export function ScanDialog({ title, onRead, onClose, children }: ScanDialogProps) {
  const t = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState(false);
  const read = useRef(onRead);
  useEffect(() => {
    read.current = onRead;
  });
  useEffect(() => {
    let stop: (() => void) | null = null;
    let closed = false;
    if (video.current !== null) {
      scanQr(video.current, (text) => {
        if (!closed) read.current(text);
      })
        .then((stopper) => {
          if (closed) stopper();
          else stop = stopper;
        })
        .catch(() => {
          setFailed(true);
        });
    }
    return () => {
      closed = true;
      stop?.();
    };
  }, []);
  return (
    <Dialog title={title} onClose={onClose}>
      {failed ? (
        <Notice kind="error">{t("scanner.no_camera")}</Notice>
      ) : (
        <>
          <video ref={video} className="scanner" muted playsInline aria-label={t("scanner.hint")} />
          {children ?? <p className="muted">{t("scanner.hint")}</p>}
        </>
      )}
    </Dialog>
  );
}
