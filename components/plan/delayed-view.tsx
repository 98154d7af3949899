"use client";
import { useQuery } from "@tanstack/react-query";
import { formatDurationMs, parseInstant, plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { useNow } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { ObstacleView, ReadinessView } from "#server/contract/wire/dynflow-plan-parts.ts";
import { unreachable } from "#server/kernel/errors.ts";
import type { Tone } from "#server/kernel/states.ts";
import { PayloadText } from "./payload-view.tsx";
import type { PlanOutput } from "./types.ts";
import { useDynflowFold } from "./use-plan.ts";
import { WorldName } from "./world-name.tsx";
import "./plan-parts.css";

type DelayedOutput = Outputs["dynflow"]["plans"]["delayed"];

const LOOK_EVERY_MS = 5_000;

/** When a scheduled plan starts; if it does not, why not; and with what. */
export function DelayedView({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  const trpc = useTRPC();
  const query = useQuery(
    trpc.dynflow.plans.delayed.queryOptions(
      { source, planId: plan.id },
      { refetchInterval: plan.state === "stopped" ? false : LOOK_EVERY_MS },
    ),
  );
  return (
    <QueryWidget query={query} what="its delay" columns={2}>
      {(delayed) => <Delayed source={source} planId={plan.id} delayed={delayed} />}
    </QueryWidget>
  );
}

interface DelayedProps {
  readonly source: string;
  readonly planId: string;
  readonly delayed: DelayedOutput;
}

function Delayed({ source, planId, delayed }: DelayedProps) {
  const { tone, text } = verdictOf(delayed.readiness);
  return (
    <div className="stack">
      <Section title="Start" note="by the rules of Dynflow's delayed executor">
        <p className={`verdict st t-${tone} wrap`}>
          <Glyph tone={tone} />
          {text}
        </p>
        <Because source={source} planId={planId} delayed={delayed} />
        <Facts wide facts={factsOf(source, planId, delayed)} />
      </Section>
      {delayed.delayed !== null && (
        <Section title="Arguments" note="with which it will be planned" aside={<bdi>{delayed.delayed.serializer}</bdi>}>
          <PayloadText
            payload={delayed.delayed.args}
            label="Arguments"
            source={source}
            planId={planId}
            part={(place) => ({ kind: "arguments", place: [...place] })}
            cell={{ row: "delayed", id: null, column: "serialized_args" }}
          />
        </Section>
      )}
    </div>
  );
}

function verdictOf(readiness: ReadinessView): { readonly tone: Tone; readonly text: React.ReactNode } {
  switch (readiness.kind) {
    case "not-scheduled":
      return { tone: "idle", text: "It is not scheduled any more: nothing here holds it up." };
    case "never":
      return { tone: "failed", text: "It can never start by itself: its delayed record is gone." };
    case "planning":
      return { tone: "working", text: "A world is planning it now." };
    case "ready":
      if (readiness.outcome.kind === "start") return { tone: "good", text: "It is ready: the next look starts it." };
      return { tone: "failed", text: "It will not start: the next look stops it." };
    case "waiting":
      if (readiness.obstacles.some(({ kind }) => kind === "no-poller" || kind === "poller-gone"))
        return { tone: "failed", text: "It does not start: nobody looks for plans that are due." };
      if (readiness.earliest === null)
        return { tone: "waiting", text: "It does not start yet, and no clock alone will start it." };
      return { tone: "queued", text: <Countdown to={readiness.earliest} /> };
    default:
      return unreachable(readiness);
  }
}

function Countdown({ to }: { readonly to: string }) {
  const now = useNow();
  const at = parseInstant(to);
  return (
    <>
      It waits for its time, <Instant at={at} />
      {now !== null && at !== null && at > now && `, in ${formatDurationMs(at - now)}`}.
    </>
  );
}

/** Each thing in the way, and what comes when nothing is. */
function Because({ source, planId, delayed: { readiness, pollEveryMs } }: DelayedProps) {
  if (readiness.kind !== "waiting" && readiness.kind !== "ready") {
    return readiness.kind === "never" ? (
      <p className="t2 pad-y">
        Nothing writes that record again: the plan can neither be started nor cancelled. Halt stops it.
      </p>
    ) : null;
  }
  const obstacles = readiness.kind === "waiting" ? readiness.obstacles : [];
  return (
    <ul className="because" aria-label="Why">
      {obstacles.map((obstacle) => (
        <li key={obstacle.kind}>
          <Glyph tone={toneOf(obstacle)} shape={obstacle.kind === "start-at" ? "clock" : undefined} />
          <span className="wrap">
            <ObstacleText source={source} planId={planId} obstacle={obstacle} />
          </span>
        </li>
      ))}
      <li>
        <Glyph tone={readiness.outcome.kind === "start" ? "idle" : "failed"} />
        <span className="wrap">
          <OutcomeText
            source={source}
            planId={planId}
            outcome={readiness.outcome}
            later={readiness.kind === "waiting"}
          />
          <span className="t3"> An executor looks every {formatDurationMs(pollEveryMs)}.</span>
        </span>
      </li>
    </ul>
  );
}

const toneOf = ({ kind }: ObstacleView): Tone =>
  kind === "no-poller" || kind === "poller-gone" ? "failed" : kind === "frozen" ? "attention" : "waiting";

function ObstacleText({
  source,
  planId,
  obstacle,
}: {
  readonly source: string;
  readonly planId: string;
  readonly obstacle: ObstacleView;
}) {
  switch (obstacle.kind) {
    case "frozen":
      return "It is frozen: no executor takes it up until somebody lets it go.";
    case "start-at":
      return (
        <>
          It is not to start before <Instant at={parseInstant(obstacle.at)} />.
        </>
      );
    case "prerequisites":
      return (
        <>
          It waits for {plural(obstacle.planIds.length, "plan")} that has not stopped:{" "}
          <Link href={routes.plan(source, planId, { tab: "dependencies" })}>see them</Link>.
        </>
      );
    case "no-poller":
      return "No executor holds the lock of the delayed executor: nobody looks for plans that are due.";
    case "poller-gone":
      return (
        <>
          The lock of the delayed executor belongs to a world that has no record (
          <span className="mono">{obstacle.worldId}</span>): nobody looks until an executor starts and takes it over.
        </>
      );
    default:
      return unreachable(obstacle);
  }
}

interface OutcomeTextProps {
  readonly source: string;
  readonly planId: string;
  readonly outcome: Extract<ReadinessView, { kind: "ready" }>["outcome"];
  readonly later: boolean;
}

function OutcomeText({ source, planId, outcome, later }: OutcomeTextProps) {
  const when = later ? "Once nothing is in the way" : "At the next look";
  switch (outcome.kind) {
    case "start":
      return `${when} an executor plans it and runs it.`;
    case "timeout":
      return (
        <>
          {when} it is stopped with an error, as it was not to start after <Instant at={parseInstant(outcome.at)} />{" "}
          (history says “timeout”).
        </>
      );
    case "failed-dependency":
      return (
        <>
          {when} it is stopped with an error, as {plural(outcome.planIds.length, "plan")} that it waited for failed
          (history says “failed-dependency”):{" "}
          <Link href={routes.plan(source, planId, { tab: "dependencies" })}>see them</Link>.
        </>
      );
    default:
      return unreachable(outcome);
  }
}

function factsOf(source: string, planId: string, { delayed, prerequisites, poller }: DelayedOutput): readonly Fact[] {
  const { waits, satisfied, failed } = prerequisites;
  const all = waits + satisfied + failed;
  return [
    ...(delayed === null
      ? []
      : [
          {
            name: "Start at",
            value: delayed.startAt === null ? "as soon as it may" : <Instant at={parseInstant(delayed.startAt)} />,
          },
          {
            name: "Latest start",
            value: delayed.startBefore === null ? "none" : <Instant at={parseInstant(delayed.startBefore)} />,
          },
          { name: "Frozen", value: delayed.frozen ? "yes" : "no" },
        ]),
    {
      name: "Waits for",
      value:
        all === 0 ? (
          "no plan"
        ) : (
          <Link href={routes.plan(source, planId, { tab: "dependencies" })}>
            {plural(all, "plan")}: {waits} not yet, {satisfied} fine, {failed} failed
          </Link>
        ),
    },
    {
      name: "Looked for by",
      value:
        poller === null ? (
          <span className="t-failed tone">nobody</span>
        ) : (
          <Poller source={source} worldId={poller.worldId} />
        ),
      source: "lock of the delayed executor",
    },
  ];
}

function Poller({ source, worldId }: { readonly source: string; readonly worldId: string }) {
  const worlds = useDynflowFold(source, (fold) => fold.worlds) ?? undefined;
  return <WorldName id={worldId} source={source} worlds={worlds} />;
}
