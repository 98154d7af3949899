/**
 * What each check says of a source, from what is known of it at one moment. Pure: no reads, no clock of its own. A check
 * that cannot be judged just now answers `null` (what was said of it stands); one that lacks what it takes says so.
 */
import type { DatabaseHostFacts, HealthLevel } from "#server/contract/event.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { NodeSample, StreamSample } from "#server/contract/live.ts";
import type { HealthCheckId } from "#server/contract/view/health-checks.ts";
import { formatAgeMs, formatCount, plural } from "#server/contract/view/words.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { LATE_REFRESH_MS } from "./domain/beam-health.ts";
import { type KeyspaceFacts, refusesLwt } from "./domain/keyspace-facts.ts";
import { SKEW_BEYOND_MAX_MS, SKEW_MAX_MS } from "./domain/releasable.ts";
import type { RegisterSize } from "./ports.ts";

/** Rows of one type beyond which its partition is called wide. */
export const WIDE_ROWS = 10_000_000;
/** What a row takes, where only bytes are known. */
const ROW_BYTES = 100;
export const CLOCK_HEALTH_MIN = 0.9;
const SKEW_NOTABLE_MS = 1_000;
/** From here on the next foreign request halts the VM. */
export const REFRESH_HALTS_MS = 10_000;
/** What was seen once is told this long. */
export const REMEMBERED_MS = 24 * 3_600_000;
const CASCADE_ACUTE_MS = 10 * 60_000;
/** A value of a node that is older than this says nothing about now. */
const SAMPLE_FRESH_MS = 2 * 60_000;
/** Names told in one sentence. */
const NAMES_MAX = 5;

/** A key, or keys, of a beating owner that another one has. */
export interface Takeover {
  readonly at: EpochMs;
  /** In words: which key or how many, from whom to whom. */
  readonly text: string;
  readonly about: string;
}

/** Another cluster in the keyspace that this console does not follow. */
export interface Stranger {
  readonly cluster: string;
  /** Its rows that were written a moment ago. */
  readonly beating: number;
}

export interface HealthInput {
  readonly fold: DnaFold;
  readonly sample: StreamSample | null;
  /** `null` = the database has not told yet. */
  readonly facts: KeyspaceFacts | null;
  readonly size: RegisterSize | null;
  readonly strangers: readonly Stranger[];
  readonly takeovers: readonly Takeover[];
  /** Whether access to the nodes is configured. */
  readonly beam: boolean;
  readonly now: EpochMs;
}

export interface HealthVerdict {
  readonly level: HealthLevel;
  readonly evidence: string;
  /** Sorted. */
  readonly about: readonly string[];
}

type Check = (input: HealthInput) => HealthVerdict | null;

/** Every check of the closed list, judged. */
export function judgeHealth(input: HealthInput): ReadonlyMap<HealthCheckId, HealthVerdict> {
  const verdicts = new Map<HealthCheckId, HealthVerdict>();
  for (const [id, check] of CHECKS) {
    const verdict = check(input);
    if (verdict !== null) verdicts.set(id, { ...verdict, about: [...new Set(verdict.about)].sort() });
  }
  return verdicts;
}

const ok = (evidence: string): HealthVerdict => ({ level: "ok", evidence, about: [] });
const notKnown = (evidence: string): HealthVerdict => ({ level: "not-known", evidence, about: [] });
const bad = (level: "critical" | "warning", evidence: string, about: readonly string[]): HealthVerdict => ({
  level,
  evidence,
  about,
});

const NEEDS_BEAM =
  "Not known: needs access to the nodes over Erlang distribution (`beam:` of this source in the configuration).";

