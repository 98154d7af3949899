/** `/api/journal/export`: the journal as a file, as fast as it is taken. */
import type { ServerResponse } from "node:http";
import { promises, Readable } from "node:stream";
import type { Caller } from "#server/auth/caller.ts";
import { can, refusalOf } from "#server/auth/permissions.ts";
import { type ExportInput, exportInput } from "#server/contract/wire/journal.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Services } from "#server/trpc/services.ts";
import { answerText } from "./answer.ts";

const CONTENT_TYPE = { jsonl: "application/x-ndjson; charset=utf-8", csv: "text/csv; charset=utf-8; header=present" };

/** What one export takes; 400 names what is wrong with it. */
export async function answerExport(
  response: ServerResponse,
  {
    caller,
    target,
    journal,
    log,
  }: {
    readonly caller: Caller;
    /** Path and query as asked for. */
    readonly target: string;
    readonly journal: Pick<Services["journal"], "export">;
    readonly log: Logger;
  },
): Promise<void> {
  if (!can(caller.principal, "journal:read")) return answerText(response, 403, refusalOf("journal:read"));
  const input = parseQuery(target);
  if ("fault" in input) return answerText(response, 400, input.fault);
  return sendFile(response, {
    pieces: journal.export(caller, input),
    type: CONTENT_TYPE[input.format],
    name: `worldline-journal.${input.format}`,
    onFailed: (cause) => log.warn("journal.export.failed", { cause }),
  });
}

interface FileAnswer {
  readonly pieces: AsyncIterable<string>;
  readonly type: string;
  readonly name: string;
  readonly onFailed: (cause: string) => void;
}

/** A file as fast as it is taken. What is refused before the first piece is answered with its status. */
export async function sendFile(response: ServerResponse, file: FileAnswer): Promise<void> {
  const pieces = file.pieces[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    response.statusCode = 200;
    response.setHeader("content-type", file.type);
    response.setHeader("content-disposition", `attachment; filename="${file.name}"`);
    await promises.pipeline(Readable.from(joined(first, pieces)), response);
  } catch (cause) {
    // A file that broke off has no end that says so: the connection is cut, and whoever reads it is told.
    file.onFailed(messageOf(cause));
    if (response.headersSent) response.destroy();
    else answerText(response, statusOf(cause), cause instanceof OpsError ? cause.message : "The export failed");
  }
}

/** When its reader goes, what makes the pieces is told so. */
async function* joined(first: IteratorResult<string>, rest: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    for (let piece = first; piece.done !== true; piece = await rest.next()) if (piece.value !== "") yield piece.value;
  } finally {
    await rest.return?.();
  }
}

function statusOf(cause: unknown): number {
  if (!(cause instanceof OpsError)) return 500;
  if (cause.code === "not-found") return 404;
  return cause.code === "invalid-input" ? 400 : 503;
}

const SINGLE = ["format", "subject", "from", "to", "user", "action"] as const;

function parseQuery(target: string): ExportInput | { readonly fault: string } {
  const query = new URL(target, "http://console").searchParams;
  const known: readonly string[] = [...SINGLE, "stream", "kind"];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    return { fault: `There is no parameter ${unknown.slice(0, 100)}; there are ${known.join(", ")}` };
  const repeated = SINGLE.find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return { fault: `${repeated} is given more than once` };
  const singles = SINGLE.flatMap((name) => (query.has(name) ? [[name, query.get(name)]] : []));
  const parsed = exportInput.safeParse({
    ...Object.fromEntries(singles),
    streams: query.getAll("stream"),
    kinds: query.getAll("kind"),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}` };
}
