/** Where in the console a check leads on to. Pure. */
import { type Href, routes } from "#components/ui/routes.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { HealthCheckId } from "#server/contract/view/health-checks.ts";

interface CheckPlace {
  readonly title: string;
  readonly href: Href;
}

export function checkPlace(source: string, id: HealthCheckId): CheckPlace {
  const topology = { title: "Nodes of the source", href: routes.topology({ source, view: "table" }) };
  switch (id) {
    case "one-cluster":
    case "names":
    case "cascade":
    case "refresh":
    case "clocks":
    case "rows":
      return topology;
    case "doubles":
    case "takeover":
      return { title: "Actors of the source", href: routes.actors({ source }) };
    case "wide-partition":
      return { title: "Census of the source", href: routes.census({ source }) };
    case "tablets":
    case "skew":
    case "data-centers":
      return {
        title: "What the journal knows of the database",
        href: routes.journal({ stream: dnaStream(source), kind: "dna.database.changed" }),
      };
  }
}
