/** One of a few: a radio group that looks like a row of buttons. */
import { useId, type ReactNode } from "react";

export interface ChoiceProps<T extends string | number> {
  label: string;
  value: T;
  options: readonly { value: T; label: ReactNode; lang?: string }[];
  onChange: (value: T) => void;
  bare?: boolean;
}

export function Choice<T extends string | number>({
  label,
  value,
  options,
  onChange,
  bare = false,
}: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend className={bare ? "hidden-text" : "field__label"}>{label}</legend>
      <div className="choice__row">
        {options.map((option) => (
          <label key={option.value} className="choice__option" lang={option.lang}>
            <input
              type="radio"
              className="choice__radio"
              name={name}
              checked={option.value === value}
              onChange={() => {
                onChange(option.value);
              }}
            />
            <span className="choice__face">{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
