import type { Batch, Intake } from "./ports.ts";
import type { PipelineSettings } from "./settings.ts";

export interface JournalRefusalDeps {
  readonly settings: () => PipelineSettings;
  /** Why the journal takes nothing from this process, naming who writes it; `null` = it does. */
  readonly refusal: () => string | null;
}

/**
 * Takes no batch that has to reach the journal while another console writes it: what was acknowledged here could lie
 * here for good.
 */
export function journalRefusal(intake: Intake, { settings, refusal }: JournalRefusalDeps): Intake {
  return {
    ...intake,
    async take(batch) {
      const reason = refusal();
      if (reason === null || !needsJournal(batch, settings())) return intake.take(batch);
      return { kind: "unavailable", reason };
    },
  };
}

function needsJournal({ items }: Batch, { receivers, routes }: PipelineSettings): boolean {
  const logs = receivers.filter(({ use, overflow }) => use === "event-log" && overflow === "block").map(({ id }) => id);
  const leading = routes.filter(({ to }) => to.some((id) => logs.includes(id)));
  return items.some(({ type, kind }) =>
    leading.some(
      ({ types, kinds }) =>
        (types.includes("*") || types.includes(type)) && (kinds.length === 0 || kinds.includes(kind)),
    ),
  );
}
