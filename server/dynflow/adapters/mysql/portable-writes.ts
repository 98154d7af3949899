/**
 * The writes of this project end with RETURNING and say ON CONFLICT, which MySQL has no words for (MariaDB has some).
 * Here each is put as MySQL wants it, and what RETURNING would have told is made up from what the server counts: so many
 * rows, and for an INSERT the id it gave.
 *
 * Only text that we wrote comes here; what comes from outside is a parameter. A statement that wants more from RETURNING
 * than `id` or how many rows there were is refused, rather than answered with less.
 */
import { OpsError } from "#server/kernel/errors.ts";

const VERB = /^\s*(insert|update|delete)\b/i;
const RETURNING = /\s+returning\s+([\w`,\s]+?)\s*$/i;
const DO_NOTHING = /\s+on\s+conflict\s*\([^)]*\)\s*do\s+nothing\b/i;
const DO_UPDATE = /\s+on\s+conflict\s*\([^)]*\)\s*do\s+update\s+set\b/i;
const EXCLUDED = /\bexcluded\.(\w+)/gi;
/** Columns whose value in each row nobody reads: that a row came back is what counts. */
const COUNTED: ReadonlySet<string> = new Set(["id", "execution_plan_uuid", "uuid", "class"]);

export interface PortedWrite {
  readonly sql: string;
  /** How rows are made up from what the server counted; `null` = as the server tells. */
  readonly rows: "inserted" | "counted" | null;
}

/** `null` for a statement that needs nothing. @throws OpsError `invalid-input` for one that cannot be put */
export function portWrite(text: string): PortedWrite | null {
  const verb = VERB.exec(text)?.[1]?.toLowerCase();
  if (verb === undefined) return null;
  const returning = RETURNING.exec(text);
  if (returning !== null) refuseUncounted(returning[1] ?? "");
  const ported = conflictsPorted(returning === null ? text : text.slice(0, returning.index));
  return { sql: ported, rows: returning === null ? null : verb === "insert" ? "inserted" : "counted" };
}

function refuseUncounted(columns: string): void {
  const names = columns.split(",").map((name) => name.replaceAll("`", "").trim());
  const told = names.find((name) => !COUNTED.has(name));
  if (told !== undefined) throw new OpsError("invalid-input", `MySQL cannot return ${told} of what it writes`);
}

function conflictsPorted(text: string): string {
  if (DO_NOTHING.test(text)) return text.replace(DO_NOTHING, "").replace(VERB, "insert ignore");
  return text.replace(DO_UPDATE, " on duplicate key update").replace(EXCLUDED, "values($1)");
}

/** What RETURNING would have told. */
export function rowsOf(
  kind: "inserted" | "counted",
  { affectedRows, insertId }: { readonly affectedRows: number; readonly insertId: number },
): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: affectedRows }, (_, index) => (kind === "inserted" ? { id: insertId + index } : {}));
}
