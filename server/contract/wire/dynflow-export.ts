import { z } from "zod";
import { plansInput } from "./dynflow.ts";

/** Rows of one file at most. */
export const EXPORT_PLANS_MAX = 100_000;

export const plansExportInput = plansInput
  .pick({ source: true, filter: true, sort: true, descending: true })
  .extend({ format: z.enum(["csv", "json"]) });
export type PlansExportInput = z.output<typeof plansExportInput>;
