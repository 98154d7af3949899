/** Addresses of other tools, made of the templates of the configuration and of ids. Pure. */

/** What may stand in braces: see `links` of the configuration. */
export interface LinkValues {
  readonly source?: string;
  readonly planId?: string;
  readonly stepId?: string;
  readonly worldId?: string;
  readonly node?: string;
  readonly actor?: string;
}

const PLACEHOLDER = /\{(source|planId|stepId|worldId|node|actor)\}/g;
/** Stands for any value that is one piece of an address. */
const PLAIN = "x";

/**
 * The address with every value in the place that the template gives it and nowhere else: no value can choose scheme,
 * host, or another path. `null` = a value is missing, or would.
 */
export function outAddress(template: string, values: LinkValues): string | null {
  let missing = false;
  const filled = template.replace(PLACEHOLDER, (_, name: keyof LinkValues) => {
    const value = values[name];
    missing ||= value === undefined || value === "";
    return encodeURIComponent((value ?? "").toWellFormed());
  });
  if (missing) return null;
  const url = URL.parse(filled);
  const meant = URL.parse(template.replace(PLACEHOLDER, PLAIN));
  if (url === null || meant === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.origin !== meant.origin || url.username !== "" || url.password !== "") return null;
  // A value of dots would climb out of its place.
  return url.pathname.split("/").length === meant.pathname.split("/").length ? url.href : null;
}
