/** Says that a new version is there; it is applied by a person, and only with an empty cart. */
import { useState } from "react";

import { useWords } from "../i18n";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { useUpdate } from "./updates";

export function UpdateNotice() {
  const t = useWords();
  const { waiting, possible, apply } = useUpdate();
  const [later, setLater] = useState(false);
  if (!waiting || later) return null;
  return (
    <div className="update" role="status">
      <Notice
        action={
          <div className="cluster">
            <Button
              kind="quiet"
              onClick={() => {
                setLater(true);
              }}
            >
              {t("update.later")}
            </Button>
            {possible && (
              <Button kind="primary" onClick={apply}>
                {t("update.apply")}
              </Button>
            )}
          </div>
        }
      >
        {possible ? t("update.ready") : t("update.waits")}
      </Notice>
    </div>
  );
}
