import { z } from "zod";
import { isHttpOrigin, isLinkTemplate } from "./addresses.ts";
import { alerts } from "./alerts-schema.ts";
import { ingest } from "./ingest-schema.ts";
import { LINK_TARGETS } from "./model.ts";
import {
  contactPoints,
  host,
  id,
  keyspace,
  proxy,
  secretEnv,
  secretFile,
  tcpPort,
  title,
  tls,
} from "./schema-parts.ts";
import { parseSize } from "./sizes.ts";

/**
 * The configuration file as it is written. Every key has its meaning beside it: `docs/operations.md` is made from
 * here.
 */

const region = id.optional().describe("One of `regions`; may be left out when there are none.");
const days = z.int().min(1, "must be at least 1 day").max(3_650, "must be at most 3650 days");
const size = z.union([z.int().positive(), z.string()]).transform((value, context) => {
  const parsed = typeof value === "number" ? value : parseSize(value);
  if (parsed !== null && parsed >= 16 * 1024 * 1024) return parsed;
  context.addIssue({ code: "custom", message: "must be a size such as 10GB, at least 16MB" });
  return z.NEVER;
});

const listen = z.strictObject({
  host: z
    .string()
    .trim()
    .min(1)
    .default("127.0.0.1")
    .describe("Address to listen on. Beyond loopback it takes `auth`."),
  port: z.int().min(0).max(65_535).default(3000).describe("0 takes any free port."),
  publicOrigin: z
    .string()
    .refine(isHttpOrigin, "must be scheme and host alone, such as https://ops.example")
    .optional()
    .describe("Under which browsers reach it; with https the cookie is sent over https only."),
  allowedHosts: z
    .array(host)
    .max(50)
    .default([])
    .describe("Names that requests may be addressed to, besides loopback, `host` and `publicOrigin`."),
  trustedProxies: z.array(proxy).max(50).default([]).describe("Proxies whose `X-Forwarded-For` is believed."),
});

const journal = z.strictObject({
  store: z
    .enum(["sqlite", "scylla"], { error: "must be sqlite or scylla" })
    .default("sqlite")
    .describe("`sqlite`: files of this machine, one console. `scylla`: ScyllaDB or Cassandra, several consoles."),
  path: z
    .string()
    .min(1)
    .default("./data")
    .describe(
      "Folder of everything the console keeps, relative to this file (without a file: to where it was started). With `scylla` only tokens and the key of sessions.",
    ),
  keepDays: days.default(30).describe("Days that what was seen is kept."),
  keepOperatorDays: days.default(90).describe("Days that what operators did is kept; not less than `keepDays`."),
  maxBytes: size
    .prefault("10GB")
    .describe("Whole size of the journal, such as `10GB`; beyond it what was seen is dropped sooner."),
  keepEvents: z
    .int()
    .min(1_000, "must be at least 1000")
    .max(Number.MAX_SAFE_INTEGER, "is too large")
    .optional()
    .describe("Number of events kept of what was seen; beyond it the oldest go sooner. No bound when left out."),
  keyFile: secretFile(
    "the key of the audit chain; left out, one is made beside the journal. Required with `scylla`, the same on every console",
  ),
  keyEnv: secretEnv("that key"),
  contactPoints: contactPoints
    .optional()
    .describe("With `scylla`, required: `host:port` of its nodes; port 9042 when left out."),
  localDataCenter: z
    .string()
    .min(1)
    .optional()
    .describe("With `scylla`, required: data centre that is asked first, and whose majority decides."),
  keyspace: keyspace.optional().describe("With `scylla`, required: keyspace of the journal's tables."),
  replication: z
    .record(z.string().min(1).max(100), z.int().min(1, "must be at least 1").max(20, "must be at most 20"))
    .refine((centres) => Object.keys(centres).length > 0, "names no data centre")
    .optional()
    .describe(
      "With `scylla`: replicas by data centre, such as `{ dc1: 3 }`, with which the keyspace is made when it is missing. Left out, it has to exist.",
    ),
  username: z.string().min(1).optional().describe("With `scylla`: role to log in as."),
  passwordEnv: secretEnv("its password"),
  passwordFile: secretFile("its password"),
  tls: tls(" With `scylla` only."),
});

const auth = z.strictObject({
  mode: z
    .enum(["none", "tokens"], {
      error: ({ input }) => (input === "oidc" ? "oidc is not in this version" : "must be none or tokens"),
    })
    .default("none")
    .describe("`none`: everyone on this machine is an administrator. `tokens`: `worldline token create`."),
});

/** A month: what hangs longer is seen by nobody any more. */
const SUSPENDED_MINUTES_MAX = 30 * 24 * 60;

