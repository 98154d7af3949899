import { z } from "zod";
import { appRouter } from "#server/trpc/root.ts";

/** What tRPC keeps of a procedure, as far as the document needs it. */
interface ProcedureFacts {
  readonly type: string;
  readonly meta?: { readonly permission: string };
  readonly inputs: readonly z.ZodType[];
  readonly output?: z.ZodType;
}

/** The API as Markdown, made from the router: every procedure, its permission, what it takes and what it answers. */
export function apiReference(): string {
  const procedures = Object.entries(
    appRouter._def.procedures as unknown as Readonly<Record<string, { _def: ProcedureFacts }>>,
  );
  const sections = procedures.sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, { _def }]) => sectionOf(path, _def));
  return `${HEAD}\n${tableOf(procedures)}\n\n${sections.join("\n\n")}\n`;
}

const HEAD = `# API

Made from the router; a test says when it is out of date (\`npm run docs\` writes it anew).

tRPC under \`/api/trpc\`, plain JSON without a transformer: queries by \`GET\` with \`?input=<JSON>\`, mutations by \`POST\` with a JSON body. 64-bit numbers are decimal text, instants ISO text in UTC.
Log in with \`Authorization: Bearer <token>\`, or by \`session.login\` for a cookie. Every answer about an upstream carries \`asOf\` and \`faults\`. A mutation takes a \`reason\`, a \`requestId\` (a ULID: the same twice is one request) and what the operator saw
(\`expected…\`); it answers with the id of its request in the journal and is \`CONFLICT\` when the world has moved. Errors carry \`data.reasons\`.

Live data: \`GET /api/live\` is a stream of server-sent events, a snapshot first, then batches; \`?cursor=\` continues where one was, \`?topics=dna:eu-1,operator\` gives only these streams (of the operators' one what touches the others).
`;

function tableOf(procedures: readonly (readonly [string, { readonly _def: ProcedureFacts }])[]): string {
  const rows = procedures.map(
    ([path, { _def }]) => `| [\`${path}\`](#${anchorOf(path)}) | ${_def.type} | ${_def.meta?.permission ?? ""} |`,
  );
  return ["| procedure | kind | permission |", "| --- | --- | --- |", ...rows].join("\n");
}

const anchorOf = (path: string): string => path.toLowerCase().replaceAll(".", "");

function sectionOf(path: string, facts: ProcedureFacts): string {
  const [input] = facts.inputs;
  return [
    `## ${path}`,
    "",
    `${facts.type}, needs \`${facts.meta?.permission ?? ""}\``,
    "",
    ...(input === undefined ? [] : ["Takes:", "", ...schemaOf(input, "input"), ""]),
    ...(facts.output === undefined ? [] : ["Answers:", "", ...schemaOf(facts.output, "output")]),
  ].join("\n");
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): string[] {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return ["```json", JSON.stringify(json, null, 1), "```"];
}
