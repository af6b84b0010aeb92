/** An amount or a quantity, typed by keyboard or by the pad beneath; the value is an integer, never a float. */
import { useEffect, useRef, useState, type ReactNode } from "react";

import { decimalText, toLatinDigits } from "../i18n/format";
import { parseDecimal, useFormats, useWords } from "../i18n";
import { Keypad } from "./keypad";
import { TextField } from "./text-field";

export interface NumberFieldProps {
  label: string;
  /** Minor units or thousandths; null while nothing, or no number, stands there. */
  value: number | null;
  onChange: (value: number | null) => void;
  /** Decimal places: of the currency, 3 of a weight, 0 of pieces. */
  places: number;
  /** What stands before or after the number: a currency, `kg`, `%`. */
  unit?: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  focused?: boolean;
  /** Without the pad: a row of a table, or where a keyboard is certain. */
  padless?: boolean;
  bare?: boolean;
  testId?: string;
  disabled?: boolean;
}

export function NumberField(props: NumberFieldProps) {
  const { label, value, onChange, places, unit, hint, error, focused, padless, bare, testId, disabled } =
    props;
  const t = useWords();
  const { inDigits, digits } = useFormats();
  const [text, setText] = useState(() => asText(value, places));
  // What stands there was not typed: the pad's first key replaces it, as a keyboard's does with what is selected.
  const given = useRef(true);
  // The owner may set another value (exact amount, clear); what is being typed stays as typed.
  useEffect(() => {
    setText((typed) => {
      if (parseDecimal(typed, places) === value) return typed;
      given.current = true;
      return asText(value, places);
    });
  }, [value, places]);

  const type = (typed: string) => {
    const latin = toLatinDigits(typed).replaceAll(/[^\d.,-]/gu, "");
    // A half-typed number (".", "12.") is kept on screen; a letter or a fourth place is not taken.
    if (latin !== "" && latin !== "." && latin !== "-" && parseDecimal(latin, places) === null) return;
    given.current = false;
    setText(latin);
    onChange(parseDecimal(latin, places));
  };
  return (
    <div className={padless === true ? "number-field" : "number-field number-field--pad"}>
      <TextField
        label={label}
        {...(bare === true ? { bare } : {})}
        {...(hint === undefined ? {} : { hint })}
        error={error ?? null}
        focused={focused ?? false}
        disabled={disabled}
        latin
        inputMode={padless === true ? "decimal" : "none"}
        className="field--number"
        value={digits === "arabic" ? inDigits(text).replaceAll(".", "\u066b") : text}
        onChange={type}
        onFocus={(event) => {
          event.target.select();
        }}
        trailing={unit === undefined ? undefined : <span className="field__unit">{unit}</span>}
        data-testid={testId}
      />
      {padless !== true && (
        <Keypad
          label={t("keypad.label", { field: label })}
          value={text}
          onChange={(next) => {
            type(given.current ? next.slice(text.length) : next);
          }}
          extra={places > 0 ? "." : "00"}
          disabled={disabled ?? false}
        />
      )}
    </div>
  );
}

function asText(value: number | null, places: number): string {
  return value === null ? "" : decimalText(value, places).replaceAll(",", "").replace("\u2212", "-");
}

/** An amount of money of this branch. */
export function MoneyPad(props: Omit<NumberFieldProps, "places"> & { exponent: number; currency: string }) {
  const { exponent, currency, ...rest } = props;
  const format = useFormats();
  return <NumberField places={exponent} unit={format.currency(currency)} {...rest} />;
}
