/** Whose till this is: the mark, the branch and the till's code. */
import { useTill } from "../engine";
import { useName, useWords } from "../i18n";
import { Mark } from "./mark";

export function Brand({ size }: { size: number }) {
  const t = useWords();
  const name = useName();
  const { identity } = useTill("identity");
  return (
    <div className="brand">
      <Mark size={size} />
      <div className="brand__text">
        <strong className="brand__name">{identity === null ? "OctoNext" : name(identity.branchName)}</strong>
        {identity !== null && (
          <span className="brand__detail">{t("bar.till", { code: identity.deviceCode })}</span>
        )}
      </div>
    </div>
  );
}
