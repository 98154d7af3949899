import { z } from "zod";
import { instant } from "./common.ts";

export const sessionOutput = z.object({
  /** `null` = nobody is logged in: show the login page. */
  principal: z
    .object({ id: z.string(), role: z.enum(["viewer", "operator", "admin"]), kind: z.enum(["local", "token"]) })
    .nullable(),
  authMode: z.enum(["none", "tokens"]),
  permissions: z.array(z.string()),
  /** Those of them that send something to a system: off while the console is read-only. */
  sending: z.array(z.string()),
  /** Fixed by the configuration: nothing is ever sent. The brake that is pulled and lifted is in the live feed. */
  readOnly: z.boolean(),
  /** Whether a whole-node action takes a second person. */
  secondPerson: z.boolean(),
  /** Minutes for which a plan of a class may wait suspended before it needs a person; an hour for every other. */
  suspendedMinutes: z.record(z.string(), z.number()),
  demo: z.object({ speed: z.number() }).nullable(),
  version: z.string(),
  build: z.string(),
  serverNow: instant,
  /** Why actions are refused at present (the journal cannot be written, or another console writes it); `null` = they are not. */
  actionsRefused: z.string().nullable(),
});
export type SessionOutput = z.infer<typeof sessionOutput>;

export const loginInput = z.object({ token: z.string().min(1).max(200) });
