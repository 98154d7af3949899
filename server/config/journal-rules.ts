import type { ShapeFault } from "./issues.ts";

const SCYLLA_REQUIRED: Readonly<Record<string, string>> = {
  contactPoints: "a list of text",
  localDataCenter: "text",
  keyspace: "text",
};
const SCYLLA_ONLY = [...Object.keys(SCYLLA_REQUIRED), "replication", "username", "passwordEnv", "passwordFile", "tls"];

/**
 * Which keys belong to which store. What is judged is what was written, so that a key that is faulty in itself does not
 * count as missing too.
 */
export function journalStoreFaults({
  journalGiven: given,
}: {
  readonly journalGiven: Readonly<Record<string, unknown>>;
}): readonly ShapeFault[] {
  const store = given.store ?? "sqlite";
  if (store === "scylla") return [...missingOf(given), ...loginFaults(given)];
  if (store !== "sqlite") return [];
  return SCYLLA_ONLY.filter((key) => has(given, key)).map((key) => ({
    path: ["journal", key],
    message: "belongs to store: scylla; this journal is kept in files of this machine",
  }));
}

/** Also a key with nothing behind it was given: that it is empty is said by its shape. */
const has = (given: Readonly<Record<string, unknown>>, key: string): boolean => Object.hasOwn(given, key);

function missingOf(given: Readonly<Record<string, unknown>>): readonly ShapeFault[] {
  const faults = Object.entries(SCYLLA_REQUIRED)
    .filter(([key]) => !has(given, key))
    .map(([key, what]) => ({ path: ["journal", key], message: `is missing: store: scylla needs ${what}` }));
  if (has(given, "keyEnv") || has(given, "keyFile")) return faults;
  const message = "is missing: store: scylla needs keyFile or keyEnv, the same key on every console";
  return [...faults, { path: ["journal", "keyFile"], message }];
}

function loginFaults(given: Readonly<Record<string, unknown>>): readonly ShapeFault[] {
  const secrets = ["passwordEnv", "passwordFile"].filter((key) => has(given, key)).length;
  if (secrets === 2)
    return [{ path: ["journal", "passwordFile"], message: "give passwordEnv or passwordFile, not both" }];
  const isNamed = has(given, "username");
  if (secrets === 1 && !isNamed) return [{ path: ["journal"], message: "has a password and no username" }];
  return secrets === 0 && isNamed
    ? [{ path: ["journal", "username"], message: "needs passwordEnv or passwordFile" }]
    : [];
}
