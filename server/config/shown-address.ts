import { MASKED_SECRET } from "./secret.ts";

/** Parameters of a database's address that say where it is or how it is reached, and nothing else. */
const SHOWN_PARAMETERS: ReadonlySet<string> = new Set(["sslmode", "host", "port"]);

/**
 * An address without whoever logs in and without values that may be secrets.
 *
 * @param hidesPath of a webhook, whose path may be the secret
 */
export function shownAddress(text: string, hidesPath = false): string {
  const url = URL.parse(text);
  if (url === null) return MASKED_SECRET;
  const user = url.username === "" && url.password === "" ? "" : `${MASKED_SECRET}@`;
  const place = `${url.protocol}//${user}${url.host}`;
  if (hidesPath) return url.pathname.length <= 1 && url.search === "" ? place : `${place}/${MASKED_SECRET}`;
  const parameters = [...url.searchParams].map(
    ([name, value]) => `${name}=${SHOWN_PARAMETERS.has(name) ? value : MASKED_SECRET}`,
  );
  return `${place}${url.pathname}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
}
