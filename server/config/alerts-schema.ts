import { z } from "zod";
import { NEED_KINDS } from "#server/kernel/need-kinds.ts";
import { isHttpAddress } from "./addresses.ts";
import { id, secretEnv, secretFile, title } from "./schema-parts.ts";

export const alertSink = z.strictObject({
  id: id.describe("Names it in the journal; unique among sinks."),
  title: title.optional().describe("Name on the screen; the id when left out."),
  url: z
    .string()
    .refine(isHttpAddress, "must be an http or https address")
    .optional()
    .describe("Where to post to. One that holds a secret belongs in `urlEnv` or `urlFile`."),
  urlEnv: secretEnv("that address"),
  urlFile: secretFile("that address"),
  keyEnv: secretEnv("the key that messages are signed with; unsigned when left out"),
  keyFile: secretFile("that key"),
  kinds: z
    .array(z.enum(NEED_KINDS, { error: "is no kind of finding" }))
    .max(NEED_KINDS.length)
    .default([])
    .describe("Kinds of findings that are told; all when empty."),
  least: z
    .enum(["attention", "failed"])
    .default("attention")
    .describe("`failed`: only what is marked as failed on the screen."),
  sources: z.array(id).max(100).default([]).describe("Ids of sources whose findings are told; all when empty."),
  settleSeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(15)
    .describe("How long a finding has to be there, or to be gone, before it is told."),
  aliveEverySeconds: z
    .int()
    .min(10)
    .max(86_400)
    .optional()
    .describe("How often a sign of life is sent, for a dead man's switch there; none when left out."),
});
export type AlertSinkDocument = z.output<typeof alertSink>;

export const alerts = z.array(alertSink).max(20);
