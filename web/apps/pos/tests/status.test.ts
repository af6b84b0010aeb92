/** The badge tells the truth, and a rescue is scanned whole. */
import { describe, expect, test } from "vitest";

import type { StorageStatus, SyncStatus } from "@octonext/engine/api";

import { ar } from "../src/i18n/ar";
import { en } from "../src/i18n/en";
import { formats, type Language } from "../src/i18n/format";
import { translator } from "../src/i18n/index";
import { badgeText } from "../src/status/badge-text";
import { wholeFile, withCode } from "../src/status/qr-sequence";
import { codeOf } from "../src/enrol/code";
import { memoryState, NOW } from "./memory/state";

const { sync, storage } = memoryState();

function badge(change: Partial<SyncStatus>, language: Language = "en", stored: Partial<StorageStatus> = {}) {
  const format = formats(language, "latin", "Asia/Kuwait");
  const t = translator({ en, ar }, language, format.number);
  return badgeText({ ...sync, ...change }, { ...storage, ...stored }, NOW, t, format);
}

describe("the badge", () => {
  test("says no more than that it is online when all is well", () => {
    const text = badge({});
    expect([text.tone, text.headline, text.detail]).toEqual(["good", "Online", null]);
    expect(text.summary).toBe("Online. Everything is handed over");
  });

  test("says since when it is offline, how much waits and how old the oldest is", () => {
    const text = badge({
      state: "offline",
      since: Date.UTC(2026, 2, 14, 10, 50),
      unsynced: 12,
      oldestUnsyncedAt: NOW - 38 * 60_000,
    });
    expect(text.tone).toBe("warning");
    expect(text.headline).toBe("Offline since 13:50");
    expect(text.detail).toMatch(/^12 not handed over · oldest 38 mins? ago$/u);
  });

  test("says the last error to who listens, as long as it holds", () => {
    const lastError = { code: "unreachable" as const, detail: "", at: NOW };
    expect(badge({ state: "offline", lastError }).summary).toContain(en["sync.error.unreachable"]);
    expect(badge({ state: "online", lastError }).summary).not.toContain(en["sync.error.unreachable"]);
  });

  test("is alarmed when sync stopped or storage is nearly full", () => {
    expect(badge({ state: "stopped" }).tone).toBe("bad");
    const full = badge({}, "en", { level: "critical" });
    expect([full.tone, full.detail]).toEqual(["bad", "Storage is nearly full"]);
    expect(badge({}, "en", { copy: "failing" }).tone).toBe("warning");
  });

  test("says that the clock is wrong from two minutes on", () => {
    expect(badge({ clockOffsetMs: 119_000 }).detail).toBeNull();
    expect(badge({ clockOffsetMs: -180_000 }).detail).toMatch(/^Clock is wrong by 3 mins?$/u);
  });

  test("counts in Arabic as Arabic does", () => {
    expect(badge({ unsynced: 2 }, "ar").detail).toBe("قيدان لم يُرسلا");
    expect(badge({ unsynced: 5 }, "ar").detail).toBe("5 قيود لم تُرسل");
  });
});

describe("scanned rescue codes", () => {
  const codes = [1, 2, 3].map((number) => `ONR1:0A1B2C3D:${number}/3:00000000:PIECE ${number}`);

  test("are a file once all of them were seen, in any order and more than once", () => {
    let sequence = null;
    for (const at of [2, 0, 0, 2]) sequence = withCode(sequence, codes[at] ?? "");
    expect(wholeFile(sequence)).toBeNull();
    sequence = withCode(sequence, codes[1] ?? "");
    const text = new TextDecoder().decode(wholeFile(sequence) ?? new Uint8Array());
    expect(text.split("\n").sort()).toEqual(codes);
  });

  test("of another file begin anew, and other codes change nothing", () => {
    const first = withCode(null, codes[0] ?? "");
    expect(withCode(first, "https://example.org")).toBe(first);
    const other = withCode(first, "ONR1:FFFFFFFF:1/2:00000000:X");
    expect([other?.parts.size, other?.total]).toEqual([1, 2]);
  });
});

test("an enrolment code is read bare or out of an address", () => {
  expect(codeOf(" ABC-123 ")).toBe("ABC-123");
  expect(codeOf("https://till.example/till/?code=ABC%2D123")).toBe("ABC-123");
  expect(codeOf("https://till.example/till/#code=ABC")).toBe("ABC");
});
