import { type Href, routes } from "#components/ui/routes.ts";
import type { StreamFamily } from "#server/contract/event.ts";
import type { Annunciator } from "#server/contract/view/attention.ts";

export interface PageEntry {
  readonly title: string;
  readonly href: Href;
  /** Second key after `G`. */
  readonly key: string;
  readonly annunciator: Annunciator | null;
  /** In the rail only where there is such a stream, or was. */
  readonly only?: StreamFamily;
}

/** The pages there are, in the order of the rail. An entry appears with its page. */
export const PAGES: readonly PageEntry[] = [
  { title: "Overview", href: routes.overview(), key: "O", annunciator: "overview" },
  { title: "Topology", href: routes.topology(), key: "T", annunciator: "topology" },
  { title: "Nodes", href: routes.nodes(), key: "N", annunciator: null },
  { title: "Actors", href: routes.actors(), key: "A", annunciator: null },
  { title: "Plans", href: routes.plans(), key: "P", annunciator: "plans" },
  { title: "Worlds", href: routes.worlds(), key: "W", annunciator: "worlds" },
  { title: "Life cycles", href: routes.lifecycles(), key: "L", annunciator: null },
  { title: "HAF", href: routes.haf(), key: "H", annunciator: "haf", only: "haf" },
  { title: "Agents", href: routes.agents(), key: "M", annunciator: "agents", only: "ingest" },
  { title: "Journal", href: routes.journal(), key: "J", annunciator: "journal" },
  { title: "Jobs", href: routes.jobs(), key: "B", annunciator: "jobs" },
  { title: "Alerts", href: routes.alerts(), key: "E", annunciator: null },
  { title: "Architecture", href: routes.architecture(), key: "C", annunciator: null },
  { title: "Settings", href: routes.settings(), key: "S", annunciator: null },
];
