/** The state of a lock in the words of the state language. Pure. */
interface Lock {
  readonly class: string;
  readonly orphaned: boolean;
}

/** Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb (classes of locks). */
export function lockState({
  class: name,
  orphaned,
}: Lock): "orphaned" | "planning" | "inhibition" | "singleton" | "held" {
  if (orphaned) return "orphaned";
  if (name.endsWith("PlanningLock")) return "planning";
  if (name.endsWith("ExecutionInhibitionLock")) return "inhibition";
  return name.endsWith("SingletonActionLock") ? "singleton" : "held";
}

export const isExecutionLock = (name: string): boolean => name.endsWith("::ExecutionLock");
