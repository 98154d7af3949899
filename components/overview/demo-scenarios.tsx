"use client";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useSession } from "#components/ui/session.ts";

const Scenarios = onDemand(() => import("#components/demo/scenarios.tsx").then((module) => module.Scenarios));

/** The scenario buttons: only where the systems are simulated. */
export function DemoScenarios() {
  const session = useSession();
  return session === undefined || session.demo === null ? null : <Scenarios />;
}
