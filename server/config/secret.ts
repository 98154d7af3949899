/**
 * A secret of the configuration. It shows itself to nobody who prints, logs or serialises it; `reveal()` is the one
 * way to the text, called where a connection is made.
 */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

/** What stands for a secret wherever the configuration is shown. */
export const MASKED_SECRET = "(hidden)";

export function createSecret(text: string): Secret {
  const shown = () => MASKED_SECRET;
  return Object.freeze({
    reveal: () => text,
    toString: shown,
    toJSON: shown,
    [Symbol.for("nodejs.util.inspect.custom")]: shown,
  });
}
