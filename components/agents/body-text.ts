/** What an agent sent, on one line. Pure. */
import { isMasked } from "#server/contract/event.ts";
import type { AgentMessageView } from "#server/contract/wire/agents-data.ts";

const TEXT_MAX = 2_000;

/** The body; for viewers its numbers, and that the rest is hidden. */
export function bodyText({ body, numbers }: Pick<AgentMessageView, "body" | "numbers">): string {
  if (isMasked(body)) {
    const told = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
    return [...told, "the rest is hidden from viewers"].join(", ");
  }
  const isPlain = typeof body === "object" && body !== null && !Array.isArray(body);
  const text = isPlain
    ? Object.entries(body)
        .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
        .join(", ")
    : JSON.stringify(body);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
