// @vitest-environment jsdom
/** The number pad: fingers and keyboard type the same integer. */
import { act, useEffect, useState } from "react";
import { afterEach, expect, test } from "vitest";

import { PreferencesProvider } from "../src/preferences";
import { MoneyPad } from "../src/ui/number-field";
import { button, close, press, render, type } from "./page";

let value: number | null = null;

function Owner({ exponent }: { exponent: number }) {
  const [amount, setAmount] = useState<number | null>(null);
  useEffect(() => {
    value = amount;
  }, [amount]);
  return (
    <PreferencesProvider>
      <MoneyPad
        label="Amount"
        currency="KWD"
        exponent={exponent}
        value={amount}
        onChange={setAmount}
        focused
      />
      <button
        type="button"
        onClick={() => {
          setAmount(5000);
        }}
      >
        Exact
      </button>
    </PreferencesProvider>
  );
}

async function open(exponent = 3, digits = "latin"): Promise<HTMLInputElement> {
  localStorage.setItem("octonext.preferences", JSON.stringify({ language: "en", digits }));
  await render(<Owner exponent={exponent} />);
  const field = document.querySelector("input");
  if (field === null) throw new Error("no field");
  return field;
}

afterEach(close);

test("touched keys make an amount", async () => {
  const field = await open();
  for (const key of ["1", "2", ".", "2", "5"]) await press(key);
  expect([field.value, value]).toEqual(["12.25", 12_250]);
  await press("Delete last digit");
  expect(value).toBe(12_200);
});

test("a fourth place and a letter are not taken", async () => {
  const field = await open();
  await type("1.234");
  await type("1.2345");
  expect([field.value, value]).toEqual(["1.234", 1234]);
  await type("1.2x");
  expect(value).toBe(1200);
});

test("Arabic-Indic digits typed or preferred are the same amount", async () => {
  const field = await open(3, "arabic");
  await type("١٢٫٥");
  expect([field.value, value]).toEqual(["١٢٫٥", 12_500]);
  expect(button("٧")).toBeDefined();
});

test("a currency without places has a double zero in the place of the point", async () => {
  await open(0);
  await press("7");
  await press("00");
  expect(value).toBe(700);
});

test("an amount that its owner sets is shown", async () => {
  const field = await open();
  await type("1");
  await act(async () => {
    await press("Exact");
  });
  expect(field.value).toBe("5.000");
});
