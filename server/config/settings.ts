import { z } from "zod";
import { documentSchema } from "./schema.ts";
import { MASKED_SECRET } from "./secret.ts";
import { shownAddress } from "./shown-address.ts";

/** One key of the configuration as it is in force, ready to be shown. */
export interface Setting {
  /** As the file has it: `dna[0].scylla.keyspace`. */
  readonly key: string;
  /** Never a secret, and nothing of an address that may be one; `null` = it is left out and has no default. */
  readonly value: string | null;
  readonly origin: "file" | "default" | "command-line" | "unset";
  /** Whether it says what would hold without it. */
  readonly isDefault: boolean;
  readonly meaning: string;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly default?: unknown;
  readonly description?: string;
}

/**
 * Every key there is with its value, in the order of the schema: those of the file, the defaults of the others, and
 * within a list or a name only what is given or has a default. The file holds no secrets but in addresses.
 *
 * @param document the file as it was read and found sound
 * @param port of the command line, which wins
 */
export function settingsOf(document: unknown, port?: number): readonly Setting[] {
  const schema = z.toJSONSchema(documentSchema, { io: "input", unrepresentable: "any" });
  const found = walk({ key: "", value: document, schema: schema as JsonSchema, inList: false });
  return port === undefined ? found : found.map((setting) => withPort(setting, port));
}

function withPort(setting: Setting, port: number): Setting {
  if (setting.key !== "listen.port") return setting;
  return { ...setting, value: String(port), origin: "command-line", isDefault: false };
}

interface Place {
  readonly key: string;
  readonly value: unknown;
  readonly schema: JsonSchema;
  /** Below an item of a list or a name of a mapping: what is left out there is not told. */
  readonly inList: boolean;
}

function walk(place: Place): readonly Setting[] {
  const { key, value, schema, inList } = place;
  const named = schema.additionalProperties;
  if (schema.properties !== undefined && (value !== undefined || schema.default !== undefined || key === "")) {
    return Object.entries(schema.properties).flatMap(([name, child]) =>
      walk({ key: key === "" ? name : `${key}.${name}`, value: childOf(value, name), schema: child, inList }),
    );
  }
  if (Array.isArray(value) && value.length > 0 && schema.items?.properties !== undefined) {
    const item = { ...schema.items, default: {} };
    return value.flatMap((each, index) => walk({ key: `${key}[${index}]`, value: each, schema: item, inList: true }));
  }
  if (isMapping(value) && typeof named === "object" && named.properties !== undefined) {
    return Object.entries(value).flatMap(([name, each]) =>
      walk({ key: `${key}.${name}`, value: each, schema: { ...named, default: {} }, inList: true }),
    );
  }
  return settingOf(place);
}

function settingOf({ key, value, schema, inList }: Place): readonly Setting[] {
  const meaning = schema.description ?? "";
  const fallback = schema.default === undefined ? null : textOf(key, schema.default);
  if (value !== undefined) {
    const text = textOf(key, value);
    return [{ key, value: text, origin: "file", isDefault: text === fallback, meaning }];
  }
  if (fallback !== null) return [{ key, value: fallback, origin: "default", isDefault: true, meaning }];
  return inList ? [] : [{ key, value: null, origin: "unset", isDefault: true, meaning }];
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const childOf = (value: unknown, name: string): unknown =>
  isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/** An address is shown as far as it can be no secret; of anything else the file holds names of secrets alone. */
function textOf(key: string, value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? MASKED_SECRET;
  if (!key.endsWith(".url")) return value;
  // Links stand in pages for everybody who may see the thing, and the rules let none hold a user.
  return key.startsWith("links[") ? value : shownAddress(value, /^(alerts|ingest)\b/.test(key));
}
