import path from "node:path";
import { z } from "zod";
import { complete } from "./complete.ts";
import type { Environment } from "./environment.ts";
import { ConfigurationError, type ConfigurationFault, pathText, sortFaults } from "./fault.ts";
import { inOurWords, type ShapeFault, toShapeFaults } from "./issues.ts";
import type { Configuration } from "./model.ts";
import { crossFaults, type ReadSections } from "./rules.ts";
import { dnaSource, documentSchema, dynflowSource, hafSource, SECTIONS } from "./schema.ts";
import { createSecretReader } from "./secret-reader.ts";
import { type Setting, settingsOf } from "./settings.ts";
import { parseYaml } from "./yaml-document.ts";

/** A configuration of people fits in far less. */
const MAX_FILE_BYTES = 1_048_576;

export interface LoadOptions {
  /** `null` = no configuration: the embedded demo on 127.0.0.1:3000. */
  readonly file: string | null;
  /** Wins over the file. */
  readonly port?: number;
  /** Folder that relative paths of the command line, and `./data` without a file, start from. */
  readonly cwd: string;
  readonly environment: Environment;
  /** Text of a file; throws when it cannot be read. */
  readonly readText: (file: string) => string;
}

/** A configuration that still knows how it was written. */
export interface LoadedConfiguration extends Configuration {
  /** Every key with its value, and whether the file says so; without secrets. */
  readonly settings: () => readonly Setting[];
}

/**
 * Reads, checks and completes the configuration.
 *
 * @throws ConfigurationError with every fault there is, each with its line and path, also of secrets that cannot be
 *   read; never with the text of a secret
 */
export function loadConfiguration(options: LoadOptions): LoadedConfiguration {
  const file = options.file === null ? null : path.resolve(options.cwd, options.file);
  const yaml = parseYaml(file === null ? "" : readFile(file, options.readText));
  const located = (fault: ShapeFault): ConfigurationFault => ({
    line: yaml.lineOf(fault.path),
    path: pathText(fault.path),
    message: fault.message,
  });
  if (yaml.faults.length > 0) throw new ConfigurationError(file, yaml.faults);

  const document = yaml.value ?? {};
  const parsed = documentSchema.safeParse(document, { error: inOurWords });
  const secrets = createSecretReader({
    environment: options.environment,
    readText: options.readText,
    folder: file === null ? options.cwd : path.dirname(file),
  });
  const sections = readSections(document);
  const configuration = parsed.success ? complete(parsed.data, { ...options, file, secrets }) : null;
  if (configuration === null) secrets.tryAll(document);
  const faults = [
    ...(parsed.success ? [] : toShapeFaults(parsed.error.issues)),
    ...crossFaults(sections),
    ...secrets.faults(),
  ].map(located);
  if (configuration === null || faults.length > 0) throw new ConfigurationError(file, sortFaults(faults));
  return Object.freeze({ ...configuration, settings: () => settingsOf(document, options.port) });
}

function readFile(file: string, readText: (file: string) => string): string {
  const fail = (message: string) => new ConfigurationError(file, [{ line: null, path: "", message }]);
  let text: string;
  try {
    text = readText(file);
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : String(cause));
  }
  if (text.length > MAX_FILE_BYTES) throw fail("is larger than 1 MB");
  return text;
}

/** The sections, each read as far as it goes whatever the others are like. */
function readSections(document: unknown): ReadSections {
  const raw = z.record(z.string(), z.unknown()).safeParse(document).data ?? {};
  return {
    listen: readLeniently(SECTIONS.listen, raw.listen),
    journal: readLeniently(SECTIONS.journal, raw.journal),
    journalGiven: z.record(z.string(), z.unknown()).safeParse(raw.journal).data ?? {},
    auth: readLeniently(SECTIONS.auth, raw.auth),
    regions: readLeniently(SECTIONS.regions, raw.regions),
    approvals: readLeniently(SECTIONS.approvals, raw.approvals),
    loadBalancer: readLeniently(SECTIONS.loadBalancer, raw.loadBalancer),
    dna: itemsOf(raw.dna).map((item) => ({ ...namesOf(item), whole: readLeniently(dnaSource, item) })),
    dynflow: itemsOf(raw.dynflow).map((item) => ({ ...namesOf(item), whole: readLeniently(dynflowSource, item) })),
    haf: itemsOf(raw.haf).map((item) => ({ ...namesOf(item), whole: readLeniently(hafSource, item) })),
    ingest: raw.ingest === undefined ? null : readLeniently(SECTIONS.ingest.unwrap(), raw.ingest),
    ingestIsWhole: SECTIONS.ingest.safeParse(raw.ingest).success,
    alerts: readLeniently(SECTIONS.alerts, raw.alerts),
    demoIsGiven: raw.demo !== undefined,
  };
}

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What other parts of the file refer to, even of a source that is faulty otherwise. */
function namesOf(item: unknown): { readonly id: string | null; readonly region: string | null } {
  const names = z.looseObject({ id: z.string().catch(""), region: z.string().catch("") }).safeParse(item).data;
  return { id: names?.id || null, region: names?.region || null };
}

/** The section without its faulty and unknown keys; `null` when it cannot do without them. */
function readLeniently<T extends z.ZodType>(schema: T, raw: unknown): z.output<T> | null {
  const first = schema.safeParse(raw);
  if (first.success) return first.data;
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return null;
  const faulty = new Set(toShapeFaults(first.error.issues).map((fault) => fault.path[0]));
  const sound = Object.fromEntries(Object.entries(raw).filter(([key]) => !faulty.has(key)));
  return schema.safeParse(sound).data ?? null;
}
