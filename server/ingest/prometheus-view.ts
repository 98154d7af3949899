/**
 * The latest numbers of agents as text for `/metrics`: bounded in series, without what stands under masked keys, since
 * whoever is logged in may read them; and whoever is forgotten is gone.
 */
import { isShownKey } from "#server/contract/mask-payload.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { numbersOf } from "./domain/series.ts";
import type { AgentChange, Envelope, Receiver } from "./ports.ts";

const NUMBERS_PER_KIND_MAX = 16;

export interface PrometheusView {
  /** Lines in Prometheus' text format; empty while there is nothing. */
  text(): string;
  receiver(maxSeries: number): Receiver;
}

interface Line {
  readonly labels: string;
  value: number;
}

export function createPrometheusView(masks: MaskRules): PrometheusView {
  const byAgent = new Map<string, Map<string, Line>>();
  let count = 0;
  let dropped = 0;

  function take({ agentId, type, kind, body }: Envelope, maxSeries: number): void {
    for (const [field, value] of numbersOf(body, NUMBERS_PER_KIND_MAX)) {
      if (!isShownKey(masks, field)) continue;
      const lines = byAgent.get(agentId) ?? new Map<string, Line>();
      const key = `${type}\n${kind}\n${field}`;
      const known = lines.get(key);
      if (known !== undefined) known.value = value;
      else if (count >= maxSeries) dropped += 1;
      else {
        lines.set(key, { labels: labelsOf({ agent: agentId, type, kind, field }), value });
        byAgent.set(agentId, lines);
        count += 1;
      }
    }
  }

  function forget({ agentId, to }: AgentChange): void {
    if (to !== "forgotten" && to !== "inactive" && to !== "left") return;
    // Prometheus holds what it is not told any more for stale, which is what a silent agent's numbers are.
    count -= byAgent.get(agentId)?.size ?? 0;
    byAgent.delete(agentId);
  }

  return {
    text() {
      if (count === 0 && dropped === 0) return "";
      const lines = [...byAgent.values()].flatMap((found) =>
        [...found.values()].map(({ labels, value }) => `worldline_agent_value${labels} ${value}`),
      );
      return [
        "# HELP worldline_agent_value Latest number in what an agent sent",
        "# TYPE worldline_agent_value gauge",
        ...lines,
        "# HELP worldline_agent_values_dropped_total Numbers for which there was no series left",
        "# TYPE worldline_agent_values_dropped_total counter",
        `worldline_agent_values_dropped_total ${dropped}`,
        "",
      ].join("\n");
    },
    receiver: (maxSeries) => ({
      async receive(batch) {
        for (const item of batch) take(item, maxSeries);
      },
      async agentChanged(change) {
        forget(change);
      },
      flush: async () => undefined,
      /** Nobody feeds it any more: what it had is not of now. */
      async close() {
        byAgent.clear();
        count = 0;
      },
    }),
  };
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${parts.join(",")}}`;
}

/** As the text format asks: backslash, quote and line feed. */
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
