"use client";
import { formatBytes, formatCount, formatDurationMs, formatShare } from "#components/ui/format.ts";
import { type Fact, Facts } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";
import { NEAR_LIMIT, shareOf } from "./beam-words.ts";

/** What the VM says of itself; what nears a limit stands out: at the limit of atoms or processes it ends. */
export function Vitals({ vitals }: { readonly vitals: BeamNodeOutput["vitals"] }) {
  if (vitals === null) return <Empty title="It did not tell its vitals yet." />;
  const { memoryBytes, processes, processLimit, atoms, atomLimit, runQueue, schedulersOnline, uptimeMs } = vitals;
  const facts: Fact[] = [
    { name: "up for", value: formatDurationMs(uptimeMs), source: "exact" },
    { name: "memory", value: <b className="strong">{formatBytes(memoryBytes.total)}</b>, source: "total" },
    { name: "processes' memory", value: formatBytes(memoryBytes.processes) },
    { name: "binaries", value: formatBytes(memoryBytes.binary) },
    { name: "tables", value: formatBytes(memoryBytes.ets), source: "ETS" },
    { name: "processes", value: <Limited value={processes} limit={processLimit} />, source: limitOf(processLimit) },
    { name: "atoms", value: <Limited value={atoms} limit={atomLimit} />, source: limitOf(atomLimit) },
    {
      name: "run queue",
      value: <span className={runQueue > schedulersOnline * 4 ? "t-attention" : ""}>{formatCount(runQueue)}</span>,
      source: `${formatCount(schedulersOnline)} schedulers`,
    },
  ];
  return <Facts facts={facts} wide />;
}

const limitOf = (limit: number): string => `of ${formatCount(limit)}`;

function Limited({ value, limit }: { readonly value: number; readonly limit: number }) {
  const share = shareOf(value, limit);
  return (
    <>
      {formatCount(value)} <span className={share > NEAR_LIMIT ? "t-attention" : "t3"}>{formatShare(share)}</span>
    </>
  );
}
