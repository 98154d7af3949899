/** `/api/plans/export`: a list of plans as a file, as fast as it is taken. */
import type { ServerResponse } from "node:http";
import type { Caller } from "#server/auth/caller.ts";
import { can, refusalOf } from "#server/auth/permissions.ts";
import { type PlansExportInput, plansExportInput } from "#server/contract/wire/dynflow-export.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Services } from "#server/trpc/services.ts";
import { answerText } from "./answer.ts";
import { sendFile } from "./export.ts";

const CONTENT_TYPE = {
  csv: "text/csv; charset=utf-8; header=present",
  json: "application/json; charset=utf-8",
} as const;

/** What one export takes: `filter` is JSON, as the list's own procedure takes it. 400 names what is wrong. */
export async function answerPlansExport(
  response: ServerResponse,
  asked: {
    readonly caller: Caller;
    /** Path and query as asked for. */
    readonly target: string;
    readonly plans: Pick<Services["dynflowList"], "export">;
    readonly log: Logger;
  },
): Promise<void> {
  const { caller, target, plans, log } = asked;
  if (!can(caller.principal, "plans:read")) return answerText(response, 403, refusalOf("plans:read"));
  const input = parseQuery(target);
  if ("fault" in input) return answerText(response, 400, input.fault);
  return sendFile(response, {
    pieces: plans.export(caller, input),
    type: CONTENT_TYPE[input.format],
    name: `worldline-plans.${input.format}`,
    onFailed: (cause) => log.warn("plans.export.failed", { cause }),
  });
}

const KNOWN = ["source", "format", "filter", "sort", "descending"] as const;

function parseQuery(target: string): PlansExportInput | { readonly fault: string } {
  const query = new URL(target, "http://console").searchParams;
  const known: readonly string[] = KNOWN;
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    return { fault: `There is no parameter ${unknown.slice(0, 100)}; there are ${known.join(", ")}` };
  const repeated = KNOWN.find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return { fault: `${repeated} is given more than once` };
  const filter = parseJson(query.get("filter"));
  if (filter === INVALID) return { fault: "filter: no JSON" };
  const descending = query.get("descending");
  const parsed = plansExportInput.safeParse({
    source: query.get("source"),
    format: query.get("format"),
    ...(filter === undefined ? {} : { filter }),
    ...(query.has("sort") ? { sort: query.get("sort") } : {}),
    ...(descending === null ? {} : { descending: descending === "true" }),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}` };
}

const INVALID = Symbol("no JSON");

function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return INVALID;
  }
}
