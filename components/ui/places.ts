import type { NeedPlace } from "#server/contract/view/need.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { type Href, routes } from "./routes.ts";

/** The address of a place that the contract names. */
export function placeHref(place: NeedPlace): Href {
  switch (place.page) {
    case "node":
      return routes.topology({ of: place.source, node: place.incarnation });
    case "cluster":
      return routes.topology({ source: place.source, cluster: place.cluster, view: "table" });
    case "actor":
      return routes.actors(place);
    case "health":
      return routes.health({ source: place.source, check: place.check });
    case "plan":
      return routes.plan(place.source, place.planId);
    case "plans":
      return routes.plans({ source: place.source, state: place.state });
    case "worlds":
      return routes.worlds({ source: place.source, world: place.world });
    case "haf":
      return routes.haf({ source: place.source, app: place.app });
    case "agent":
      return routes.agent(place.agent);
    case "agents":
      return routes.agents({ state: place.state });
    case "pipeline":
      return routes.pipeline({ receiver: place.receiver });
    case "architecture":
      return routes.architecture({ reader: place.reader });
    case "job":
      return routes.job(place.jobId);
    case "journal":
      return routes.journal({ stream: place.stream, subject: place.subject });
    default:
      return unreachable(place);
  }
}
