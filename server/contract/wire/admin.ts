import { z } from "zod";

export const configurationOutput = z.object({
  /** Where it came from; `null` = built-in demo. */
  file: z.string().nullable(),
  /** The parsed configuration as YAML text, secrets masked. */
  text: z.string(),
});
