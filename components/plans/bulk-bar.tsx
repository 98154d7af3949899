"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { usePermitted, useRefusal } from "#components/ui/session.ts";
import type { Filter } from "./plans-query.ts";
import type { Selection } from "./use-selection.ts";

const BulkDialog = onDemand(async () => (await import("./bulk-dialog.tsx")).BulkDialog);

export type BulkVerb = "resume" | "skip" | "cancel" | "abort" | "halt";
const VERBS: readonly BulkVerb[] = ["resume", "skip", "cancel", "abort", "halt"];
const WORDS: Readonly<Record<BulkVerb, string>> = {
  resume: "Resume…",
  skip: "Skip…",
  cancel: "Cancel…",
  abort: "Abort…",
  halt: "Halt…",
};

interface BulkBarProps {
  readonly selection: Selection;
  /** The one source that the list shows; `null` = several. */
  readonly source: string | null;
  readonly filter: Filter;
  /** Plans that the filter finds; `undefined` while it is not known. */
  readonly matching: number | undefined;
}

/** What can be done to the plans that are selected, all at once; there when something is. */
export function BulkBar({ selection, source, filter, matching }: BulkBarProps) {
  const [verb, setVerb] = useState<BulkVerb | null>(null);
  const [everything, setEverything] = useState(false);
  const sources = new Set(selection.keys().map((key) => key.slice(0, key.indexOf(" "))));
  const [only] = sources;
  const of = everything ? source : sources.size === 1 ? (only ?? null) : null;
  const refusals = useVerbRefusals(
    of === null
      ? everything
        ? "The list shows several sources: choose one first."
        : "These plans are of several sources: select those of one."
      : null,
  );
  if (selection.size === 0) return null;
  const clear = () => {
    setEverything(false);
    selection.clear();
  };
  const target = everything ? { filter } : { ids: selection.keys().map((key) => key.slice(key.indexOf(" ") + 1)) };
  return (
    <section className="bulk" aria-label="Selected plans">
      <span className="bulk-n" aria-live="polite">
        {everything
          ? `all ${matching === undefined ? "" : formatCount(matching)} that the filter finds`
          : `${plural(selection.size, "plan")} selected`}
      </span>
      {VERBS.map((each) => (
        <Button key={each} small primary={each === "resume"} refusal={refusals[each]} onPress={() => setVerb(each)}>
          {WORDS[each]}
        </Button>
      ))}
      {!everything && source !== null && matching !== undefined && matching > selection.size && (
        <button type="button" className="btn-plain small" onClick={() => setEverything(true)}>
          All {formatCount(matching)} that the filter finds
        </button>
      )}
      <button type="button" className="btn-plain small" onClick={clear}>
        Clear
      </button>
      {verb !== null && of !== null && (
        <BulkDialog source={of} verb={verb} target={target} onClose={() => setVerb(null)} onStarted={clear} />
      )}
    </section>
  );
}

function useVerbRefusals(other: string | null): Readonly<Record<BulkVerb, string | null>> {
  const bulk = useRefusal("plans:bulk", other);
  const resume = usePermitted("plans:resume");
  const skip = usePermitted("plans:skip");
  const cancel = usePermitted("plans:cancel");
  const abort = usePermitted("plans:abort");
  const halt = usePermitted("plans:halt");
  const needs = (verb: BulkVerb, permitted: boolean) =>
    bulk ?? (permitted ? null : `Needs the permission plans:${verb}.`);
  return {
    resume: needs("resume", resume),
    skip: needs("skip", skip),
    cancel: needs("cancel", cancel),
    abort: needs("abort", abort),
    halt: needs("halt", halt),
  };
}