const limits = z.strictObject({
  suspendedMinutes: z
    .record(z.string().min(1).max(200), z.int().min(1).max(SUSPENDED_MINUTES_MAX))
    .refine((classes) => Object.keys(classes).length <= 200, "at most 200 classes")
    .default({})
    .describe(
      'Minutes for which a plan of an action class may wait suspended with nothing of it moving, before it needs a person: `{ "Actions::Katello::*": 240 }`. `*` at the end stands for any rest; the longest that matches counts, and a label where no class does. 60 for all others.',
    ),
  bulkOperator: z
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe("Plans an operator may act on in one job; beyond it an admin has to."),
  census: z
    .strictObject({
      rowsPerSecond: z
        .int()
        .min(100)
        .max(1_000_000)
        .default(20_000)
        .describe("Rows of the register that a census reads in a second at most; 100 M rows take 83 minutes at 20000."),
    })
    .prefault({})
    .describe("How fast the keys of a source are counted."),
  failover: z
    .strictObject({
      roundsPerSecond: z.number().min(0.1).max(10).default(2).describe("Conditional rounds a second of one failover."),
      keysPerRound: z.int().min(1).max(50).default(50).describe("Keys released by one round."),
      inFlightPerPartition: z.int().min(1).max(4).default(1).describe("Rounds in flight at once in one partition."),
    })
    .prefault({})
    .describe("How fast the keys of a dead incarnation are released."),
});

const link = z.strictObject({
  title: title.describe("Text of the link."),
  on: z.enum(LINK_TARGETS).describe("Where it is shown."),
  url: z
    .string()
    .refine(isLinkTemplate, "must be an http or https address; {planId} and the like may stand behind the host")
    .describe(
      "Address, with `{source}` and `{planId}`, `{stepId}`, `{worldId}`, `{node}` or `{actor}` filled in, each encoded.",
    ),
});

const beam = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-zA-Z0-9_-]{1,64}@[a-zA-Z0-9][a-zA-Z0-9.-]{0,190}$/,
      "must be a node name with the host in full, such as worldline@10.0.0.9",
    )
    .describe(
      "Name of this console among the nodes, with an address or host in full. Nobody connects to it. Its own for each source and each console, and the same for good: every new name stays in the memory of every node.",
    ),
  cookieFile: secretFile(
    "the cookie of the nodes, one line. It lets whoever has it run anything on them: readable by the console alone",
  ),
  cookieEnv: secretEnv("that cookie"),
  evaluate: z
    .boolean()
    .default(false)
    .describe(
      "Whether short constant texts may be evaluated on the nodes. Without it there is no safe stop and no top by backlog.",
    ),
  epmdPort: tcpPort.optional().describe("Port of the port mapper on each node's host; 4369 when left out."),
  port: tcpPort.optional().describe("Port that every node listens on when there is no port mapper."),
  tls: z
    .strictObject({
      caFile: z
        .string()
        .min(1)
        .describe("File that holds the certificates (PEM) that those of the nodes are checked against."),
      certificateFile: secretFile("the certificate (PEM) of the console, where nodes ask for one"),
      keyFile: secretFile("its key (PEM)"),
      keyEnv: secretEnv("that key"),
      checkHost: z
        .boolean()
        .default(true)
        .describe("Whether a certificate must be for the host in the node's name. `false` only where nodes share one."),
    })
    .optional()
    .describe("For distribution over TLS (`-proto_dist inet_tls`)."),
});

export const dnaSource = z.strictObject({
  id,
  region,
  title: title.optional().describe("Name on the screen; the id when left out."),
  cluster: z.string().min(1).optional().describe("Value of `nodes.cluster`; every value found when left out."),
  scylla: z
    .strictObject({
      contactPoints: contactPoints.describe("`host:port`; port 9042 when left out."),
      localDataCenter: z.string().min(1).describe("Data centre that is asked first."),
      keyspace: keyspace.describe("Keyspace of DNA's tables."),
      username: z.string().min(1).optional().describe("Role to log in as."),
      passwordEnv: secretEnv("its password"),
      passwordFile: secretFile("its password"),
      tls: tls(),
    })
    .describe("The database."),
  modules: z
    .record(z.string().regex(/^-?\d{1,10}$/, "must be a module id"), title)
    .default({})
    .describe("Names of actor types by `module_id`."),
  act: z.boolean().default(false).describe("Whether the console may write at all."),
  beam: beam
    .optional()
    .describe(
      "Access to the nodes themselves, by Erlang distribution; left out, everything is told from the database.",
    ),
});

export const dynflowSource = z.strictObject({
  id,
  region,
  title: title.optional().describe("Name on the screen; the id when left out."),
  url: z
    .string()
    .min(1)
    .describe(
      "`postgres://user@host:5432/database`, `mysql://user@host:3306/database` (or `mariadb://`), or `sqlite:///path` (read only outside the demo).",
    ),
  passwordEnv: secretEnv("the password of that user"),
  passwordFile: secretFile("the password of that user"),
  tls: tls(" Not for SQLite. `sslmode=verify-full` in `url` is the same as `true`."),
  release: z
    .string({ error: "must be text: write it in quotes" })
    .regex(/^\d+\.\d+(\.\d+)?$/, 'must be a release such as "2.0"')
    .optional()
    .describe(
      `Release of Dynflow that runs on it, such as "2.0" or "1.6.4". It decides which messages may be sent: a receiver that cannot decode one loses its whole inbox. Left out, only what every release of the database's schema understands: all of it on 25; no halt, and so no cancel of a scheduled plan, on 22 to 24; neither events (cancel, abort), halt nor start now on 19 and 20; nothing below. One that contradicts the schema refuses every action.`,
    ),
  act: z.boolean().default(false).describe("Whether the console registers a world and may act. `false` never writes."),
  cancellable: z
    .array(z.string().min(1).max(200))
    .max(200)
    .default([])
    .describe(
      "Action classes whose steps may be sent a cancel; `*` at the end stands for any rest. A suspended step of a class that is not cancellable is destroyed by one.",
    ),
});

