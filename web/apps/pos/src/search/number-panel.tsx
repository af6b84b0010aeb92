/** Digits for fingers on the sell screen: a code to find, or the quantity of the chosen line. */
import { useState } from "react";

import { useEngine } from "../engine";
import { parseDecimal, useFormats, useName, toLatinDigits } from "../i18n";
import { useSelling } from "../sell/selling";
import { useSellWords } from "../sell/words";
import { Button, Keypad, TextField } from "../ui";

/** The longest code that anybody types by hand: GS1-128 with its brackets left out. */
const CODE_MAX = 48;

export function NumberPanel() {
  const { cart, selected, change, scan } = useSelling();
  const engine = useEngine();
  const { inDigits } = useFormats();
  const name = useName();
  const t = useSellWords();
  const [text, setText] = useState("");
  const line = cart.lines.find((each) => each.key === selected && each.kind === "sale");
  const quantity = parseDecimal(text, 3);
  // Thirteen digits are a code that was meant to be found, not a quantity.
  const fits =
    line !== undefined &&
    quantity !== null &&
    quantity > 0 &&
    quantity < 10_000_000 &&
    (line.unit === "kg" || quantity % 1000 === 0);
  const find = () => {
    if (text === "") return;
    setText("");
    void scan(text);
  };
  const set = async () => {
    if (line === undefined || quantity === null) return;
    if (await change((approval) => engine.setQuantity({ lineKey: line.key, quantity, ...approval })))
      setText("");
  };
  return (
    <form
      className="pad"
      onSubmit={(event) => {
        event.preventDefault();
        find();
      }}
    >
      <TextField
        label={t("pad.entry")}
        value={inDigits(text)}
        onChange={(next) => {
          setText(toLatinDigits(next).slice(0, CODE_MAX));
        }}
        latin
        inputMode="none"
        className="field--number"
        hint={line === undefined ? t("pad.no_line") : t("pad.quantity_of", { name: name(line.name) })}
      />
      <Keypad label={t("search.pad")} value={text} onChange={setText} extra="." maxLength={CODE_MAX} />
      <div className="pad__do">
        <Button kind="primary" type="submit" disabled={text === ""}>
          {t("pad.find")}
        </Button>
        <Button disabled={!fits} onClick={() => void set()}>
          {t("pad.quantity")}
        </Button>
      </div>
    </form>
  );
}
