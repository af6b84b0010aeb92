/** As-you-type search shows the answer to what stands in the field, and asks no faster than it is answered. */
import { describe, expect, it } from "vitest";
import { Latest } from "../src/search/latest";

function desk() {
  const asked: string[] = [];
  const told: string[] = [];
  const failed: unknown[] = [];
  const answers: { resolve: (text: string) => void; reject: (error: unknown) => void }[] = [];
  const latest = new Latest<string, string>(
    (question) => {
      asked.push(question);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
    (answer) => told.push(answer),
    (error) => failed.push(error),
  );
  return { latest, asked, told, failed, answers };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("typing faster than the engine answers", () => {
  it("asks for the first and the last, and shows only the last", async () => {
    const { latest, asked, told, answers } = desk();
    for (const text of ["m", "mi", "mil", "milk"]) latest.put(text);
    expect(asked).toEqual(["m"]);
    answers[0]?.resolve("answer to m");
    await settled();
    expect(asked).toEqual(["m", "milk"]);
    expect(told).toEqual([]);
    answers[1]?.resolve("answer to milk");
    await settled();
    expect(told).toEqual(["answer to milk"]);
  });
});

it("an answer that comes after the field was cleared is dropped", async () => {
  const { latest, told, answers } = desk();
  latest.put("milk");
  latest.forget();
  answers[0]?.resolve("answer to milk");
  await settled();
  expect(told).toEqual([]);
});

it("a failure is told once and does not stop the next question", async () => {
  const { latest, asked, told, failed, answers } = desk();
  latest.put("milk");
  answers[0]?.reject(new Error("away"));
  await settled();
  latest.put("bread");
  answers[1]?.resolve("answer to bread");
  await settled();
  expect([asked, told, failed]).toEqual([["milk", "bread"], ["answer to bread"], [new Error("away")]]);
});
