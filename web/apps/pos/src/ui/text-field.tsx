/** A labelled text field with a hint and an error that screen readers hear. */
import { useEffect, useId, useRef, type InputHTMLAttributes, type ReactNode, type Ref } from "react";

export interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | null;
  /** The label is for screen readers only. */
  bare?: boolean;
  /** Codes, numbers and addresses of the Latin script, whatever the language around. */
  latin?: boolean;
  /** Has the focus as soon as it is there. */
  focused?: boolean;
  trailing?: ReactNode;
  ref?: Ref<HTMLInputElement>;
}

export function TextField({
  label,
  value,
  onChange,
  hint,
  error,
  bare = false,
  latin = false,
  focused = false,
  trailing,
  className,
  ref,
  ...rest
}: TextFieldProps) {
  const id = useId();
  const own = useRef<HTMLInputElement | null>(null);
  useEffect(() => {
    if (focused) own.current?.focus();
  }, [focused]);
  const described = [
    hint === undefined ? null : `${id}-hint`,
    error === undefined || error === null ? null : `${id}-error`,
  ].filter((each) => each !== null);
  return (
    <div className={["field", className].filter(Boolean).join(" ")}>
      <label className={bare ? "hidden-text" : "field__label"} htmlFor={id}>
        {label}
      </label>
      <div className="field__row">
        <input
          id={id}
          ref={(element) => {
            own.current = element;
            if (typeof ref === "function") ref(element);
            else if (ref) ref.current = element;
          }}
          className="field__input"
          value={value}
          dir={latin ? "ltr" : "auto"}
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          aria-invalid={error === undefined || error === null ? undefined : true}
          aria-describedby={described.length === 0 ? undefined : described.join(" ")}
          onChange={(event) => {
            onChange(event.target.value);
          }}
          {...rest}
        />
        {trailing}
      </div>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="field__hint">
          {hint}
        </p>
      )}
      {error !== undefined && error !== null && (
        <p id={`${id}-error`} className="field__error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
