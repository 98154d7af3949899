/** Stands where a viewer may not read. */
export const MASKED_TEXT = "hidden from viewers";
