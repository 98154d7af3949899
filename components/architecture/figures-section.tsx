"use client";
import { formatRate } from "#components/pipeline/rate-words.ts";
import { formatBytes, formatCount, formatDurationMs, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { OPERATION_PHASES } from "#server/contract/fold/operator-state.ts";
import type { ArchitectureOutput } from "#server/contract/wire/admin-architecture.ts";
import type { ArchitectureView } from "./architecture-view.ts";
import type { Rates } from "./rates.ts";

const perSecond = (value: number | undefined): string => (value === undefined ? "…" : formatRate(value));

/** The figures behind the picture, with their units. */
export function FiguresSection({ view }: { readonly view: ArchitectureView }) {
  const { figures, rates } = view;
  return (
    <Section className="sec-gap" title="Figures" note="since this process began; rates of the last two seconds">
      {figures === null ? <p className="t3">reading…</p> : <Facts wide facts={factsOf(figures, rates)} />}
      <Operations view={view} />
    </Section>
  );
}

function factsOf({ process, journal, hub, calls, uptimeMs }: ArchitectureOutput, rates: Rates | null): readonly Fact[] {
  const { appendMs, bytes } = journal;
  return [
    {
      name: "Process",
      value: `up for ${formatDurationMs(uptimeMs)}`,
      source: `loop late by ${formatDurationMs(process.loopDelayMs)} at most in 2 min`,
    },
    {
      name: "Memory",
      value: formatBytes(process.rssBytes),
      source: `${formatBytes(process.heapBytes)} of it in use by objects`,
    },
    {
      name: "Journal",
      value: `${perSecond(rates?.eventsPerSecond)}, ${formatCount(journal.events)} events`,
      source: `${journal.store}${bytes === null ? "" : `, ${formatBytes(bytes)}`}${journal.writer ? "" : ", written by another console"}`,
    },
    {
      name: "Appends",
      value: `${perSecond(rates?.appendsPerSecond)}, ${plural(journal.failures, "failure")}`,
      source:
        appendMs === null
          ? "none yet"
          : `${formatDurationMs(appendMs.median)} in the middle, ${formatDurationMs(appendMs.longest)} at most, of the last 100`,
    },
    {
      name: "Live feed",
      value: `${plural(hub.streams, "stream")}, ${rates === null ? "…" : `${formatBytes(rates.bytesPerSecond)}/s`}`,
      source: `${formatCount(hub.made)} messages made, ${formatCount(hub.written)} written, ${plural(hub.fellBehind, "client")} fell behind`,
    },
    callsFact("Queries", calls.query, rates?.queriesPerSecond),
    callsFact("Actions", calls.mutation, rates?.mutationsPerSecond),
  ];
}

function callsFact(name: string, { calls, errors, p95Ms }: ArchitectureOutput["calls"]["query"], rate?: number): Fact {
  const took = p95Ms === null ? "none answered yet" : `95 of 100 within ${formatDurationMs(p95Ms)}, of the last 200`;
  return {
    name,
    value: `${perSecond(rate)}, ${formatCount(calls)} called`,
    source: `${took}; ${plural(errors, "error")}, refusals among them`,
  };
}

/** Actions that are remembered, by how far they came. */
function Operations({ view: { operations } }: { readonly view: ArchitectureView }) {
  const phases = OPERATION_PHASES.filter((phase) => (operations[phase] ?? 0) > 0);
  return (
    <p className="small op-phases">
      <span className="t3">Commands of operators, of the last 200: </span>
      {phases.length === 0 && "none"}
      {phases.map((phase) => (
        <Link key={phase} href={routes.journal({ view: "actions", phase })} className="plain">
          <State system="operation" word={phase} /> {operations[phase]}
        </Link>
      ))}
    </p>
  );
}
