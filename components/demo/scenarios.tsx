"use client";
import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { Button } from "#components/ui/button.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { ingestFolds } from "#components/ui/folds.ts";
import { useFold } from "#components/ui/live.ts";
import { Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { type Inputs, useTRPC } from "#components/ui/trpc.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { ClusterMishaps } from "./mishaps.tsx";

type Scenario = Inputs["demo"]["scenario"];

const FREEZE_MS = 40_000;
const FAILING_PLANS = 3;
const SILENT_MS = 30_000;
const ASLEEP_MS = 60_000;

interface Choice {
  readonly label: string;
  readonly says: string;
  readonly scenario: Scenario | null;
  /** Why there is nothing to do it to. */
  readonly none: string;
}

/** Demo only: lets something happen, so that every action has something to act on. */
export function Scenarios() {
  const trpc = useTRPC();
  const folds = useFold((state) => state.folds);
  const choices = useMemo(() => choicesOf(folds ?? {}), [folds]);
  const refusal = useRefusal("demo:scenario");
  const run = useMutation(trpc.demo.scenario.mutationOptions());
  const said = run.error !== null ? faultOf(run.error).message : (run.data?.done ?? null);
  return (
    <Section title="Let something happen" note="demo only: it acts on the simulator">
      <ul className="scenarios">
        {choices.map(({ label, says, scenario, none }) => (
          <li key={label}>
            <Button
              small
              onPress={() => scenario !== null && run.mutate(scenario)}
              refusal={refusal ?? (scenario === null ? none : run.isPending ? "Under way." : null)}
            >
              {label}
            </Button>
            <span className="small t3">{says}</span>
          </li>
        ))}
      </ul>
      <p className="small t2" role="status">
        {said}
      </p>
      <details className="io">
        <summary>
          <b className="med">What else may befall a cluster</b>
        </summary>
        <ClusterMishaps />
      </details>
    </Section>
  );
}

/** Which node, which name: the first that fits, in a fixed order, so that pressing again does it to the next one. */
function choicesOf(folds: Folds): readonly Choice[] {
  const nodes = Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "dna"
      ? Object.entries(fold.nodes).map(([incarnation, node]) => ({
          source: stream.slice(stream.indexOf(":") + 1),
          incarnation,
          ...node,
        }))
      : [],
  );
  const alive = nodes.filter((node) => node.state === "alive").sort((a, b) => (a.node < b.node ? -1 : 1));
  const names = new Set(alive.map((node) => `${node.source} ${node.node}`));
  const dead = nodes.filter(
    (node) => (node.state === "silent" || node.state === "gone") && !names.has(`${node.source} ${node.node}`),
  );
  const plans = Object.entries(folds).find(([, fold]) => fold.family === "dynflow")?.[0];
  const [victim] = alive;
  const [other = victim] = alive.slice(1);
  const [back] = dead;
  const executor = executorOf(folds);
  const agent = agentOf(folds);
  return [
    {
      label: "Kill a node",
      says: victim === undefined ? "" : `${victim.node} vanishes; its keys stay in the register`,
      scenario:
        victim === undefined ? null : { scenario: "killNode", source: victim.source, incarnation: victim.incarnation },
      none: "No node is alive.",
    },
    {
      label: "Freeze a node",
      says: other === undefined ? "" : `${other.node} stands still for ${FREEZE_MS / 1_000} s, then wakes up`,
      scenario:
        other === undefined
          ? null
          : { scenario: "freezeNode", source: other.source, incarnation: other.incarnation, forMs: FREEZE_MS },
      none: "No node is alive.",
    },
    {
      label: "Bring a node back",
      says: back === undefined ? "" : `${back.node} starts again as a new incarnation`,
      scenario: back === undefined ? null : { scenario: "bringBack", source: back.source, node: back.node },
      none: "No node is dead.",
    },
    {
      label: "Kill an executor",
      says: executor === null ? "" : `${executor.name} dies in the midst of its plans, and keeps its locks`,
      scenario:
        executor === null ? null : { scenario: "killWorld", source: executor.source, worldId: executor.worldId },
      none: "No second executor is alive: nobody would go on.",
    },
    {
      label: "Fail the next plans",
      says: `the next ${FAILING_PLANS} plans pause on an error`,
      scenario:
        plans === undefined
          ? null
          : { scenario: "failNextPlans", source: plans.slice(plans.indexOf(":") + 1), count: FAILING_PLANS },
      none: "The demo's plans are not read yet.",
    },
    {
      label: "Start a job that hangs",
      says: "its hosts never answer, so its sub-plans wait until somebody cancels them",
      scenario: plans === undefined ? null : { scenario: "silentHosts", source: plans.slice(plans.indexOf(":") + 1) },
      none: "The demo's plans are not read yet.",
    },
    {
      label: "Silence an agent",
      says: agent === undefined ? "" : `${agent} is killed, falls inactive, and is back after ${SILENT_MS / 1_000} s`,
      scenario: agent === undefined ? null : { scenario: "stopAgent", agentId: agent, forMs: SILENT_MS },
      none: "No agent is active.",
    },
    {
      label: "Put a receiver to sleep",
      says: `whoever the receiver hook tells answers nothing for ${ASLEEP_MS / 1_000} s; the others go on`,
      scenario: { scenario: "sleepReceiver", forMs: ASLEEP_MS },
      none: "",
    },
  ];
}

/** The first active one; never the one that measures this very host. */
const agentOf = (folds: Folds): string | undefined =>
  ingestFolds(folds)
    .flatMap(({ fold }) => Object.entries(fold.agents))
    .filter(([id, { state }]) => state === "active" && id !== "this-host")
    .map(([id]) => id)
    .toSorted()[0];

/** The first of at least two executors that have not failed a ping; the last one alive is not killed. */
function executorOf(folds: Folds): { readonly source: string; readonly worldId: string; readonly name: string } | null {
  const alive = Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "dynflow"
      ? Object.entries(fold.worlds)
          .filter(([, world]) => world.executor && world.active === true && world.ping?.roundTripMs !== null)
          .map(([worldId, world]) => ({
            source: stream.slice(stream.indexOf(":") + 1),
            worldId,
            name: world.hostname ?? worldId,
          }))
      : [],
  );
  return alive.length < 2 ? null : (alive.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0] ?? null);
}
