/**
 * The checks of a DNA cluster: what each asks, why it matters and what to do. A closed list of texts; what a check says
 * of a cluster is in the fold (`DnaFold.health`), now and as of any past instant.
 */
import type { HealthLevel } from "#server/contract/event.ts";
import type { DnaFold, HealthFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";

export interface HealthCheckText {
  readonly id: string;
  /** What is well when it is. */
  readonly title: string;
  /** What is wrong when it is not, as the head of a finding. */
  readonly trouble: string;
  readonly explanation: string;
  readonly remedy: string;
  /** Heading of `docs/operations.md` to read on at. */
  readonly anchor: string;
  /** What it is judged by. */
  readonly judgedBy: "database" | "nodes" | "census";
}

export const HEALTH_CHECKS = [
  {
    id: "one-cluster",
    title: "One live cluster in the keyspace",
    trouble: "Two live clusters share a keyspace",
    explanation:
      "The register has no cluster column. Each of two clusters sees the owners of the other as absent, hence dead, and takes their keys: both run the same actors.",
    remedy: "Stop one of them, give it a keyspace of its own, then start it again.",
    anchor: "health-one-cluster",
    judgedBy: "database",
  },
  {
    id: "tablets",
    title: "Conditional writes are taken",
    trouble: "Conditional writes are refused by this database",
    explanation:
      "ScyllaDB up to 2025.3 refuses conditional writes in keyspaces made of tablets. DNA claims every key by one, so no actor can start there.",
    remedy: "Make the keyspace anew with tablets = {'enabled': false}, or upgrade to a release that takes them.",
    anchor: "health-tablets",
    judgedBy: "database",
  },
  {
    id: "names",
    title: "Each node name beats once",
    trouble: "One node name beats twice",
    explanation:
      "Calls are forwarded to a node by its name. Two VMs of one name get each other's calls, and neither can be proven dead; both are never released.",
    remedy:
      "Give each VM a name of its own (nonode@nohost and equal container names are the usual cause), and restart one.",
    anchor: "health-names",
    judgedBy: "database",
  },
  {
    id: "doubles",
    title: "Every key runs once",
    trouble: "A key runs on two nodes at once",
    explanation:
      "Both instances write the storage of the key, without any fencing: the later write wins, whichever it is.",
    remedy:
      "Stop the instance that is not with the owner in the register. The next message to the key is served by the other.",
    anchor: "health-doubles",
    judgedBy: "nodes",
  },
  {
    id: "takeover",
    title: "No key was taken from a node that beats",
    trouble: "A key changed its owner while the previous one was beating",
    explanation:
      "A node polls its peers every 5 s and a bit, and so do they beat. Where the two cross, a healthy owner can look silent for over 10 s to one of them, which then takes a key of it. For up to 60 s both may serve it.",
    remedy:
      "Look whether the key runs twice, and stop the older instance. It happens again by itself where refreshes are slow: look at the load of the database.",
    anchor: "health-takeover",
    judgedBy: "database",
  },
  {
    id: "cascade",
    title: "No node lost all its actors at once",
    trouble: "A node lost nearly all its actors within seconds",
    explanation:
      "Four crashes of actors of one partition within 5 s end its supervisor, and with it every partition of the node: one poison actor empties it. Actors start again with their next message.",
    remedy: "Find the actor that crashes in the log of the node, and keep messages from it until it is mended.",
    anchor: "health-cascade",
    judgedBy: "nodes",
  },
  {
    id: "refresh",
    title: "Every node refreshes in time",
    trouble: "A node refreshes late",
    explanation:
      "From 10 s without a refresh on, the next message to a key of another node halts the VM. From 7 s on it is close to that.",
    remedy: "Look at the load of the node and at the answer times of the database it talks to.",
    anchor: "health-refresh",
    judgedBy: "nodes",
  },
  {
    id: "clocks",
    title: "Clocks of nodes keep time",
    trouble: "The clock of a node runs slow",
    explanation:
      "Its heartbeat advances slower than the clock of the database: the VM stalls, or its clock does. It beats late by its peers' clocks and is taken for dead in turns.",
    remedy: "Look at the host: CPU steal, suspended or migrated VMs, a throttled container.",
    anchor: "health-clocks",
    judgedBy: "database",
  },
  {
    id: "skew",
    title: "Clocks of the database agree",
    trouble: "Clocks of the database's hosts are apart",
    explanation:
      "Ages of writes are told by two of its hosts. With over 5 s between them no incarnation is releasable: a live one could look long dead.",
    remedy: "Mend NTP on the hosts of the database.",
    anchor: "health-skew",
    judgedBy: "database",
  },
  {
    id: "wide-partition",
    title: "No type of actors is too wide",
    trouble: "A type of actors is very wide",
    explanation:
      "All keys of one type are one partition of the register: one set of hosts bears all its claims, one after another. Over 10 million rows compactions and repairs of it take long.",
    remedy: "Spread the type over several namespaces in the application, and see that repairs of the partition end.",
    anchor: "health-wide-partition",
    judgedBy: "census",
  },
  {
    id: "data-centers",
    title: "One data centre",
    trouble: "The keyspace is copied to several data centres",
    explanation:
      "DNA claims at LOCAL_SERIAL, which orders writes within one data centre. Nodes that write in two of them can both win the same key.",
    remedy:
      "Let all nodes of the cluster, and this console, use one and the same data centre; or take the others out of the keyspace.",
    anchor: "health-data-centers",
    judgedBy: "database",
  },
  {
    id: "rows",
    title: "Every row of the nodes table can be read",
    trouble: "Rows of the nodes table cannot be read",
    explanation:
      "Such a row costs only itself, but whether its node lives is not judged, and nothing of it is released.",
    remedy: "Look at the row: somebody else than DNA has written it.",
    anchor: "health-rows",
    judgedBy: "database",
  },
] as const satisfies readonly HealthCheckText[];

export type HealthCheckId = (typeof HEALTH_CHECKS)[number]["id"];

/** From worst to best. */
export const LEVELS_WORST_FIRST: readonly HealthLevel[] = ["critical", "warning", "not-known", "ok"];

export interface HealthCheckView extends HealthCheckText {
  readonly level: HealthLevel;
  readonly evidence: string;
  readonly about: readonly string[];
  /** Since when it is at this level; `null` = it was not judged yet. */
  readonly since: HealthFold["since"] | null;
  /** When the evidence was told; `null` likewise. */
  readonly at: HealthFold["at"] | null;
}

/** All checks of a source as last judged, worst first, in the order of the list among equals. */
export function healthOf(fold: Pick<DnaFold, "health">): readonly HealthCheckView[] {
  const views = HEALTH_CHECKS.map((text): HealthCheckView => {
    const judged = own(fold.health, text.id);
    return judged === undefined
      ? { ...text, level: "not-known", evidence: "Not judged yet.", about: [], since: null, at: null }
      : { ...text, ...judged };
  });
  const rank = ({ level }: HealthCheckView) => LEVELS_WORST_FIRST.indexOf(level);
  return views.toSorted((a, b) => rank(a) - rank(b));
}

/** How many checks are at each level. */
export function countHealth(checks: readonly HealthCheckView[]): Readonly<Record<HealthLevel, number>> {
  const counts: Record<HealthLevel, number> = { critical: 0, warning: 0, "not-known": 0, ok: 0 };
  for (const { level } of checks) counts[level] += 1;
  return counts;
}
