"use client";
import { formatDurationMs } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { Instant } from "#components/ui/time.tsx";
import { dynflowStream, OPERATOR_STREAM, shownText } from "#server/contract/event.ts";
import type { OperationFold, OperationPhase } from "#server/contract/fold/operator.ts";
import { lookOf } from "#server/kernel/states.ts";

/** A settled outcome stays in sight this long. */
const SHOWN_MS = 15 * 60_000;
const SETTLED: ReadonlySet<OperationPhase> = new Set(["verified", "unverified", "failed", "denied"]);
const ORDER: readonly OperationPhase[] = [
  "requested",
  "denied",
  "executed",
  "unknown",
  "failed",
  "verified",
  "unverified",
];

const MEANS: Readonly<Record<OperationPhase, string>> = {
  requested: "recorded, being sent",
  executed: "accepted by an executor",
  failed: "not done",
  denied: "denied",
  unknown: "outcome not known yet, it is being looked for",
  verified: "seen in the plan itself",
  unverified: "no effect was seen in time",
};

/** The operations on one plan, newest first. */
export function useOperations(source: string, target: string): readonly OperationFold[] {
  const found = useFold((state) => {
    const fold = state.folds[OPERATOR_STREAM];
    if (fold?.family !== "operator") return NONE;
    return fold.operations.filter(
      ({ target: touched, stream, action }) =>
        touched === target && stream === dynflowStream(source) && action !== LOOKED_ONLY,
    );
  });
  return (found ?? NONE).toReversed();
}
const NONE: readonly OperationFold[] = [];
/** It changes nothing of the plan: the journal has it. */
const LOOKED_ONLY = "dynflow.plans.reveal";

/** The latest action on this plan, followed: requested, executed, verified, each with its time. */
export function Outcome({ source, target }: { readonly source: string; readonly target: string }) {
  const now = useNow();
  const [latest] = useOperations(source, target);
  if (latest === undefined || now === null) return null;
  const requestedAt = latest.at.requested ?? latest.at[latest.phase];
  if (requestedAt === undefined || (SETTLED.has(latest.phase) && now - requestedAt > SHOWN_MS)) return null;
  return <OperationLine operation={latest} />;
}

/** `dynflow.plans.startNow` = start now. */
const verbOf = (action: string): string =>
  (action.split(".").at(-1) ?? action).replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** One operation on one line: who, what, and how far it has come. */
export function OperationLine({ operation }: { readonly operation: OperationFold }) {
  const phases = ORDER.flatMap((phase) => {
    const at = operation.at[phase];
    return at === undefined ? [] : [{ phase, at }];
  }).sort((a, b) => a.at - b.at);
  const first = phases[0]?.at;
  return (
    <div className="outcome" role="status">
      <span className="outcome-who">
        <b className="med">{verbOf(operation.action)}</b> by <bdi>{operation.actor?.user ?? "nobody"}</bdi>{" "}
        {operation.actor !== null && (
          <span className="t3">
            “<bdi>{operation.actor.reason}</bdi>”
          </span>
        )}
      </span>
      <ol>
        {phases.map(({ phase, at }, index) => (
          <li key={phase} title={MEANS[phase]}>
            <State system="operation" word={phase} />{" "}
            <span className="age">
              {index === 0 || first === undefined ? <Instant at={at} form="ms" /> : `+${formatDurationMs(at - first)}`}
            </span>
          </li>
        ))}
        {!SETTLED.has(operation.phase) && (
          <li className="t3">
            <Glyph {...lookOf("operation", "unknown")} label="awaited" /> {MEANS[operation.phase]}
          </li>
        )}
      </ol>
      {operation.found !== null && (
        <span className="t2 wrap">
          <bdi>{shownText(operation.found)}</bdi>
        </span>
      )}
      <Link className="push small" href={routes.journal({ stream: OPERATOR_STREAM, event: operation.id })}>
        in the journal
      </Link>
    </div>
  );
}
