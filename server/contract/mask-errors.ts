/**
 * Errors of upstreams without what the rules hide, taken at the door: a driver may quote a URL with its password, or the
 * very input that it choked on. What comes through here is clean wherever it goes: journal, feed, procedures, alerts.
 */
import { OpsError } from "#server/kernel/errors.ts";
import type { MaskRules } from "./mask-rules.ts";
import { maskFreeText } from "./mask-text.ts";

/** The same error with message and reasons masked; the very same where nothing is hidden. Its cause is for the log. */
export function withoutHidden(rules: MaskRules, cause: unknown): unknown {
  if (!(cause instanceof Error)) return typeof cause === "string" ? maskFreeText(rules, cause) : cause;
  const message = maskFreeText(rules, cause.message);
  if (cause instanceof OpsError) {
    const reasons = cause.reasons.map((reason) => maskFreeText(rules, reason));
    if (message === cause.message && reasons.every((reason, index) => reason === cause.reasons[index])) return cause;
    return new OpsError(cause.code, message, { cause: cause.cause, details: cause.details, reasons });
  }
  if (message === cause.message) return cause;
  const shown = new Error(message, { cause });
  shown.name = cause.name;
  return shown;
}

/** An outcome that says why (`reason`) may quote an upstream as well. */
function outcomeWithoutHidden(rules: MaskRules, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("reason" in value) || typeof value.reason !== "string")
    return value;
  const reason = maskFreeText(rules, value.reason);
  return reason === value.reason ? value : { ...value, reason };
}

async function* iterated(rules: MaskRules, items: AsyncIterable<unknown>): AsyncGenerator {
  try {
    yield* items;
  } catch (cause) {
    throw withoutHidden(rules, cause);
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

function called(rules: MaskRules, call: () => unknown): unknown {
  try {
    const value = call();
    if (isIterable(value)) return iterated(rules, value);
    if (!(value instanceof Promise)) return outcomeWithoutHidden(rules, value);
    return value.then(
      (result) => outcomeWithoutHidden(rules, result),
      (cause: unknown) => {
        throw withoutHidden(rules, cause);
      },
    );
  } catch (cause) {
    throw withoutHidden(rules, cause);
  }
}

/** The same port, whose errors and outcomes say nothing that the rules hide. */
export function maskingErrors<T extends object>(rules: MaskRules, port: T): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...values: readonly unknown[]) => called(rules, () => Reflect.apply(member, target, values));
    },
  });
}
