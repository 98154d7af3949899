/** The words of numbers, times and names; one place for screens and BFF. */
export * from "#server/contract/view/words.ts";
