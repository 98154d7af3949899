/** Where the things that are in a state are listed. Pure. */
import { type Href, routes } from "#components/ui/routes.ts";
import type { MachineKind } from "#server/contract/diagram/machine.ts";
import { unreachable } from "#server/kernel/errors.ts";

/** The list as it is filtered for this state, as far as it can be; `null` = nothing lists them. */
export function stateHref(kind: MachineKind, state: string): Href | null {
  switch (kind) {
    case "plan":
      return routes.plans({ state });
    case "step-plan":
    case "step-run":
    case "step-finalize":
      return null;
    case "world":
      return state === "gone" ? null : routes.worlds({ state });
    case "lock":
      return state === "released" ? null : routes.worlds({ lock: state });
    case "envelope":
      return routes.worlds();
    case "incarnation":
      return routes.nodes({ state });
    case "worker":
      return null;
    case "actor":
    case "actor-full":
      return state === "running" ? routes.nodes() : routes.census();
    case "haf":
    case "haf-app":
      return routes.haf();
    case "agent":
      return state === "forgotten" ? null : routes.agents({ state });
    case "receiver":
      return routes.pipeline();
    case "job":
      return routes.jobs({ state });
    case "operation":
      return routes.journal({ view: "actions", phase: state });
    case "reader":
      return routes.architecture();
    default:
      return unreachable(kind);
  }
}
