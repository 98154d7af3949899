/** Where a thing of any system is looked at. Pure. */
import { type Href, routes } from "#components/ui/routes.ts";
import { parseActorSubject } from "#server/contract/actor-key.ts";
import type { ThingRef } from "#server/contract/view/things.ts";
import { unreachable } from "#server/kernel/errors.ts";

/** Its own page or drawer; of what has none, the place on the map. */
export function thingHref({ kind, source, id }: ThingRef): Href {
  switch (kind) {
    case "host":
      return routes.topology({ host: id });
    case "node":
      return routes.topology({ of: source, node: id });
    case "cluster":
      return routes.topology({ source, cluster: id === "" ? null : id });
    case "actor": {
      const key = parseActorSubject(id);
      return routes.actors(key === null ? { source } : { source, ...key });
    }
    case "world":
      return routes.worlds({ source, world: id });
    case "plan":
      return routes.plan(source, id);
    case "plan-store":
      return routes.plans({ source });
    case "haf":
      return routes.haf({ source });
    case "haf-app":
      return routes.haf({ source, app: id });
    case "database-host":
    case "container":
    case "gateway":
      return routes.topology({ thing: kind, of: source, id });
    case "agent":
      return routes.agent(id);
    case "job":
      return routes.job(id);
    default:
      return unreachable(kind);
  }
}
