/** A number pad for fingers. It types into the value it is given; keyboards use the field beside it. */
import { useFormats, useWords } from "../i18n";
import { BackspaceIcon } from "./icons";

export interface KeypadProps {
  value: string;
  onChange: (value: string) => void;
  /** The key beside the zero. */
  extra?: "." | "00" | "-" | null;
  maxLength?: number;
  label: string;
  disabled?: boolean;
}

const ROWS = ["7", "8", "9", "4", "5", "6", "1", "2", "3"];

export function Keypad({
  value,
  onChange,
  extra = null,
  maxLength = 15,
  label,
  disabled = false,
}: KeypadProps) {
  const t = useWords();
  const { inDigits } = useFormats();
  const type = (keys: string) => {
    onChange((value + keys).slice(0, maxLength));
  };
  const key = (keys: string, shown: string) => (
    <button
      key={keys}
      type="button"
      className="keypad__key"
      disabled={disabled}
      // The keyboard has the field: ten more stops on the way to the next control would be a burden.
      tabIndex={-1}
      onPointerDown={keepFocus}
      onClick={() => {
        type(keys);
      }}
    >
      {shown}
    </button>
  );
  return (
    <div className="keypad" role="group" aria-label={label} dir="ltr">
      {ROWS.map((digit) => key(digit, inDigits(digit)))}
      {extra === null ? (
        <span />
      ) : (
        key(extra, extra === "00" ? inDigits("00") : extra === "-" ? "±" : decimalPoint(inDigits))
      )}
      {key("0", inDigits("0"))}
      <button
        type="button"
        className="keypad__key keypad__key--edit"
        disabled={disabled}
        tabIndex={-1}
        aria-label={t("keypad.backspace")}
        onPointerDown={keepFocus}
        onClick={() => {
          onChange(value.slice(0, -1));
        }}
      >
        <BackspaceIcon />
      </button>
    </div>
  );
}

function decimalPoint(inDigits: (text: string) => string): string {
  return inDigits("1") === "1" ? "." : "\u066b";
}

/** A touch on the pad leaves the focus in the field, where the caret and the keyboard are. */
function keepFocus(event: { preventDefault: () => void }): void {
  event.preventDefault();
}
