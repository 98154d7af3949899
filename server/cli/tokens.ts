import { randomBytes } from "node:crypto";
import { ROLES, type Role } from "#server/auth/permissions.ts";
import type { TokenRegister } from "#server/auth/ports.ts";
import { formatToken, hashToken, isInForce, TOKEN_BYTES, type TokenRecord } from "#server/auth/token.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { parseExpiry } from "./expiry.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

export interface NewToken {
  readonly name: string;
  readonly role: string;
  /** `null` = all. */
  readonly sources: readonly string[] | null;
  readonly expires: string;
}

export interface TokenCommands {
  /** Answers the token: it is shown this once, and kept by its hash only. */
  create(wanted: NewToken): { readonly token: string; readonly record: TokenRecord };
  /** A table for people, newest last. */
  list(): string;
  /** By id or, of a token in force, by name. Takes effect in a running console within a second. */
  revoke(idOrName: string): TokenRecord;
}

/**
 * What `worldline token` does, on the file that a running console reads.
 *
 * @param deps.knownSources ids of the configuration; `null` = the demo's, which are not checked
 */
export function createTokenCommands(deps: {
  readonly register: TokenRegister;
  readonly clock: Clock;
  readonly knownSources: readonly string[] | null;
  readonly createId: () => string;
}): TokenCommands {
  const { register, clock, knownSources, createId } = deps;
  return {
    create({ name, role, sources, expires }) {
      if (!NAME.test(name)) throw invalid("--name takes letters, digits and . _ @ -, at most 64");
      const expiresAt = parseExpiry(expires, clock.now());
      if (expiresAt === undefined) throw invalid("--expires takes 30d, 12h, a date ahead, or never");
      const token = formatToken(randomBytes(TOKEN_BYTES));
      const record: TokenRecord = {
        id: createId(),
        name,
        role: toRole(role),
        sources: sources === null ? null : knownOnly(sources, knownSources),
        createdAt: clock.now(),
        expiresAt,
        revokedAt: null,
        hash: hashToken(token),
      };
      register.add(record);
      return { token, record };
    },
    list: () => toTable(register.readAll(), clock),
    revoke(idOrName) {
      const inForce = register.readAll().filter((record) => isInForce(record, clock.now()));
      const found = inForce.find((record) => record.id === idOrName || record.name === idOrName);
      if (found === undefined || !register.revoke(found.id, clock.now())) {
        throw new OpsError("not-found", `No token in force is called ${idOrName}`);
      }
      return found;
    },
  };
}

const invalid = (message: string) => new OpsError("invalid-input", message);

function toRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw invalid(`--role takes ${ROLES.join(", ")}`);
  return role;
}

function knownOnly(sources: readonly string[], known: readonly string[] | null): readonly string[] {
  const unknown = known === null ? [] : sources.filter((source) => !known.includes(source));
  if (unknown.length > 0) throw invalid(`--sources: ${unknown.join(", ")} is not in the configuration`);
  if (sources.length === 0) throw invalid("--sources names none; leave it out for all");
  return sources;
}

function toTable(records: readonly TokenRecord[], clock: Clock): string {
  if (records.length === 0) return "There are no tokens.\n";
  const rows = records.map((record) => [
    record.id,
    record.name,
    record.role,
    record.sources?.join(",") ?? "all",
    toIso(record.createdAt),
    record.expiresAt === null ? "never" : toIso(record.expiresAt),
    stateOf(record, clock),
  ]);
  const table = [["id", "name", "role", "sources", "created", "expires", "state"], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return `${table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")}\n`;
}

function stateOf(record: TokenRecord, clock: Clock): string {
  if (record.revokedAt !== null) return `revoked ${toIso(record.revokedAt)}`;
  return isInForce(record, clock.now()) ? "in force" : "expired";
}
