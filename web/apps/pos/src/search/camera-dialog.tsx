/** The camera as a scanner. */
import { useEffect, useRef, useState } from "react";

import { useSellWords } from "../sell/words";
import { Dialog, Notice } from "../ui";
import { firstCode } from "./camera";

export function CameraDialog({ onCode, onClose }: { onCode: (code: string) => void; onClose: () => void }) {
  const t = useSellWords();
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState(false);
  const take = useRef(onCode);
  useEffect(() => {
    take.current = onCode;
  });
  useEffect(() => {
    const stop = new AbortController();
    if (video.current !== null)
      firstCode(video.current, stop.signal).then(
        (code) => {
          if (!stop.signal.aborted) take.current(code);
        },
        () => {
          if (!stop.signal.aborted) setFailed(true);
        },
      );
    return () => {
      stop.abort();
    };
  }, []);
  return (
    <Dialog title={t("camera.title")} onClose={onClose}>
      {failed ? <Notice kind="error">{t("camera.none")}</Notice> : <p>{t("camera.hint")}</p>}
      <video
        ref={video}
        className="camera"
        muted
        playsInline
        aria-label={t("camera.title")}
        hidden={failed}
      />
    </Dialog>
  );
}
