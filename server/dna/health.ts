import type { DnaFold } from "#server/contract/fold/dna.ts";

export interface HealthCheck {
  readonly id: string;
  readonly ok: boolean;
  readonly title: string;
  readonly detail: string;
}

/** Misconfigurations that DNA itself does not notice (`dna.md` 3 and 8), judged on what was read. */
export function healthChecks(fold: DnaFold): HealthCheck[] {
  const nodes = Object.values(fold.nodes);
  const live = nodes.filter((node) => node.state === "alive" || node.state === "returned");
  const clusters = [...new Set(live.map((node) => node.cluster))].sort();
  const conflicts = nodes.filter((node) => node.flags.name_conflict !== undefined);
  const unreadable = Object.keys(fold.unreadable);
  const dataCenters = [...new Set((fold.database?.hosts ?? []).map((host) => host.dataCenter))].sort();
  return [
    {
      id: "one-cluster",
      ok: clusters.length <= 1,
      title: "One live cluster in the keyspace",
      detail:
        clusters.length <= 1
          ? "No other cluster beats in it."
          : `${clusters.join(", ")} all beat: they steal each other's keys.`,
    },
    {
      id: "names",
      ok: conflicts.length === 0,
      title: "Each node name beats once",
      detail:
        conflicts.length === 0
          ? "No name beats under two incarnations."
          : [...new Set(conflicts.map((node) => node.node))].join(", "),
    },
    {
      id: "rows",
      ok: unreadable.length === 0,
      title: "Every row of the nodes table can be read",
      detail: unreadable.length === 0 ? "All were read." : `${unreadable.length} cannot be read.`,
    },
    {
      id: "data-centers",
      ok: dataCenters.length <= 1,
      title: "One data centre",
      detail:
        dataCenters.length <= 1
          ? "Claims are linearised in one data centre."
          : `${dataCenters.join(", ")}: LOCAL_SERIAL is per data centre, so keys claimed from two of them are not unique.`,
    },
  ];
}
