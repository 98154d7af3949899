import { z } from "zod";
import { contactPoints, host, id, keyspace, proxy, secretEnv, secretFile, title, tls } from "./schema-parts.ts";

/** `ingest:` as it is written. Types, receivers and routes are named by their keys, as in the documentation of agents. */

export const RECEIVER_USE_NAMES = [
  "live-view",
  "event-log",
  "scylla-table",
  "sqlite-table",
  "webhook",
  "prometheus",
] as const;
/** Shapes of bodies that are known (`server/ingest/domain/body-schemas.ts`). */
export const BODY_SCHEMA_NAMES = ["system_metrics.v1", "networking_metrics.v1", "ethereum_metrics.v1"] as const;
export const OVERFLOW_NAMES = ["block", "keep-latest", "drop-oldest"] as const;

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, "must be lower-case letters, digits, dots, dashes and underscores, at most 63");
const userName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, "takes letters, digits and . _ @ -, at most 64");
const agents = z
  .array(
    z
      .string()
      .regex(/^[^\s*]{0,199}\*?$/, "must be an agent's id, or the beginning of ids with * at its end")
      .min(1),
  )
  .max(1_000)
  .default(["*"])
  .describe("Agents it may send as: whole ids, or beginnings that end in `*`. All when left out.");
const types = z.array(name).max(100).default([]).describe("Types it may send; all when empty.");

const listen = z.strictObject({
  host: z
    .string()
    .trim()
    .min(1)
    .default("127.0.0.1")
    .describe("Address to listen on. Beyond loopback it takes `users` or `bootstrap`."),
  port: z.int().min(0).max(65_535).default(3001).describe("0 takes any free port."),
  allowedHosts: z
    .array(host)
    .max(50)
    .default([])
    .describe("Names that agents may address it by, besides loopback and `host`."),
  trustedProxies: z.array(proxy).max(50).default([]).describe("Proxies whose `X-Forwarded-For` is believed."),
});

export const receiver = z.strictObject({
  use: z
    .enum(RECEIVER_USE_NAMES, { error: `must be ${RECEIVER_USE_NAMES.join(", ")}` })
    .describe("What it does with items."),
  queue: z.int().min(1).max(1_000_000).default(5_000).describe("Items that may wait for it."),
  overflow: z
    .enum(OVERFLOW_NAMES, { error: `must be ${OVERFLOW_NAMES.join(", ")}` })
    .optional()
    .describe(
      "When its queue is full: `block` makes agents wait, and what was acknowledged is on disk; the others drop, and count it. Left out: `block` for tables and the journal, `keep-latest` for the live view and figures, `drop-oldest` for webhooks.",
    ),
  batch: z.int().min(1).max(500).default(100).describe("Items handed over at once, at most."),
  flush_ms: z.int().min(10).max(60_000).default(500).describe("For how long items are gathered for a batch."),
  ttl_days: z.int().min(1).max(3_650).optional().describe("Of tables: days that a row is kept; 30 when left out."),
  path: z
    .string()
    .min(1)
    .optional()
    .describe("Of `sqlite-table`: its file, relative to this one; beside the journal when left out."),
  contactPoints: contactPoints
    .optional()
    .describe("Of `scylla-table`: its database; that of the journal, where that is in ScyllaDB, when left out."),
  localDataCenter: z.string().min(1).optional().describe("Of `scylla-table`: data centre that is asked first."),
  keyspace: keyspace.optional().describe("Of `scylla-table`: keyspace of its table."),
  replication: z
    .record(z.string().min(1).max(100), z.int().min(1).max(20))
    .optional()
    .describe("Of `scylla-table`: replicas by data centre with which a missing keyspace is made."),
  username: z.string().min(1).optional().describe("Of `scylla-table`: role to log in as."),
  passwordEnv: secretEnv("its password"),
  passwordFile: secretFile("its password"),
  tls: tls(" Of `scylla-table`."),
  url: z
    .string()
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must be an http or https address")
    .refine((text) => (URL.parse(text)?.username ?? "") === "", "must not hold a user or password: use tokenFile")
    .optional()
    .describe("Of `webhook`, required: where batches are posted to."),
  tokenEnv: secretEnv("the bearer token of a `webhook`"),
  tokenFile: secretFile("the bearer token of a `webhook`"),
  timeout_ms: z.int().min(100).max(60_000).optional().describe("Of `webhook`: time for one call; 5000 when left out."),
  max_series: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe("Of `prometheus`: series kept at most; 5000 when left out."),
});

