/** Which events stand out on the time bar. Pure; total: an event of a kind that is not known does not. */
import type { JobFacts, JournalEvent, OperationFacts } from "#server/contract/event.ts";
import { lookOf } from "#server/kernel/states.ts";

/** `operator`: somebody acted. `need`: something came to need a person. `gap`: a source, or the console, went away. */
export const MARKS = ["operator", "need", "gap"] as const;
export type Mark = (typeof MARKS)[number];

/** The mark of an event; `null` = it does not stand out. */
export function markOf(event: JournalEvent): Mark | null {
  switch (event.kind) {
    case "op.requested":
      return isOfSession(event.body) ? null : "operator";
    case "op.denied":
      return "operator";
    case "op.unknown":
    case "op.unverified":
      return "need";
    case "job.created":
      return "operator";
    case "job.state_changed":
      return endedBadly(event.body.job) ? "need" : "operator";
    case "source.state_changed":
      return event.body.to === "down" ? "gap" : null;
    case "console.started":
    case "console.stopped":
      return "gap";
    default:
      return needsPerson(event) ? "need" : null;
  }
}

/** Who logs in and out has touched nothing. */
const isOfSession = ({ action }: OperationFacts): boolean => action.startsWith("session.");

const endedBadly = ({ state, counts }: JobFacts): boolean =>
  state === "failed" || state === "stopped" || (state === "done" && counts.unknown + counts.failed > 0);

/** The same beginnings as the findings of `attention` have, as far as one event can tell. */
function needsPerson(event: JournalEvent): boolean {
  switch (event.kind) {
    case "dna.incarnation.state_changed":
      return diesAtOnce(event.body.from, event.body.to) || becomesBad(event.body.from, event.body.to);
    case "dna.node.flag_changed":
      return event.body.set && isFailed(event.body.flag);
    case "dna.node.count_fell":
    case "dna.actor.doubled":
      return true;
    case "dna.health.changed":
      return event.body.from !== event.body.to && (event.body.to === "critical" || event.body.to === "warning");
    case "dna.row.unreadable":
      return event.body.reason !== null;
    case "dynflow.plan.created":
      return event.body.state === "paused";
    case "dynflow.plan.state_changed":
      return event.body.plan.state === "paused";
    case "dynflow.world.registered":
    case "dynflow.world.changed":
      return event.body.unreadable !== null;
    case "dynflow.world.ping_timeout":
    case "console.clock_stepped":
      return true;
    default:
      return false;
  }
}

/** Its peers deleted its row before any read found it late: nothing else stands for its end. */
const diesAtOnce = (from: string | null, to: string): boolean =>
  to === "gone" && (from === "alive" || from === "returned");

const becomesBad = (from: string | null, to: string): boolean =>
  isBad(to) && !(from !== null && isFailed(from) && !isFailed(to));

const isFailed = (state: string): boolean => lookOf("node", state).tone === "failed";
const isBad = (state: string): boolean => isFailed(state) || lookOf("node", state).tone === "attention";
