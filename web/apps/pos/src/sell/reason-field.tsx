/** Why something is done: one touch for the usual reasons, words of one's own for the rest. */
import { TextField } from "../ui";
import { useSellWords } from "./words";

export type ReasonSet = "remove" | "price" | "discount" | "cancel" | "return" | "drawer" | "void";

const REASONS = {
  remove: ["mistake", "changed_mind", "too_expensive", "damaged"],
  price: ["shelf_price", "damaged", "expiring", "promotion"],
  discount: ["damaged", "expiring", "loyal", "staff", "promotion"],
  cancel: ["changed_mind", "mistake", "too_expensive"],
  return: ["faulty", "wrong_size", "wrong_item", "changed_mind"],
  drawer: ["change_money", "check"],
  void: ["mistake", "changed_mind", "wrong_payment"],
} as const satisfies Record<ReasonSet, readonly string[]>;

export interface ReasonFieldProps {
  set: ReasonSet;
  value: string;
  onChange: (reason: string) => void;
  error?: string | null;
}

export function ReasonField({ set, value, onChange, error }: ReasonFieldProps) {
  const t = useSellWords();
  return (
    <div className="reasons">
      <div className="reasons__row" role="group" aria-label={t("reason.label")}>
        {REASONS[set].map((each) => {
          const text = t(`reason.${each}`);
          return (
            <button
              key={each}
              type="button"
              className={text === value ? "chip chip--on" : "chip"}
              aria-pressed={text === value}
              onClick={() => {
                onChange(text === value ? "" : text);
              }}
            >
              {text}
            </button>
          );
        })}
      </div>
      <TextField
        label={t("reason.label")}
        value={value}
        onChange={onChange}
        maxLength={REASON_MAX}
        error={error ?? null}
      />
    </div>
  );
}

/** What a journal entry takes. */
export const REASON_MAX = 200;