const DEFAULT_TYPES = {
  system_metrics: { schema: "system_metrics.v1" as const, kinds: ["statistics"] },
  networking_metrics: { kinds: ["latency"] },
  ethereum_metrics: { kinds: ["information", "block", "history", "pending", "statistics"] },
};
const DEFAULT_RECEIVERS = {
  live: { use: "live-view", queue: 1_000 },
  store: { use: "sqlite-table", queue: 20_000 },
} as const;
const DEFAULT_ROUTES = [{ types: ["*"], to: ["live", "store"] }];

export const ingest = z.strictObject({
  id: id.default("agents"),
  title: title.default("Agents").describe("Name on the screen."),
  listen: listen.prefault({}).describe("A listener of its own: agents reach nothing else of the console by it."),
  users: z
    .array(
      z.strictObject({
        name: userName.describe("With a password it opens sessions, by HTTP Basic. More by `worldline agent-user`."),
        passwordEnv: secretEnv("the password, at least 8 characters"),
        passwordFile: secretFile("the password"),
        agents,
        types,
      }),
    )
    .max(1_000)
    .default([])
    .describe("Who may open sessions. With neither these nor `bootstrap`, whoever is on this machine may."),
  bootstrap: z
    .array(
      z.strictObject({
        name: userName.describe("What it is for."),
        tokenEnv: secretEnv("the token, at least 20 characters"),
        tokenFile: secretFile("the token"),
        agents,
        types,
      }),
    )
    .max(1_000)
    .default([])
    .describe("Long-lived tokens with which programs open sessions."),
  keyFile: secretFile(
    "the key that signs session tokens, at least 32 characters; left out, one is made beside the journal. Required with a journal in ScyllaDB, the same on every console",
  ),
  keyEnv: secretEnv("that key"),
  types: z
    .record(
      name,
      z.strictObject({
        schema: z
          .enum(BODY_SCHEMA_NAMES, { error: `must be ${BODY_SCHEMA_NAMES.join(", ")}` })
          .optional()
          .describe("Shape that bodies are checked against; any object when left out."),
        kinds: z.array(name).min(1, "needs at least one").max(100).describe("What may be sent of it."),
      }),
    )
    .refine((all) => Object.keys(all).length > 0, "names no type")
    .prefault(DEFAULT_TYPES)
    .describe("Types that are taken in, by name; left out, those of hosts and of the older agents."),
  receivers: z
    .record(id, receiver)
    .refine((all) => Object.keys(all).length > 0, "names no receiver")
    .prefault(DEFAULT_RECEIVERS)
    .describe("Where items go, by name, each with a queue of its own; left out, a live view and a file of points."),
  routes: z
    .array(
      z.strictObject({
        types: z
          .array(z.union([z.literal("*"), name]))
          .min(1, "needs at least one")
          .describe("Types, or `*` alone."),
        kinds: z
          .array(name)
          .default([])
          .describe("All when empty. `active`, `late`, `inactive` and `left` stand for agents becoming so."),
        to: z.array(id).min(1, "needs at least one").describe("Names of receivers."),
      }),
    )
    .min(1, "needs at least one")
    .max(200)
    .prefault(DEFAULT_ROUTES)
    .describe("Which types go to which receivers."),
  inactiveAfterMs: z
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(7_000)
    .describe("An agent that is silent for longer is inactive."),
  forgottenAfterHours: z
    .number()
    .min(0.01)
    .max(8_760)
    .default(24)
    .describe("An agent that is away for longer leaves the list."),
  limits: z
    .strictObject({
      maxBytes: z.int().min(1_024).max(16_777_216).default(1_048_576).describe("Of one body, after it was inflated."),
      maxBatch: z.int().min(1).max(5_000).default(500).describe("Items of one call."),
      callsPerToken: z.int().min(1).max(100_000).default(50).describe("Calls a second with one token."),
      callsPerAddress: z.int().min(1).max(1_000_000).default(500).describe("Calls a second from one address."),
      maxConnections: z.int().min(1).max(100_000).default(4_096).describe("Open connections."),
    })
    .prefault({})
    .describe("What one agent, or one host, may do."),
  poa: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe("Whether agents of POA netstats of 2018 may send, by `/session` and `/poa/…`, as they are."),
      tokenSeconds: z.int().min(1).max(86_400).default(3_600).describe("Life of their tokens."),
      admins: z
        .array(
          z.strictObject({
            name: userName.describe("Whom."),
            passwordEnv: secretEnv("the password, at least 8 characters"),
            passwordFile: secretFile("the password"),
          }),
        )
        .max(20)
        .default([])
        .describe("Who may manage users by `/user` and `/blacklist/…`."),
    })
    .prefault({})
    .describe("The older protocol."),
});
export type IngestDocument = z.output<typeof ingest>;
