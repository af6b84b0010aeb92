/** Who and which PIN: tiles of the persons known here, a code for anybody else, a pad for fingers. */
import { useEffect, useRef, useState, type ReactNode } from "react";

import type { Person } from "@octonext/engine/api";

import { useName, useWords } from "../i18n";
import { toLatinDigits } from "../i18n/format";
import { Button } from "../ui/button";
import { BackIcon, PersonIcon } from "../ui/icons";
import { Keypad } from "../ui/keypad";
import { Notice } from "../ui/notice";
import { TextField } from "../ui/text-field";

/** As head office gives them: 4 to 8 digits. */
const PIN_LENGTH_MAX = 8;
const CODE_LENGTH_MAX = 32;

export interface CredentialsProps {
  people: readonly Person[];
  /** Chosen from the start: who locked the till comes back first. */
  first?: Person | null;
  submit: string;
  working: string;
  busy: boolean;
  refusal: string | null;
  onSubmit: (code: string, pin: string) => void;
  onTyped?: () => void;
  /** What stands under the choice of persons. */
  note?: ReactNode;
}

export function Credentials(props: CredentialsProps) {
  const { people, first = null, submit, working, busy, refusal, onSubmit, onTyped, note } = props;
  const t = useWords();
  const name = useName();
  const [person, setPerson] = useState<Person | null>(
    first ?? (people.length === 1 ? (people[0] ?? null) : null),
  );
  const [typesCode, setTypesCode] = useState(people.length === 0);
  const [code, setCode] = useState("");
  const [pin, setPin] = useState("");
  const [missing, setMissing] = useState<"code" | "pin" | null>(null);
  const pinField = useRef<HTMLInputElement>(null);
  const asksPin = person !== null || typesCode;

  useEffect(() => {
    if (refusal !== null) pinField.current?.focus();
  }, [refusal]);

  const typePin = (text: string) => {
    setPin(toLatinDigits(text).replaceAll(/\D/g, "").slice(0, PIN_LENGTH_MAX));
    setMissing(null);
    onTyped?.();
  };
  const send = () => {
    if (busy) return;
    const who = person?.code ?? code.trim();
    if (who === "") setMissing("code");
    else if (pin === "") {
      setMissing("pin");
      pinField.current?.focus();
    } else {
      onSubmit(who, pin);
      // After a refusal the PIN is typed anew, whole; until then it stands nowhere.
      setPin("");
    }
  };

  if (!asksPin) {
    return (
      <div className="people">
        <h2 className="people__title">{t("sign_in.who")}</h2>
        <ul className="people__tiles">
          {people.map((each) => (
            <li key={each.id}>
              <button
                type="button"
                className="person"
                onClick={() => {
                  setPerson(each);
                }}
              >
                <Initials name={name(each.name)} />
                <span className="person__text">
                  <span className="person__name">{name(each.name)}</span>
                  <span className="person__role">{t(`role.${each.role}`)}</span>
                </span>
              </button>
            </li>
          ))}
          <li>
            <button
              type="button"
              className="person person--other"
              onClick={() => {
                setTypesCode(true);
              }}
            >
              <span className="person__initials">
                <PersonIcon />
              </span>
              <span className="person__name">{t("sign_in.other")}</span>
            </button>
          </li>
        </ul>
        {note}
      </div>
    );
  }
  return (
    <form
      className="credentials"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        send();
      }}
    >
      <div className="credentials__who">
        {person === null ? (
          <TextField
            label={t("sign_in.code")}
            value={code}
            onChange={(text) => {
              setCode(text.slice(0, CODE_LENGTH_MAX));
              setMissing(null);
              onTyped?.();
            }}
            error={missing === "code" ? t("sign_in.code_missing") : null}
            focused
            latin
            autoCapitalize="characters"
            enterKeyHint="next"
            onKeyDown={(event) => {
              if (event.key === "Enter" && pin === "" && code.trim() !== "") {
                event.preventDefault();
                pinField.current?.focus();
              }
            }}
          />
        ) : (
          <div className="person person--chosen">
            <Initials name={name(person.name)} />
            <span className="person__text">
              <span className="person__name">{name(person.name)}</span>
              <span className="person__role">{t(`role.${person.role}`)}</span>
            </span>
          </div>
        )}
        <TextField
          ref={pinField}
          className="field--secret"
          label={person === null ? t("sign_in.pin") : t("sign_in.pin_of", { name: name(person.name) })}
          value={pin}
          onChange={typePin}
          error={missing === "pin" ? t("sign_in.pin_missing") : null}
          focused={person !== null}
          latin
          // No password field: a browser must not offer to keep a PIN. The dots are CSS.
          type="text"
          inputMode="none"
          enterKeyHint="go"
        />
        {refusal !== null && <Notice kind="error">{refusal}</Notice>}
        {people.length > 0 && (
          <Button
            kind="quiet"
            className="credentials__change"
            icon={<BackIcon />}
            onClick={() => {
              setPerson(null);
              setTypesCode(false);
              setPin("");
              setMissing(null);
              onTyped?.();
            }}
          >
            {t("sign_in.change")}
          </Button>
        )}
        {person === null && note}
      </div>
      <div className="credentials__pad">
        <Keypad
          label={t("keypad.label", { field: t("sign_in.pin") })}
          value={pin}
          onChange={typePin}
          maxLength={PIN_LENGTH_MAX}
        />
        <Button kind="primary" size="large" type="submit" busy={busy}>
          {busy ? working : submit}
        </Button>
      </div>
    </form>
  );
}

function Initials({ name }: { name: string }) {
  const letters = name
    .split(/\s+/u)
    .slice(0, 2)
    // Two Arabic letters would join into one; a thin space keeps them apart.
    // Every other Arabic title begins with the article; the letter after it tells more.
    .map((word) => word.replace(/^ال(?=\p{L}{2})/u, ""))
    .map((word) => (word === "" ? "" : String.fromCodePoint(word.codePointAt(0) ?? 0)))
    .join("\u200a");
  return (
    <span className="person__initials" aria-hidden="true">
      {letters}
    </span>
  );
}
