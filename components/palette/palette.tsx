"use client";
import { useQueries } from "@tanstack/react-query";
import { Command } from "cmdk";
import dynamic from "next/dynamic";
import { useEffect, useMemo, useRef, useState } from "react";
import { actorIn } from "#components/actors/actor-place.ts";
import { useScenario } from "#components/demo/use-scenario.ts";
import { findPlan } from "#components/plans/find-plan.ts";
import { parsePlanId } from "#components/plans/plans-query.ts";
import { useSourceFacts, useSources } from "#components/plans/use-plans.ts";
import { PAGES } from "#components/shell/pages.ts";
import { useAddress } from "#components/ui/address.ts";
import { useEstate } from "#components/ui/estate.ts";
import { faultOf } from "#components/ui/fault.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { useFold } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { useReadOnly } from "#components/ui/read-only.ts";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import type { LiveState } from "#server/contract/live.ts";
import {
  type Act,
  type ActorType,
  actorOf,
  type Entry,
  entriesOf,
  type Found,
  type Known,
  search,
  stopEntry,
} from "./entries.ts";
import { entry, go } from "./entry.ts";
import { useOpenPlan } from "./use-open-plan.ts";
import "./palette.css";

const ActOnPlan = dynamic(() => import("#components/plan/act-on-plan.tsx").then((module) => module.ActOnPlan), {
  ssr: false,
});
const FailoverDialog = dynamic(
  () => import("#components/failover/failover-dialog.tsx").then((module) => module.FailoverDialog),
  { ssr: false },
);
const DrainDialog = dynamic(() => import("#components/drain/drain-dialog.tsx").then((module) => module.DrainDialog), {
  ssr: false,
});
const StopDialog = dynamic(() => import("#components/actors/stop-dialog.tsx").then((module) => module.StopDialog), {
  ssr: false,
});
const InvalidateWorld = dynamic(
  () => import("#components/worlds/invalidate-world.tsx").then((module) => module.InvalidateWorld),
  { ssr: false },
);
const PingWorld = dynamic(() => import("#components/worlds/ping-world.tsx").then((module) => module.PingWorld), {
  ssr: false,
});

const ReadOnlyDialog = dynamic(
  () => import("#components/shell/read-only-dialog.tsx").then((module) => module.ReadOnlyDialog),
  { ssr: false },
);

type Dialogue = Extract<
  Act,
  { kind: "plan-act" | "failover" | "drain" | "stop" | "ping" | "invalidate" | "read-only" }
>;

/** Finds any object and any action; shown while it is rendered. An action opens its own dialog. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [dialogue, setDialogue] = useState<Dialogue | null>(null);
  if (dialogue === null) return <PaletteBox onClose={onClose} onDialogue={setDialogue} />;
  switch (dialogue.kind) {
    case "plan-act":
      return (
        <ActOnPlan
          source={dialogue.source}
          planId={dialogue.planId}
          stepId={dialogue.stepId}
          act={dialogue.act}
          onClose={onClose}
        />
      );
    case "failover":
      return <FailoverDialog source={dialogue.source} incarnation={dialogue.incarnation} onClose={onClose} />;
    case "drain":
      return <DrainDialog source={dialogue.source} incarnation={dialogue.incarnation} onClose={onClose} />;
    case "stop":
      return <StopDialog place={dialogue.place} onDone={onClose} onClose={onClose} />;
    case "invalidate":
      return <InvalidateWorld source={dialogue.source} worldId={dialogue.worldId} onClose={onClose} />;
    case "ping":
      return <PingWorld source={dialogue.source} worldId={dialogue.worldId} onClose={onClose} />;
    case "read-only":
      return <ReadOnlyDialog on={dialogue.on} onClose={onClose} />;
  }
}

interface PaletteBoxProps {
  readonly onClose: () => void;
  readonly onDialogue: (act: Dialogue) => void;
}

function PaletteBox({ onClose, onDialogue }: PaletteBoxProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [said, setSaid] = useState<string | null>(null);
  const { entries, direct } = useEntries(text);
  const found = useMemo(() => search(entries, text), [entries, text]);
  const act = useAct({ onClose, onDialogue, onSay: setSaid });
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const before = document.activeElement;
    dialog.showModal();
    // The browser would put the focus on the box around it.
    dialog.querySelector("input")?.focus();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useKeys([{ keys: "Escape", does: "close", run: onClose }], { group: "Find or do", modal: true });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does what a click on the backdrop does
    <dialog
      ref={ref}
      className="palette"
      aria-label="Find or do"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <Command label="Find or do" shouldFilter={false} loop>
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="A page, plan, node, world, agent, stack, host, job, or what to do"
        />
        <Command.List>
          <Command.Empty>Nothing is called so. A whole plan id opens the plan wherever it is.</Command.Empty>
          {direct.length > 0 && (
            <Command.Group heading="Open">
              {direct.map((entry) => (
                <Item key={entry.id} entry={entry} onRun={act} />
              ))}
            </Command.Group>
          )}
          {found.map((part) => (
            <Part key={part.group} found={part} onRun={act} />
          ))}
        </Command.List>
        <p className="pal-foot small t3">
          <span role="status">{said}</span>
          <span className="push">
            <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>Enter</kbd> open, <kbd>Esc</kbd> close
          </span>
        </p>
      </Command>
    </dialog>
  );
}

function Part({
  found: { group, entries, more },
  onRun,
}: {
  readonly found: Found;
  readonly onRun: (entry: Entry) => void;
}) {
  return (
    <Command.Group heading={more === 0 ? group : `${group}, ${more} more: type on`}>
      {entries.map((entry) => (
        <Item key={entry.id} entry={entry} onRun={onRun} />
      ))}
    </Command.Group>
  );
}

function Item({ entry, onRun }: { readonly entry: Entry; readonly onRun: (entry: Entry) => void }) {
  const { id, title, detail, look, refusal } = entry;
  return (
    <Command.Item value={id} onSelect={() => onRun(entry)} className={refusal === null ? "" : "refused"}>
      <span className="pal-g">{look !== null && <Glyph tone={look.tone} shape={look.shape} />}</span>
      <bdi className="trunc">{title}</bdi>
      <span className="push small t3 trunc">
        <bdi>{refusal ?? detail}</bdi>
      </span>
    </Command.Item>
  );
}

/** A pasted plan id, or the whole name of an actor: opened as it is, and stopped in the sources that know its type. */
function directOf(text: string, known: Known): readonly Entry[] {
  const planId = parsePlanId(text);
  if (planId !== null) return [entry("Plans", `open ${planId}`, `Plan ${planId}`, { kind: "find-plan", planId })];
  const actor = actorOf(text);
  if (actor === null) return [];
  const { namespace, moduleId, name } = actor;
  const sources = known.types
    .filter((type) => type.namespace === namespace && type.moduleId === moduleId)
    .map(({ source }) => source);
  return [
    entry("Actors", `open ${text}`, `Actor ${namespace} / ${moduleId} / ${name}`, go(routes.actors(actor))),
    ...sources.map((source) => stopEntry({ source, ...actor }, known)),
  ];
}