/** Names, the first few. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).join(", ");
  return names.length > NAMES_MAX ? `${shown} and ${names.length - NAMES_MAX} more` : shown;
}

const entriesOf = ({ fold }: HealthInput) => Object.entries(fold.nodes);
const beats = ({ state }: NodeFold): boolean => state === "alive" || state === "returned" || state === "late";

const oneCluster: Check = (input) => {
  const nodes = entriesOf(input).map(([, node]) => node);
  const counts = new Map<string, number>();
  for (const node of nodes.filter(beats)) counts.set(node.cluster, (counts.get(node.cluster) ?? 0) + 1);
  for (const { cluster, beating } of input.strangers) if (beating > 0) counts.set(cluster, beating);
  if (counts.size > 1) {
    const told = [...counts].map(([name, beating]) => `${name} (${plural(beating, "node")})`);
    return bad("critical", `${listed(told)} beat in one keyspace: they take each other's keys.`, [...counts.keys()]);
  }
  // After a start or a gap nobody is judged yet: that is no good news.
  if (nodes.some(({ state }) => state === "observing")) return null;
  const [only] = counts.keys();
  return ok(only === undefined ? "No cluster beats in it." : `Only ${only} beats in it.`);
};

const tablets: Check = ({ facts }) => {
  if (facts === null) return null;
  const version = facts.version ?? "of unknown version";
  const refused = refusesLwt(facts);
  if (refused === true)
    return bad(
      "critical",
      `Keyspace ${facts.keyspace} is made of tablets, and ScyllaDB ${version} refuses LWT there.`,
      [facts.keyspace],
    );
  if (refused === null)
    return notKnown(`Whether ScyllaDB ${version} takes conditional writes in ${facts.keyspace} is not told by it.`);
  if (facts.tablets === "on") return ok(`Made of tablets; ScyllaDB ${version} takes conditional writes there.`);
  return ok(
    facts.product === "scylla" ? `No tablets; ScyllaDB ${version}.` : `${PRODUCTS[facts.product]} has no tablets.`,
  );
};

const PRODUCTS = { cassandra: "Apache Cassandra", scylla: "ScyllaDB", simulator: "The simulated database" } as const;

const names: Check = (input) => {
  const conflicts = entriesOf(input).filter(([, node]) => node.flags.name_conflict !== undefined);
  const found = [...new Set(conflicts.map(([, { node }]) => node))].sort();
  if (found.length === 0) return ok("No name beats under two incarnations.");
  return bad("critical", `${listed(found)} ${found.length === 1 ? "beats" : "beat"} under two incarnations.`, found);
};

const doubles: Check = ({ fold, beam }) => {
  const found = Object.values(fold.doubled);
  if (found.length > 0) {
    const keys = found.map(({ namespace, moduleId, name }) => `${namespace} / ${moduleId} ${name}`).sort();
    return bad("critical", `${plural(found.length, "key")} with two instances: ${listed(keys)}.`, keys.slice(0, 50));
  }
  if (!beam) return notKnown(NEEDS_BEAM);
  return connectedOf(fold) === 0 ? notKnown(NOBODY_ANSWERS) : ok("No key was seen to run on two nodes.");
};

const NOBODY_ANSWERS = "Not known: no node answers over Erlang distribution.";
const connectedOf = (fold: DnaFold): number =>
  Object.values(fold.beam).filter(({ state }) => state === "connected").length;

const takeover: Check = ({ fold, takeovers, now }) => {
  const recent = takeovers.filter(({ at }) => now - at < REMEMBERED_MS).toSorted((a, b) => b.at - a.at);
  const [latest] = recent;
  if (latest !== undefined) {
    const more = recent.length === 1 ? "" : `; ${plural(recent.length, "time")} within a day`;
    return bad(
      "warning",
      `${latest.text}${more}.`,
      recent.slice(0, 50).map(({ about }) => about),
    );
  }
  const watched = Object.keys(fold.watched).length;
  if (watched === 0 && fold.census === null)
    return notKnown("Not known: nobody looks at a key, and the keys were never counted.");
  return ok(`None seen: of ${plural(watched, "key")} that somebody looks at, and from one census to the next.`);
};

const cascade: Check = ({ fold, beam, now }) => {
  const recent = Object.values(fold.fell)
    .filter(({ at }) => now - at < REMEMBERED_MS)
    .toSorted((a, b) => b.at - a.at);
  const [latest] = recent;
  if (latest !== undefined) {
    const { node, before, after, withinMs, at } = latest;
    const acute = now - at < CASCADE_ACUTE_MS;
    return bad(
      acute ? "critical" : "warning",
      `${node} went from ${formatCount(before)} to ${plural(after, "actor")} within ${formatAgeMs(withinMs)}.`,
      recent.map((each) => each.node),
    );
  }
  if (!beam) return notKnown(NEEDS_BEAM);
  return connectedOf(fold) === 0 ? notKnown(NOBODY_ANSWERS) : ok("No count fell by 90 % at once within a day.");
};

const refresh: Check = ({ fold, sample, beam, now }) => {
  if (!beam) return notKnown(NEEDS_BEAM);
  const told = Object.entries(sample?.beam ?? {}).filter(([, { asOf }]) => now - asOf <= SAMPLE_FRESH_MS);
  const known = told.flatMap(([id, { refreshMs }]) => (refreshMs === null ? [] : [{ id, refreshMs }]));
  if (known.length === 0) return notKnown(NOBODY_ANSWERS);
  const late = known
    .filter(({ refreshMs }) => refreshMs > LATE_REFRESH_MS)
    .toSorted((a, b) => b.refreshMs - a.refreshMs);
  const [worst] = late;
  if (worst === undefined)
    return ok(`${plural(known.length, "node")} asked, none later than ${formatAgeMs(LATE_REFRESH_MS)}.`);
  const nodeNames = late.map(({ id }) => nameOf(fold, id));
  return bad(
    worst.refreshMs >= REFRESH_HALTS_MS ? "critical" : "warning",
    `${nodeNames[0]} refreshed ${formatAgeMs(worst.refreshMs)} before it was asked; ${plural(late.length, "node")} late.`,
    nodeNames,
  );
};

const nameOf = (fold: DnaFold, id: string): string => fold.nodes[id]?.node ?? id;

const clocks: Check = (input) => {
  const samples = input.sample?.nodes ?? {};
  const known = entriesOf(input).flatMap(([id, node]) => {
    const health = clockOf(samples[id]);
    return health === null || !beats(node) ? [] : [{ node: node.node, health }];
  });
  if (known.length === 0) return notKnown("Not known yet: it takes 20 s of beats that follow one another.");
  const slow = known.filter(({ health }) => health < CLOCK_HEALTH_MIN).toSorted((a, b) => a.health - b.health);
  const [worst] = slow;
  if (worst === undefined) return ok(`${plural(known.length, "clock")} measured, none below ${CLOCK_HEALTH_MIN}.`);
  return bad(
    "warning",
    `${worst.node} runs at ${worst.health.toFixed(2)} of the database's clock; ${plural(slow.length, "clock")} below ${CLOCK_HEALTH_MIN}.`,
    slow.map(({ node }) => node),
  );
};

const clockOf = (sample: NodeSample | undefined): number | null => sample?.clockHealth ?? null;

const skew: Check = ({ sample }) => {
  const skewMs = sample?.skewMs ?? null;
  const least = sample?.skewIsLeast === true;
  if (skewMs === null) return notKnown("Not known yet: no beat was seen whose write time could be compared.");
  const told = `They are ${least ? "at least " : ""}${formatAgeMs(skewMs)} apart`;
  if (skewMs >= (least ? SKEW_BEYOND_MAX_MS : SKEW_MAX_MS))
    return bad("critical", `${told}: nothing of this source is releasable.`, ["coordinators"]);
  return skewMs >= SKEW_NOTABLE_MS ? ok(`${told}, below the 5 s that matter.`) : ok("They are less than 1 s apart.");
};

const widePartition: Check = ({ fold, size }) => {
  const types = fold.census?.types ?? [];
  const wide = types.filter(({ rows }) => rows > WIDE_ROWS).toSorted((a, b) => b.rows - a.rows);
  const [widest] = wide;
  if (widest !== undefined) {
    const about = wide.map(({ namespace, moduleId }) => `${namespace} / ${moduleId}`);
    return bad("warning", `${about[0]} has ${formatCount(widest.rows)} rows in one partition, as last counted.`, about);
  }
  const bytes = size?.largestPartitionBytes ?? null;
  if (bytes !== null && bytes > WIDE_ROWS * ROW_BYTES)
    return bad(
      "warning",
      `The database tells of a partition of ${formatCount(Math.round(bytes / 1_048_576))} MiB, over ${formatCount(WIDE_ROWS)} rows by its size; count the keys to know.`,
      ["by size"],
    );
  if (types.length > 0)
    return ok(
      `The widest of ${plural(types.length, "type")} has ${formatCount(Math.max(...types.map(({ rows }) => rows)))} rows, as last counted.`,
    );
  if (bytes !== null && bytes > 0) return ok(`By the sizes that the database tells; the keys were not counted yet.`);
  return notKnown("Not known: the keys were never counted, and the database tells no sizes.");
};

const dataCenters: Check = ({ fold, facts }) => {
  if (facts !== null && Object.keys(facts.replication.byDataCenter).length > 0) {
    const copies = Object.entries(facts.replication.byDataCenter);
    const told = copies.map(([name, count]) => `${name} (${count})`).join(", ");
    return copies.length > 1
      ? bad(
          "warning",
          `Copied to ${told}: LOCAL_SERIAL orders claims within one of them only.`,
          copies.map(([name]) => name),
        )
      : ok(`Copied within ${told}.`);
  }
  const hosts: readonly DatabaseHostFacts[] = fold.database?.hosts ?? [];
  if (hosts.length === 0) return null;
  const found = [...new Set(hosts.map(({ dataCenter }) => dataCenter))].sort();
  return found.length > 1
    ? bad("warning", `Hosts are in ${found.join(", ")}, and the keyspace does not say where its copies are.`, found)
    : ok(`All hosts are in ${found.join()}.`);
};

const rows: Check = ({ fold }) => {
  const found = Object.keys(fold.unreadable).sort();
  if (found.length === 0) return ok("All were read.");
  return bad("warning", `${plural(found.length, "row")} cannot be read.`, found.slice(0, 50));
};

const CHECKS: readonly (readonly [HealthCheckId, Check])[] = [
  ["one-cluster", oneCluster],
  ["tablets", tablets],
  ["names", names],
  ["doubles", doubles],
  ["takeover", takeover],
  ["cascade", cascade],
  ["refresh", refresh],
  ["clocks", clocks],
  ["skew", skew],
  ["wide-partition", widePartition],
  ["data-centers", dataCenters],
  ["rows", rows],
];
