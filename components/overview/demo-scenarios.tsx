"use client";
import dynamic from "next/dynamic";
import { useSession } from "#components/ui/session.ts";

const Scenarios = dynamic(() => import("#components/demo/scenarios.tsx").then((module) => module.Scenarios), {
  ssr: false,
});

/** The scenario buttons: only where the systems are simulated. */
export function DemoScenarios() {
  const session = useSession();
  return session === undefined || session.demo === null ? null : <Scenarios />;
}
