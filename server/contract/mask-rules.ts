/** The `masks` of the configuration as rules that can be applied. */

/** Keys that contain one of these words, in any case, hold what is masked. */
export interface MaskRules {
  readonly patterns: readonly string[];
  /** Finds the words in a text: global, any case. */
  readonly words: RegExp;
  /** The same, for asking whether there is one. */
  readonly word: RegExp;
  /** Whether a text holds anything that could be hidden: asked first, as most hold nothing. */
  readonly maybe: RegExp;
}

/** What is masked when the configuration says nothing. */
export const DEFAULT_MASKS = ["password", "secret", "token"] as const;

/** Matches nothing, anywhere. */
const NEVER = "(?!)";

/** Longer patterns first, so that a word is matched whole. */
export function maskRulesOf(patterns: readonly string[]): MaskRules {
  const words = patterns.filter((word) => word !== "").toSorted((a, b) => b.length - a.length);
  const source = words.length === 0 ? NEVER : words.map(literally).join("|");
  return {
    patterns: [...patterns],
    words: new RegExp(source, "giu"),
    word: new RegExp(source, "iu"),
    maybe: new RegExp(`${source}|\\/\\/|bearer|basic`, "iu"),
  };
}

const literally = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");

export const DEFAULT_MASK_RULES: MaskRules = maskRulesOf(DEFAULT_MASKS);

export const isMaskedKey = (rules: MaskRules, key: string): boolean => rules.word.test(key);
