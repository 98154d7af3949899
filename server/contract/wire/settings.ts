import { z } from "zod";
import { instant } from "./common.ts";

const role = z.enum(["viewer", "operator", "admin"]);

/** What holds for whoever asks, and what this console is; nothing of its configuration. */
export const settingsOutput = z.object({
  asOf: instant,
  mine: z.object({
    /** Ids of the sources that may be seen and acted on; `null` = all. */
    sources: z.array(z.string()).nullable(),
    /** Of the token that let in, by which it is revoked; `null` = nobody logs in here. */
    tokenId: z.string().nullable(),
  }),
  /** Every permission there is, in the order of the list. */
  permissions: z.array(
    z.object({
      permission: z.string(),
      /** Least role that holds it; `null` = it takes no login. */
      least: role.nullable(),
      /** Whether it sends something to a system: off while the console is read-only. */
      sends: z.boolean(),
    }),
  ),
  about: z.object({
    version: z.string(),
    build: z.string(),
    licence: z.string(),
    /** Of the runtime. */
    node: z.string(),
    startedAt: instant,
    journal: z.object({
      store: z.enum(["sqlite", "scylla"]),
      role: z.enum(["writer", "follower"]),
      /** Who writes it, where that is another; `null` = this one, or nobody at present. */
      writer: z.string().nullable(),
    }),
  }),
});
export type SettingsOutput = z.infer<typeof settingsOutput>;
