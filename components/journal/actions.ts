/** The phases of each action, put together from the events that tell them. Pure. */
import type { EventActor, JournalEvent, Maskable, OperationFacts } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { OPERATION_PHASES } from "#server/contract/fold/operator-state.ts";

export interface PhaseSeen {
  readonly phase: OperationPhase;
  readonly event: JournalEvent;
}

/** One action as far as the events that were read tell it. */
export interface Action extends Pick<OperationFacts, "action" | "stream" | "target" | "expected"> {
  /** Id of its `op.requested`, or of its denial. */
  readonly id: string;
  readonly actor: EventActor | null;
  /** In the order in which they were recorded, at least one. */
  readonly phases: readonly PhaseSeen[];
  readonly last: PhaseSeen;
  /** What came back last. */
  readonly found: Maskable<string> | null;
  /** Its request, or its denial, is among what was read: else earlier phases of it are further back. */
  readonly whole: boolean;
}

type OperationEvent = Extract<JournalEvent, { readonly kind: `op.${string}` }>;
const isOperation = (event: JournalEvent): event is OperationEvent => event.kind.startsWith("op.");

/** @param events newest first; those that are no phase of an action are left out. Answers newest first, by the last phase. */
export function toActions(events: readonly JournalEvent[]): readonly Action[] {
  const byAction = new Map<string, OperationEvent[]>();
  for (const event of events) {
    if (!isOperation(event)) continue;
    const id = event.kind === "op.requested" ? event.id : (event.causedBy ?? event.id);
    byAction.set(id, [event, ...(byAction.get(id) ?? [])]);
  }
  return [...byAction].flatMap(([id, phases]) => toAction(id, phases) ?? []);
}

function toAction(id: string, events: readonly OperationEvent[]): Action | null {
  const phases = events.flatMap((event): PhaseSeen[] => {
    const phase = OPERATION_PHASES.find((each) => event.kind === `op.${each}`);
    return phase === undefined ? [] : [{ phase, event }];
  });
  const [first] = events;
  const last = phases.at(-1);
  if (first === undefined || last === undefined) return null;
  const { action, stream, target, expected } = first.body;
  return {
    id,
    ...{ action, stream, target, expected },
    actor: first.actor,
    phases,
    last,
    found: events.findLast((event) => event.body.found !== null)?.body.found ?? null,
    whole: first.kind === "op.requested" || first.kind === "op.denied",
  };
}

/** What the operator saw, as words: `state paused, failedStepId 4`. */
export function expectedWords(expected: OperationFacts["expected"]): string | null {
  if (expected === null || typeof expected !== "object") return expected === null ? null : String(expected);
  const parts = Object.entries(expected).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${typeof value === "object" ? JSON.stringify(value) : value}`],
  );
  return parts.length === 0 ? null : parts.join(", ");
}
