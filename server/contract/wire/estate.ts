import { z } from "zod";
import { observed } from "./common.ts";

/** What links to other tools can be shown on. */
export const LINK_TARGETS = ["dynflow.plan", "dynflow.step", "dynflow.world", "dna.node", "dna.actor"] as const;
export type LinkTarget = (typeof LINK_TARGETS)[number];

export const dnaSource = z.object({
  id: z.string(),
  region: z.string().nullable(),
  title: z.string(),
  /** Configured value of the cluster column; `null` = every value found. */
  cluster: z.string().nullable(),
  keyspace: z.string(),
  /** module_id to module name, as the operator maintains it. */
  modules: z.record(z.string(), z.string()),
  act: z.boolean(),
});

export const dynflowSource = z.object({
  id: z.string(),
  region: z.string().nullable(),
  title: z.string(),
  act: z.boolean(),
});

export const hafSource = z.object({
  id: z.string(),
  region: z.string().nullable(),
  title: z.string(),
  /** Apps in the order in which they are meant to be set up; empty = as they are found. */
  apps: z.array(z.string()),
});

export const ingestSource = z.object({ id: z.string(), title: z.string() });

/** What is configured: it changes only with a restart. Everything live is in the folds. */
export const estateOutput = z.object({
  ...observed,
  loadBalancer: z.object({ title: z.string(), regions: z.array(z.string()) }).nullable(),
  regions: z.array(z.object({ id: z.string(), title: z.string() })),
  dna: z.array(dnaSource),
  dynflow: z.array(dynflowSource),
  haf: z.array(hafSource),
  /** The gateway for agents; `null` = none is configured. */
  ingest: ingestSource.nullable(),
  links: z.array(z.object({ title: z.string(), on: z.string(), url: z.string() })),
  /** Counts for those who ask by API; the screen counts from the folds itself. */
  clusters: z.array(
    z.object({ source: z.string(), cluster: z.string(), nodes: z.number(), byState: z.record(z.string(), z.number()) }),
  ),
});
export type EstateOutput = z.infer<typeof estateOutput>;
export type DnaSourceView = z.infer<typeof dnaSource>;
export type HafSourceView = z.infer<typeof hafSource>;
export type DynflowSourceView = z.infer<typeof dynflowSource>;

export const overviewOutput = z.object({
  ...observed,
  /** What needs a person, worst first. */
  needs: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      severity: z.enum(["failed", "attention"]),
      stream: z.string(),
      target: z.string(),
      title: z.string(),
      detail: z.string(),
      since: z.string().nullable(),
    }),
  ),
  nodes: z.record(z.string(), z.number()),
  plans: z.array(z.object({ source: z.string(), byState: z.record(z.string(), z.number()) })),
  sources: z.array(
    z.object({
      stream: z.string(),
      state: z.string(),
      since: z.string(),
      reason: z.string().nullable(),
      readMs: z.number().nullable(),
    }),
  ),
});
export type OverviewOutput = z.infer<typeof overviewOutput>;
