import { z } from "zod";

export const configurationOutput = z.object({
  /** Where it came from; `null` = built-in demo. */
  file: z.string().nullable(),
  /** The parsed configuration as YAML text, secrets masked. */
  text: z.string(),
  /** Every key with its value, in the order of the reference; without secrets, and of addresses without what may be one. */
  settings: z.array(
    z.object({
      /** As the file has it: `dna[0].scylla.keyspace`. */
      key: z.string(),
      /** Text as it is, lists and mappings as JSON; `null` = left out, and there is no default. */
      value: z.string().nullable(),
      origin: z.enum(["file", "default", "command-line", "unset"]),
      /** Whether it says what would hold without it. */
      isDefault: z.boolean(),
      meaning: z.string(),
    }),
  ),
  /** Keys beyond the bound of an answer. */
  leftOut: z.number(),
});
