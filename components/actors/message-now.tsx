"use client";
import { useQuery } from "@tanstack/react-query";
import { useId, useRef } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { useFold } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { ExplainOutput } from "#server/contract/wire/dna-actors.ts";
import type { Tone } from "#server/kernel/states.ts";
import type { ActorPlaceOf } from "./actor-place.ts";

const RequestPath = onDemand(() =>
  import("#components/lifecycle/request-path.tsx").then((module) => module.RequestPath),
);

const EVERY_MS = 3_000;

/** What a message for the key would do now, at any healthy node or at a chosen one. */
export function MessageNow({ place, entry }: { readonly place: ActorPlaceOf; readonly entry: string | null }) {
  const { go } = useAddress();
  const field = useRef<HTMLSelectElement>(null);
  const query = useQuery(
    useTRPC().dna.actors.explain.queryOptions(
      { ...place, entry },
      { refetchInterval: EVERY_MS, placeholderData: (before) => before },
    ),
  );
  useKeys([{ keys: "E", does: "choose where a message arrives", run: () => field.current?.focus() }], {
    group: "Actor",
  });
  return (
    <Section
      title="A message now"
      note="evaluated by this console on what it reads; no node is asked to judge"
      aside={
        <EntrySelect
          ref={field}
          source={place.source}
          entry={entry}
          onEntry={(chosen) => go(routes.actors({ ...place, entry: chosen }))}
        />
      }
    >
      <QueryWidget query={query} what="what a message would do" rows={26}>
        {(explained) => <Explained explained={explained} source={place.source} />}
      </QueryWidget>
    </Section>
  );
}

interface EntrySelectProps {
  readonly source: string;
  readonly entry: string | null;
  readonly onEntry: (entry: string | null) => void;
  readonly ref: React.Ref<HTMLSelectElement>;
}

/** Living nodes by name; one that is chosen and not listed any more stays. */
function EntrySelect({ source, entry, onEntry, ref }: EntrySelectProps) {
  const id = useId();
  const stream = dnaStream(source);
  const fold = useFold(({ folds }) => folds[stream]);
  const nodes = fold?.family === "dna" ? Object.entries(fold.nodes) : [];
  const living = nodes
    .filter(([incarnation, { state }]) => incarnation === entry || (state !== "gone" && state !== "silent"))
    .sort(([, a], [, b]) => (a.node < b.node ? -1 : 1));
  const listed = entry === null || living.some(([incarnation]) => incarnation === entry);
  return (
    <span className="row entry-pick">
      <label className="small t3" htmlFor={id}>
        entering at <kbd>E</kbd>
      </label>
      <select
        ref={ref}
        id={id}
        className="field mono"
        value={entry ?? ""}
        onChange={(event) => onEntry(event.target.value === "" ? null : event.target.value)}
      >
        <option value="">any healthy node but the owner</option>
        {!listed && <option value={entry ?? ""}>{entry}</option>}
        {living.map(([incarnation, { node, state }]) => (
          <option key={incarnation} value={incarnation}>
            {state === "alive" ? node : `${node} (${state})`}
          </option>
        ))}
      </select>
    </span>
  );
}

const END_TONES: Readonly<Record<ExplainOutput["end"], Tone>> = {
  deliver: "good",
  start: "good",
  forward: "good",
  claim: "working",
  replace: "attention",
  halt: "failed",
  crash: "failed",
  unknown: "unknown",
};

function Explained({ explained, source }: { readonly explained: ExplainOutput; readonly source: string }) {
  const { end, sentence, nodes, edges, assumptions, warning, entry } = explained;
  return (
    <>
      <p className="answer">
        <Glyph tone={END_TONES[end]} label={end} />
        <span>{sentence}</span>
      </p>
      {warning !== null && (
        <p className="warn bad" role="alert">
          <Glyph tone="failed" /> <b>Its cache is not the register.</b> {warning}
        </p>
      )}
      {entry !== null && !entry.asked && (
        <p className="warn small">
          {entry.missing} It is taken as a node without a cached owner, and {source}&apos;s peers as this console sees
          them.
        </p>
      )}
      <div className="two-col">
        <RequestPath nodes={nodes} edges={edges} />
        <section>
          <h3 className="lbl">It rests on</h3>
          <ul className="plain-list">
            {entry?.asked === true && (
              <li className="small t2">
                What {entry.node} itself told: its cache, its registry, its own table of peers and the age of its
                refresh.
              </li>
            )}
            {assumptions.map((text) => (
              <li key={text} className="small t2">
                {text}
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>
  );
}
