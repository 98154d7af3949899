import { z } from "zod";

/** ISO text in UTC. */
export const instant = z.string();
export const decimalText = z.string().regex(/^-?(0|[1-9][0-9]{0,18})$/, "must be a whole number in decimal");
export const sourceId = z.string().min(1).max(64);
export const incarnationId = z
  .string()
  .max(64)
  .regex(/^-?[0-9]{1,16}:-?[0-9]{1,19}$/, "must be <created_at ms>:<id>");
export const planId = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a plan id (UUID)");
/** Why an operator acts: kept in the journal for good, so no place for personal data. */
export const reason = z.string().trim().min(3, "say in at least 3 characters why").max(500);
/** Chosen by the caller: the same id twice is one request. */
export const requestId = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, "must be a ULID");

/** A part of the answer that could not be had. The rest stands. */
export const fault = z.object({ source: z.string(), message: z.string(), since: instant.nullable() });
export type Fault = z.infer<typeof fault>;

/** Every answer about an upstream says when it was read and what is missing. */
export const observed = { asOf: instant.nullable(), faults: z.array(fault) };

export const masked = z.object({ masked: z.literal(true) });
export const maskable = <T extends z.ZodType>(schema: T) => z.union([schema, masked]);

export const mutationResult = z.object({
  /** Id of the `op.requested` event in the journal. */
  journalId: z.string(),
  phase: z.enum(["requested", "executed", "failed", "unknown", "verified"]),
  note: z.string().nullable(),
});
export type MutationResult = z.infer<typeof mutationResult>;

/** What a procedure takes after parsing, and what it must answer: so that services need not know zod. */
export type WireIn<T extends z.ZodType> = z.output<T>;
export type WireShape<T extends z.ZodType> = z.input<T>;
export type WireOut<T extends z.ZodType> = Promise<z.input<T>>;
