/** Where the thing that an event is about can be seen. Pure. */
import { type Href, routes } from "#components/ui/routes.ts";
import { parseActorSubject } from "#server/contract/actor-key.ts";
import { familyOf, type JournalEvent, type StreamName } from "#server/contract/event.ts";

const PLAN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INCARNATION = /^-?[0-9]{1,16}:-?[0-9]{1,19}$/;

const sourceOf = (stream: StreamName): string => stream.slice(stream.indexOf(":") + 1);

/** `null` = nowhere: the thing has no page. */
export function subjectLink(event: JournalEvent): Href | null {
  const source = sourceOf(event.stream);
  switch (event.kind) {
    case "dna.node.seen":
    case "dna.node.forgotten":
    case "dna.node.flag_changed":
    case "dna.incarnation.state_changed":
    case "dna.node.count_fell":
      return routes.topology({ of: source, node: event.subject });
    case "dna.beam.changed": {
      const { identity } = event.body;
      return identity === null ? routes.topology({ source }) : routes.topology({ of: source, node: identity });
    }
    case "dna.row.unreadable":
    case "dna.database.changed":
      return routes.topology({ source });
    case "dna.census.finished":
      return routes.census({ source });
    case "dna.health.changed":
      return routes.health({ source, check: event.subject });
    case "dna.actor.seen":
    case "dna.actor.owner_changed":
    case "dna.actor.released":
    case "dna.actor.claimed":
    case "dna.actor.unwatched":
    case "dna.actor.doubled":
    case "dna.actor.undoubled": {
      const { namespace, moduleId, name } = event.body;
      return routes.actors({ source, namespace, moduleId, name });
    }
    case "dynflow.plan.created":
    case "dynflow.plan.state_changed":
    case "dynflow.plan.result_changed":
    case "dynflow.plan.changed":
    case "dynflow.plan.gone":
      return routes.plan(source, event.subject);
    case "dynflow.step.state_changed":
      return routes.plan(source, event.body.planId, { step: event.body.stepId });
    case "dynflow.world.registered":
    case "dynflow.world.changed":
    case "dynflow.world.gone":
    case "dynflow.world.pong":
    case "dynflow.world.ping_timeout":
    case "dynflow.envelope.undecodable":
      return routes.worlds({ source, world: event.subject });
    case "dynflow.lock.acquired":
      return event.body.planId === null ? routes.worlds({ source }) : routes.plan(source, event.body.planId);
    case "dynflow.lock.released":
      return routes.worlds({ source });
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
      return event.body.stream === null ? null : targetLink(event.body.stream, event.body.target);
    case "job.created":
    case "job.state_changed":
      return routes.job(event.subject);
    case "source.state_changed":
      return sourceLink(event.stream, source);
    default:
      return null;
  }
}

function sourceLink(stream: StreamName, source: string): Href | null {
  const family = familyOf(stream);
  if (family === "dna") return routes.topology({ source });
  return family === "dynflow" ? routes.worlds({ source }) : null;
}

/** What an operator acted on: a plan or a world, an incarnation, an actor or their source. */
function targetLink(stream: StreamName, target: string): Href | null {
  const source = sourceOf(stream);
  const family = familyOf(stream);
  if (family === "dna") {
    if (INCARNATION.test(target)) return routes.topology({ of: source, node: target });
    const actor = parseActorSubject(target);
    return actor === null ? routes.topology({ source }) : routes.actors({ source, ...actor });
  }
  if (family !== "dynflow") return null;
  return PLAN_ID.test(target) ? routes.plan(source, target) : routes.worlds({ source, world: target });
}
