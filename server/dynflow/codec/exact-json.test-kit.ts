/** JSON as `JSON.parse` reads it, but integers beyond 2^53 keep their digits, as `{"$int": "…"}`. */
export const parseExactly = (text: string): unknown =>
  JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || !/^-?[0-9]+$/.test(source)) return value;
    return Number.isSafeInteger(value) ? value : { $int: source };
  });
