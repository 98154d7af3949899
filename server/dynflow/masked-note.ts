import type { MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";

/** What came of a command, with what its note may quote of an upstream masked. */
export const maskedNote =
  (masks: MaskRules) =>
  <T extends { readonly note: string | null }>(result: T): T =>
    result.note === null ? result : { ...result, note: maskFreeText(masks, result.note) };
