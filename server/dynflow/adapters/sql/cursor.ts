import { PLAN_SORTS, type PlanSort } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { isUuid } from "./ids.ts";

/** A place in an order: the sort value of a row and its id. Holds values, so it outlives the row itself. */
export interface PlanCursor {
  readonly sort: PlanSort;
  /** The sort value as text; `null` = NULL. */
  readonly key: string | null;
  readonly id: string;
  /** True when the row at this very place belongs to the page, too. */
  readonly inclusive: boolean;
}

/** Longer text cannot be a cursor of ours: labels are bounded well below by what people can type. */
const CURSOR_MAX_CHARS = 100_000;

export const encodeCursor = (cursor: PlanCursor): string =>
  Buffer.from(JSON.stringify([cursor.sort, cursor.key, cursor.id, cursor.inclusive])).toString("base64url");

/** @throws OpsError `invalid-input` for anything that is no cursor of this sort order */
export function decodeCursor(text: string, sort: PlanSort): PlanCursor {
  const cursor = text.length > CURSOR_MAX_CHARS ? null : parseCursor(text);
  if (cursor === null) throw new OpsError("invalid-input", "The cursor is none of ours");
  if (cursor.sort !== sort) throw new OpsError("invalid-input", `The cursor is of another order: ${cursor.sort}`);
  return cursor;
}

function parseCursor(text: string): PlanCursor | null {
  const parts = parseJson(Buffer.from(text, "base64url").toString("utf8"));
  if (!Array.isArray(parts) || parts.length !== 4) return null;
  const [sortName, key, id, inclusive] = parts;
  const sort = PLAN_SORTS.find((each) => each === sortName);
  if (sort === undefined || typeof id !== "string" || !isUuid(id) || typeof inclusive !== "boolean") return null;
  return key === null || typeof key === "string" ? { sort, key, id, inclusive } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
