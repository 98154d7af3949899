import type { RequestGate } from "./gate.ts";
import type { OperationRequest } from "./ports.ts";

/** A gate that lets everything pass, and remembers what stood before it. */
export function createListeningGate() {
  const passed: OperationRequest[] = [];
  const gate: RequestGate = {
    pass(request) {
      passed.push(request);
      return [];
    },
    done: () => undefined,
  };
  return { gate, passed, termsOf: (action: string) => passed.find(({ facts }) => facts.action === action)?.terms };
}
