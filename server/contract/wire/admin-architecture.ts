import { z } from "zod";
import { instant } from "./common.ts";

const calls = z.object({
  calls: z.number(),
  /** Those of them that were answered with an error, refusals among them. */
  errors: z.number(),
  /** So long took 95 of 100, of the last two hundred; `null` = none yet. */
  p95Ms: z.number().nullable(),
});

/** Counters since this process began; two answers make a rate. */
export const architectureOutput = z.object({
  asOf: instant,
  /** By a clock that never goes back: what rates are counted by. */
  atMs: z.number(),
  uptimeMs: z.number(),
  process: z.object({
    rssBytes: z.number(),
    heapBytes: z.number(),
    /** Longest of the last two minutes. */
    loopDelayMs: z.number(),
  }),
  journal: z.object({
    store: z.enum(["sqlite", "scylla"]),
    /** Whether this console writes it; false = it follows another. */
    writer: z.boolean(),
    ok: z.boolean(),
    events: z.number(),
    appends: z.number(),
    failures: z.number(),
    /** Of the last hundred appends; `null` = none yet. */
    appendMs: z.object({ median: z.number(), longest: z.number() }).nullable(),
    /** On this machine's disk; `null` = it lies elsewhere, or was not looked at yet. */
    bytes: z.number().nullable(),
  }),
  hub: z.object({
    streams: z.number(),
    /** Messages made, how often one was written to somebody, and the bytes of that. */
    made: z.number(),
    written: z.number(),
    bytes: z.number(),
    fellBehind: z.number(),
  }),
  /** Calls of procedures of this console, by kind. */
  calls: z.object({ query: calls, mutation: calls }),
  /** Stream to how many events of it are folded; only what the caller may see. */
  streams: z.record(z.string(), z.string()),
});
export type ArchitectureOutput = z.infer<typeof architectureOutput>;