const foldsOf = (state: LiveState) => state.folds;
const TYPES_STALE_MS = 60_000;

/** Everything there is now, with the reasons against what cannot be done. */
function useEntries(text: string): { readonly entries: readonly Entry[]; readonly direct: readonly Entry[] } {
  const folds = useFold(foldsOf);
  const facts = useSourceFacts();
  const trpc = useTRPC();
  const sources = Object.entries(folds ?? {}).flatMap(([stream, fold]) =>
    fold.family === "dna" ? [stream.slice("dna:".length)] : [],
  );
  // Types are read only once something is looked for.
  const types = useQueries({
    queries: sources.map((source) =>
      trpc.dna.types.list.queryOptions({ source }, { enabled: text !== "", staleTime: TYPES_STALE_MS }),
    ),
    combine: (answers) =>
      answers.flatMap(({ data }, index): readonly ActorType[] =>
        (data?.types ?? []).map((type) => ({ source: sources[index] ?? "", ...type })),
      ),
  });
  const estate = useEstate();
  const idle = useMemo(
    () =>
      new Map(
        estate?.dna
          .filter(({ act }) => !act)
          .map(({ id }) => [id, "Acting on this source is switched off (act: false)."]),
      ),
    [estate],
  );
  const { path, search: address } = useAddress();
  const actor = useMemo(() => (path === routes.actors() ? actorIn(address) : null), [path, address]);
  const acting = facts.data?.sources.find(({ actRefused }) => actRefused === null);
  const actRefused = acting === undefined ? (facts.data?.sources[0]?.actRefused ?? null) : null;
  const resume = useRefusal("plans:resume", actRefused);
  const ping = useRefusal("worlds:ping", actRefused);
  const failover = useRefusal("dna:failover");
  const drain = useRefusal("dna:nodes");
  const stop = useRefusal("dna:stop");
  const invalidate = useRefusal("worlds:invalidate", actRefused);
  const { shown: demo, refusal: scenario } = useScenario();
  const plan = useOpenPlan();
  const held = useReadOnly() !== null;
  const brake = useRefusal(held ? "safety:allow-acting" : "safety:read-only");
  return useMemo(() => {
    const known: Known = {
      folds: folds ?? {},
      pages: PAGES,
      types,
      plan,
      actor,
      idle,
      refusals: { resume, failover, drain, stop, ping, invalidate, scenario },
      readOnly: { on: held, refusal: brake },
      demo,
    };
    return { entries: entriesOf(known), direct: directOf(text, known) };
  }, [
    text,
    folds,
    types,
    plan,
    actor,
    idle,
    resume,
    failover,
    drain,
    stop,
    ping,
    invalidate,
    scenario,
    held,
    brake,
    demo,
  ]);
}

interface UseAct {
  readonly onClose: () => void;
  readonly onDialogue: (act: Dialogue) => void;
  readonly onSay: (text: string) => void;
}

function useAct({ onClose, onDialogue, onSay }: UseAct): (entry: Entry) => void {
  const { go } = useAddress();
  const client = useTRPCClient();
  const sources = useSources();
  const { setTheme, setZone } = usePreferences();
  const { run } = useScenario();

  async function open(planId: string): Promise<void> {
    onSay("Looking for it…");
    const source = await findPlan(client, sources ?? [], planId);
    if (source === null) onSay("No source has this plan.");
    else {
      go(routes.plan(source, planId));
      onClose();
    }
  }
  return ({ act, refusal }) => {
    if (refusal !== null) {
      onSay(refusal);
      return;
    }
    switch (act.kind) {
      case "go":
        go(act.href);
        onClose();
        return;
      case "find-plan":
        void open(act.planId);
        return;
      case "plan-act":
      case "failover":
      case "drain":
      case "stop":
      case "ping":
      case "invalidate":
      case "read-only":
        onDialogue(act);
        return;
      case "scenario":
        run
          .mutateAsync(act.scenario)
          .then(({ done }) => onSay(done))
          .catch((error: unknown) => onSay(faultOf(error).message));
        return;
      case "theme":
        setTheme(act.theme);
        onClose();
        return;
      case "zone":
        setZone(act.zone);
        onClose();
        return;
    }
  };
}
