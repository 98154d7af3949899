import { expect, it } from "vitest";
import { maskRulesOf } from "#server/contract/mask-rules.ts";
import { maskedNote } from "./masked-note.ts";

it("masks what a note quotes, and leaves all else of what came of a command", () => {
  const shown = maskedNote(maskRulesOf(["pin"]));
  expect(shown({ journalId: "j", note: "Failed: pin=1234 refused" })).toEqual({
    journalId: "j",
    note: "Failed: pin=•••• refused",
  });
  const nothing = { note: null };
  expect(shown(nothing)).toBe(nothing);
});
