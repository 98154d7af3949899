"use client";
import { useMemo } from "react";
import { machineDiagram } from "#components/lifecycle/machine-diagram.ts";
import { MachineLifecycle } from "#components/lifecycle/machine-lifecycle.tsx";
import { formatDurationMs } from "#components/ui/format.ts";
import { useNow } from "#components/ui/live.ts";
import { WORKER_MACHINE, workerPlace } from "#server/contract/diagram/worker-loop.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const DIAGRAM = machineDiagram(WORKER_MACHINE);

/** Older than this the node's own answer says nothing of the present moment: its refreshes went on since. */
const TOLD_FRESH_MS = 4_000;
/** The loop turns once in about this time. */
const LOOP_MS = 5_000;

interface WorkerLoopProps {
  /** Age of its last refresh as it told it, and when; `null` = it did not tell. */
  readonly refresh: { readonly ageMs: number | null; readonly at: EpochMs } | null;
  /** Since its heartbeat was last seen to change; `null` = not known. */
  readonly silentMs: number | null;
}

/** Where the worker of a node stands, by its own word where that is fresh, else inferred from its heartbeat. */
export function WorkerLoop({ refresh, silentMs }: WorkerLoopProps) {
  const now = useNow();
  const toldMs = refresh === null || now === null ? null : now - refresh.at;
  const own =
    refresh !== null && toldMs !== null && (toldMs <= TOLD_FRESH_MS || isStuck(refresh.ageMs, toldMs, silentMs));
  const ageMs = own ? grown(refresh.ageMs, toldMs) : silentMs;
  const known = own || silentMs !== null;
  const place = workerPlace(ageMs);
  const word = known ? place.now.join("\n") : "";
  const marks = useMemo(() => ({ now: word === "" ? [] : word.split("\n"), passed: [], live: [], notes: {} }), [word]);
  const how = own
    ? `by its own word ${ageMs === null ? "" : `(last refresh ${formatDurationMs(ageMs)} ago)`}`
    : silentMs === null
      ? "not known"
      : `inferred: its heartbeat changed ${formatDurationMs(silentMs)} ago, as we saw it`;
  return (
    <MachineLifecycle
      machine={WORKER_MACHINE}
      diagram={DIAGRAM}
      marks={marks}
      note={
        <>
          here = magenta frame; {known ? `${place.said}, ` : ""}
          {how}
        </>
      }
    />
  );
}

const grown = (ageMs: number | null, byMs: number): number | null => (ageMs === null ? null : ageMs + byMs);

/** Its heartbeat has stood still since it told: no refresh has ended meanwhile either, so its word has only grown older. */
const isStuck = (ageMs: number | null, toldMs: number, silentMs: number | null): boolean =>
  silentMs !== null && silentMs > LOOP_MS + (toldMs ?? 0) && (ageMs === null || ageMs > LOOP_MS);
