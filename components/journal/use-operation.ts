"use client";
import { useFold } from "#components/ui/live.ts";
import { type JournalEvent, OPERATOR_STREAM } from "#server/contract/event.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";

/** The operator's action that this event belongs to, as far as the feed still has it. */
export function useOperation(event: JournalEvent): OperationFold | null {
  const id = event.causedBy ?? event.id;
  const found = useFold((state) => {
    const fold = state.folds[OPERATOR_STREAM];
    return fold?.family === "operator" ? fold.operations.find((operation) => operation.id === id) : undefined;
  });
  return found ?? null;
}
