/** Addresses of Dynflow databases: `postgres://`, `mysql://` or `mariadb://`, `sqlite:///`. */

/** MariaDB is reached like MySQL; `mysql2` is the word of Rails. */
export const isMysqlUrl = (text: string): boolean => /^(mysql2?|mariadb):/.test(text);

/** `sslmode=verify-full` in an address: all that it may say of TLS, and the same as `tls: true`. */
export const asksForTls = (text: string): boolean => URL.parse(text)?.searchParams.get("sslmode") === "verify-full";

/**
 * What is wrong with a database address; `null` = nothing.
 *
 * @param tls what stands beside it, if anything does: then the address has no word in it
 */
export function judgeDatabaseUrl(text: string, tls?: unknown): string | null {
  if (text.startsWith("sqlite:")) {
    return /^sqlite:\/\/\/[^?#]+$/.test(text) ? null : "must be sqlite:/// and an absolute path";
  }
  const url = URL.parse(text);
  if (url === null || !/^(postgres(ql)?|mysql2?|mariadb):$/.test(url.protocol)) {
    return "must begin with postgres://, mysql://, mariadb:// or sqlite:///";
  }
  if (url.password !== "" || [...url.searchParams.keys()].some((key) => /pass/i.test(key))) {
    return "must not hold a password: use passwordEnv or passwordFile";
  }
  const parameter =
    tlsParameterFault(url.searchParams, tls) ?? (isMysqlUrl(text) ? mysqlParameterFault(url.searchParams) : null);
  if (parameter !== null) return parameter;
  if (url.hostname === "" && !url.searchParams.has("host")) return "names no host";
  return url.pathname.length > 1 ? null : "names no database";
}

/** Modes that encrypt, perhaps, and do not check whom they speak to. */
const WEAK_MODES = ["allow", "prefer", "require", "verify-ca", "no-verify"];

/** What an address says of TLS would win over `tls` in the driver, or weaken it unseen. */
function tlsParameterFault(parameters: URLSearchParams, tls: unknown): string | null {
  for (const [name, value] of parameters) {
    if (!/^(ssl|uselibpqcompat)/i.test(name)) continue;
    if (tls !== undefined) return `must not hold ${name}: tls beside it says how it is encrypted`;
    if (name !== "sslmode") return `takes no ${name}: use tls`;
    if (WEAK_MODES.includes(value)) {
      return `has sslmode=${value}, which does not check whom it speaks to: use tls, or sslmode=verify-full`;
    }
    if (value !== "disable" && value !== "verify-full") return "takes sslmode disable or verify-full, and more by tls";
  }
  return null;
}

/** The driver would take any of its options from an address; none but that of TLS is ours to give away. */
function mysqlParameterFault(parameters: URLSearchParams): string | null {
  const other = [...parameters.keys()].find((name) => name !== "sslmode");
  return other === undefined ? null : `takes no ${other}: only sslmode`;
}
