import { RefusedCall } from "./rpc.ts";

/** An error of a call, in words. */
export interface FaultView {
  /** tRPC's code, or `NO_ANSWER` when nothing came back: then nobody knows whether it was done. */
  readonly code: string;
  readonly message: string;
  /** Shown one by one: why it was refused, what had moved. */
  readonly reasons: readonly string[];
}

/** What a failed call says. Nothing is hidden and nothing is guessed: no answer is not a refusal. */
export function faultOf(error: unknown): FaultView {
  if (error instanceof RefusedCall)
    return { code: error.code, message: inputFault(error.message), reasons: error.reasons };
  const text = error instanceof Error ? error.message : String(error);
  return { code: "NO_ANSWER", message: `Worldline gave no answer: ${text}`, reasons: [] };
}

/** Input faults arrive as the validator's list in JSON; people get its sentences. */
function inputFault(message: string): string {
  if (!message.startsWith("[")) return message;
  try {
    const issues: unknown = JSON.parse(message);
    if (!Array.isArray(issues)) return message;
    return issues
      .map((issue: { message?: unknown; path?: unknown }) => {
        const path = Array.isArray(issue.path) ? issue.path.join(".") : "";
        return path === "" ? String(issue.message) : `${path}: ${String(issue.message)}`;
      })
      .join("; ");
  } catch {
    return message;
  }
}

export const isUnauthenticated = (error: unknown): boolean => faultOf(error).code === "UNAUTHORIZED";
