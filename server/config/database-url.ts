/** Addresses of Dynflow databases: `postgres://`, `mysql://` or `mariadb://`, `sqlite:///`. */

/** MariaDB is reached like MySQL; `mysql2` is the word of Rails. */
export const isMysqlUrl = (text: string): boolean => /^(mysql2?|mariadb):/.test(text);

/** What is wrong with a database address; `null` = nothing. */
export function judgeDatabaseUrl(text: string): string | null {
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
  const parameter = isMysqlUrl(text) ? mysqlParameterFault(url.searchParams) : null;
  if (parameter !== null) return parameter;
  if (url.hostname === "" && !url.searchParams.has("host")) return "names no host";
  return url.pathname.length > 1 ? null : "names no database";
}

/** The driver would take any of its options from an address; only this one is ours to give away. */
function mysqlParameterFault(parameters: URLSearchParams): string | null {
  for (const [name, value] of parameters) {
    if (name !== "sslmode") return `takes no ${name}: only sslmode`;
    if (!["disable", "require", "verify-full"].includes(value)) return "takes sslmode disable, require or verify-full";
  }
  return null;
}
