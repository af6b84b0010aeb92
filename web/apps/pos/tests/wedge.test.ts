/** A scanner's burst is a scan wherever the focus is; a person's typing never is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GAP_MS_MAX, LENGTH_MAX, MEAN_MS_MAX, Wedge, type WedgeAnswer } from "../src/sell/wedge";

function typed(wedge: Wedge, text: string, gap: number, start = 0): WedgeAnswer {
  let at = start;
  for (const key of text) {
    expect(wedge.press({ key, at })).toEqual({ kind: "pass" });
    at += gap;
  }
  return wedge.press({ key: "Enter", at });
}

describe("a scanner", () => {
  it("is recognised by its pace and its Enter", () => {
    expect(typed(new Wedge(), "6281007042017", 8)).toEqual({ kind: "scan", code: "6281007042017" });
  });

  it("is recognised with capitals, whose Shift arrives as a key of its own", () => {
    const wedge = new Wedge();
    let at = 0;
    for (const key of ["Shift", "K", "Shift", "W", "0", "1"]) wedge.press({ key, at: (at += 5) });
    expect(wedge.press({ key: "Enter", at: at + 5 })).toEqual({ kind: "scan", code: "KW01" });
  });

  it("is recognised although a busy machine delayed one key", () => {
    const wedge = new Wedge();
    let at = 0;
    for (const [place, key] of Array.from("6281007042017").entries())
      wedge.press({ key, at: (at += place === 6 ? GAP_MS_MAX : 8) });
    expect(wedge.press({ key: "Enter", at: at + 8 })).toEqual({ kind: "scan", code: "6281007042017" });
  });

  it("keeps GS1's separator", () => {
    const wedge = new Wedge();
    let at = 0;
    for (const key of "10AB") wedge.press({ key, at: (at += 5) });
    wedge.press({ key: "]", ctrl: true, at: (at += 5) });
    for (const key of "17") wedge.press({ key, at: (at += 5) });
    expect(wedge.press({ key: "Enter", at: at + 5 })).toMatchObject({ code: "10AB\u001d17" });
  });

  it("is read alike where the machine is set to Arabic", () => {
    const wedge = new Wedge();
    let at = 0;
    const keys = [
      { key: "\u0646", code: "KeyK" },
      { key: "\u0635", code: "KeyW" },
      { key: "\u0660", code: "Digit0" },
      { key: "1", code: "Digit1" },
      { key: "-", code: "Minus" },
    ];
    for (const key of keys) wedge.press({ ...key, at: (at += 5) });
    expect(wedge.press({ key: "Enter", at: at + 5 })).toEqual({ kind: "scan", code: "KW01-" });
  });

  it("starts afresh after what a person typed before it", () => {
    const wedge = new Wedge();
    wedge.press({ key: "m", at: 0 });
    wedge.press({ key: "i", at: 200 });
    expect(typed(wedge, "96385074", 6, 500)).toMatchObject({ code: "96385074" });
  });

  it("cannot grow without end when a key is stuck", () => {
    const answer = typed(new Wedge(), "1".repeat(LENGTH_MAX * 2 + 10), 1);
    expect(answer.kind === "scan" && answer.code.length <= LENGTH_MAX).toBe(true);
  });
});

describe("a person", () => {
  it("is never taken for a scanner, whatever they type at hand speed", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(...Array.from("0123456789abcxyz")),
            fc.integer({ min: MEAN_MS_MAX + 1, max: 900 }),
          ),
          { maxLength: 40 },
        ),
        (keys) => {
          const wedge = new Wedge();
          let at = 0;
          for (const [key, gap] of keys) expect(wedge.press({ key, at: (at += gap) }).kind).toBe("pass");
          expect(wedge.press({ key: "Enter", at: at + MEAN_MS_MAX + 1 }).kind).toBe("pass");
        },
      ),
    );
  });

  it("pressing Enter after two quick keys only presses Enter", () => {
    expect(typed(new Wedge(), "12", 5)).toEqual({ kind: "pass" });
  });

  it("using shortcuts breaks a burst", () => {
    const wedge = new Wedge();
    for (const [at, key] of Array.from("1234").entries()) wedge.press({ key, at });
    wedge.press({ key: "F4", at: 5 });
    expect(wedge.press({ key: "Enter", at: 6 })).toEqual({ kind: "pass" });
  });
});