export const hafSource = z.strictObject({
  id,
  region,
  title: title.optional().describe("Name on the screen; the id when left out."),
  url: z
    .string()
    .min(1)
    .describe(
      "`postgres://user@host:5432/haf_block_log`, of PostgreSQL itself and not of a pooler in front of it. A role in `hive_applications_group`; it is only read.",
    ),
  passwordEnv: secretEnv("the password of that user"),
  passwordFile: secretFile("the password of that user"),
  tls: tls(" `sslmode=verify-full` in `url` is the same as `true`."),
  apps: z
    .array(z.string().min(1).max(200))
    .max(200)
    .default([])
    .describe("Apps that are meant to run on it, in the order in which they are set up; those found when left out."),
  docker: z
    .strictObject({
      socket: z
        .string()
        .regex(/^\//, "must be an absolute path")
        .optional()
        .describe("Unix socket of the Docker engine. Whoever may open it is root on that host: it is only read."),
      url: z
        .string()
        .refine(isHttpOrigin, "must be such as https://10.0.0.7:2376")
        .optional()
        .describe(
          "Or its address over TCP, `https://host:2376` or `http://host:2375`, such as that of a proxy that lets only reads through.",
        ),
      tls: tls(" With an `https` address only, and there `true` when left out."),
      project: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]{0,99}$/, "must be the name of a compose project")
        .describe("Compose project of the stack."),
    })
    .optional()
    .describe("Its containers; left out, helper roles are inferred from the database."),
});

/** Each section by itself, so that a fault in one hides none in another. */
export const SECTIONS = {
  listen: listen.prefault({}).describe("Where the console answers."),
  journal: journal.prefault({}).describe("What it remembers."),
  auth: auth.prefault({}).describe("Who may come in."),
  readOnly: z
    .boolean()
    .default(false)
    .describe("Never sends anything to any system, whatever `act` says; lifted by nobody from the screen."),
  approvals: z
    .strictObject({
      wholeNode: z
        .boolean()
        .default(false)
        .describe(
          "Whether a job on a whole node, world or type (fail over, stop many, stop a VM, delete a row, invalidate) takes a second person who agrees to it first. Needs `auth.mode: tokens`.",
        ),
      minutes: z
        .number()
        .int()
        .min(1)
        .max(24 * 60)
        .default(15)
        .describe("How long a question stays open, and how long an agreement may be used."),
    })
    .prefault({})
    .describe("The second person."),
  limits: limits.prefault({}).describe("How much at once."),
  masks: z
    .array(z.string().trim().min(1).max(100))
    .max(200)
    .default(["password", "secret", "token"])
    .describe(
      "Values under keys that contain one of these, in any case, are masked in payloads, errors and logs, also for operators and administrators, who reveal them one by one with a reason. Viewers read no payloads at all.",
    ),
  links: z.array(link).max(50).default([]).describe("Links to other tools."),
  loadBalancer: z
    .strictObject({
      title: title.default("Global").describe("Name at the top of the map."),
      regions: z.array(id).max(100).default([]).describe("Regions it leads to; all when empty."),
    })
    .prefault({})
    .describe("The top of the map."),
  regions: z
    .array(
      z.strictObject({
        id: id.describe("Unique."),
        title: title.optional().describe("Name on the screen; the id when left out."),
      }),
    )
    .max(100)
    .default([])
    .describe("Regions in the order of the screen."),
  dna: z.array(dnaSource).max(100).default([]).describe("DNA clusters."),
  dynflow: z.array(dynflowSource).max(100).default([]).describe("Dynflow databases."),
  haf: z.array(hafSource).max(100).default([]).describe("HAF stacks."),
  ingest: ingest.optional().describe("The gateway that agents send to; closed when left out."),
  alerts: alerts.default([]).describe("Whom findings are told, by webhook."),
  demo: z
    .strictObject({
      speed: z.number().positive().max(100).default(1).describe("Scales simulators and readers together."),
    })
    .optional()
    .describe("The embedded demo; only without real sources, and then it runs even when left out."),
} as const;

export const documentSchema = z.strictObject(SECTIONS);
export type ConfigurationDocument = z.output<typeof documentSchema>;
export type BeamDocument = z.output<typeof beam>;
export type DnaDocument = z.output<typeof dnaSource>;
export type DynflowDocument = z.output<typeof dynflowSource>;
export type HafDocument = z.output<typeof hafSource>;
