/** The actors of one partition that are furthest behind: found on the node where that is allowed, else over a list. */
import type { WireShape } from "#server/contract/wire/common.ts";
import type { hottestOutput } from "#server/contract/wire/dna-actors.ts";
import type { BeamInstance, BeamProcess, DnaBeam } from "./beam-ports.ts";

type Hottest = Omit<WireShape<typeof hottestOutput>, "asOf" | "faults" | "node">;
type Row = Hottest["rows"][number];

/** Instances that are listed where nothing may be evaluated on the node. */
const LISTED_MAX = 2_000;
/** Of those, how many are asked for what they have buffered, for each row shown. */
const ASKED_PER_ROW = 2;

export async function hottestOf(beam: DnaBeam, node: string, partition: number, limit: number): Promise<Hottest> {
  const [partitions, found] = await Promise.all([
    beam.partitions(node),
    beam.evaluate ? topOnNode(beam, node, partition, limit) : topOfListed(beam, node, partition, limit),
  ]);
  const running = partitions.find(({ index }) => index === partition)?.running ?? null;
  return { ...found, running, rows: found.rows.toSorted(byBacklog).slice(0, limit) };
}

type Found = Pick<Hottest, "over" | "cut" | "rows">;

async function topOnNode(beam: DnaBeam, node: string, partition: number, limit: number): Promise<Found> {
  const top = await beam.top(node, partition, limit);
  const rows = top.map(({ instance, mailbox, buffered, memoryBytes }) =>
    toRow(instance, { mailbox, buffered, memoryBytes }),
  );
  return { over: "node", cut: false, rows };
}

/** A backlog in a buffer shows in the memory of its process: the largest are asked. */
async function topOfListed(beam: DnaBeam, node: string, partition: number, limit: number): Promise<Found> {
  const page = await beam.instances(node, { partition, type: null, prefix: "", limit: LISTED_MAX });
  const processes = await beam.inspect(node, page.instances);
  const running = page.instances.flatMap((instance, index): [BeamInstance, BeamProcess][] => {
    const process = processes[index] ?? null;
    return process === null ? [] : [[instance, process]];
  });
  const candidates = running
    .toSorted(([, a], [, b]) => b.mailbox - a.mailbox || b.memoryBytes - a.memoryBytes)
    .slice(0, limit * ASKED_PER_ROW);
  const rows = await Promise.all(
    candidates.map(async ([instance, process]) => {
      const backlog = await beam.backlog(node, instance);
      const buffered = backlog.kind === "known" ? backlog.buffered : null;
      const { mailbox, memoryBytes } = backlog.kind === "ended" ? process : backlog;
      return toRow(instance, { mailbox, buffered, memoryBytes });
    }),
  );
  return { over: "listed", cut: page.more, rows };
}

const toRow = ({ key, ref }: BeamInstance, numbers: Pick<Row, "mailbox" | "buffered" | "memoryBytes">): Row => ({
  namespace: key.namespace,
  moduleId: key.moduleId,
  name: key.name,
  ref,
  ...numbers,
});

const backlogOf = ({ mailbox, buffered }: Row): number => mailbox + (buffered ?? 0);
const byBacklog = (a: Row, b: Row): number => backlogOf(b) - backlogOf(a) || b.memoryBytes - a.memoryBytes;
