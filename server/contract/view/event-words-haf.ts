/** Events of a HAF stack in words. Pure; total. */
import type { JournalEvent } from "#server/contract/event.ts";
import type { HafEventBodies } from "#server/contract/haf.ts";
import { lookOf, type Shape, type Tone } from "#server/kernel/states.ts";

type HafEvent = Extract<JournalEvent, { readonly kind: keyof HafEventBodies }>;

interface Told {
  readonly tone: Tone;
  readonly shape: Shape;
  readonly what: string;
  readonly subject: string | undefined;
}

const PLAIN = { tone: "idle", shape: "ring" } as const;

/** The event as it is told. */
export function hafWords(event: HafEvent): Told {
  const told = (what: string, look: Pick<Told, "tone" | "shape"> = PLAIN): Told => ({
    ...look,
    what,
    subject: event.subject,
  });
  switch (event.kind) {
    case "haf.app.state_changed": {
      const { from, app, evidence } = event.body;
      return told(`${from ?? "–"} → ${app.state}, ${evidence}`, lookOf("hafApp", app.state));
    }
    case "haf.stack.state_changed":
      return told(`${event.body.from.join(", ") || "–"} → ${event.body.to.join(", ")}, ${event.body.evidence}`);
    default:
      return told(event.kind.slice("haf.".length).replaceAll(/[._]/g, " "));
  }
}
