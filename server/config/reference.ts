import { z } from "zod";
import { documentSchema } from "./schema.ts";

/** One key of the configuration file, as the documentation lists it. */
export interface ReferenceRow {
  /** `dna[].scylla.keyspace`. */
  readonly path: string;
  readonly type: string;
  /** As YAML; `null` = none, and `required` says whether it may be left out. */
  readonly fallback: string | null;
  readonly required: boolean;
  readonly meaning: string;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** Every key there is, in the order of the schema, which is the one truth about them. */
export function referenceRows(): readonly ReferenceRow[] {
  const schema = z.toJSONSchema(documentSchema, { io: "input", unrepresentable: "any" });
  return rowsOf(schema as JsonSchema, "");
}

function rowsOf(schema: JsonSchema, prefix: string): readonly ReferenceRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const row: ReferenceRow = {
      path,
      type: typeOf(child),
      fallback: child.default === undefined || child.properties !== undefined ? null : JSON.stringify(child.default),
      required: (schema.required ?? []).includes(key),
      meaning: child.description ?? "",
    };
    const inner = child.items?.properties === undefined ? [] : rowsOf(child.items, `${path}[]`);
    const named = child.additionalProperties;
    const byName = typeof named === "object" ? rowsOf(named, `${path}.<name>`) : [];
    const either = (child.anyOf ?? []).flatMap((branch) => rowsOf(branch, path));
    return [row, ...inner, ...byName, ...rowsOf(child, path), ...either];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.not !== undefined) return "refused";
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array")
    return schema.items?.properties === undefined ? `list of ${typeOf(schema.items ?? {})}` : "list";
  if (schema.type === "integer") return "whole number";
  return { string: "text", boolean: "true or false", object: "mapping" }[schema.type ?? ""] ?? schema.type ?? "any";
}

/** The table of `docs/operations.md`. */
export function referenceTable(): string {
  const rows = referenceRows().map(({ path, type, fallback, required, meaning }) => {
    const left = fallback === null ? (required ? "required" : "") : `\`${fallback}\``;
    return `| \`${path}\` | ${type} | ${left} | ${meaning} |`;
  });
  return ["| key | type | default | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
