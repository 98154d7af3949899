/** Finds steps of a flow by id, class or state. Pure. */
import { headName } from "./step-words.ts";
import type { StepView } from "./types.ts";

/**
 * Ids of the steps that match, in order of the flow: a number finds the step of that id, words find classes that have all
 * of them, or a state of that name.
 */
export function findSteps(
  text: string,
  order: readonly number[],
  steps: ReadonlyMap<number, StepView>,
): readonly number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  if (words.length === 1 && /^#?\d+$/.test(words[0] ?? "")) {
    const id = Number((words[0] ?? "").replace("#", ""));
    return order.includes(id) ? [id] : [];
  }
  // There are few names for many steps: each is looked at once.
  const verdicts = new Map<string, boolean>();
  const matches = (step: StepView): boolean => {
    const key = `${step.actionClass}\n${step.state}`;
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const name = headName(step.actionClass).toLowerCase();
    const verdict = words.every((word) => name.includes(word) || step.state === word);
    verdicts.set(key, verdict);
    return verdict;
  };
  return order.filter((id) => {
    const step = steps.get(id);
    return step !== undefined && matches(step);
  });
}
