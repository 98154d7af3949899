"use client";
import { useState } from "react";
import { DemoNode } from "#components/demo/demo-node.tsx";
import { DeleteRowAction, DrainAction } from "#components/drain/drain-action.tsx";
import { CensusAction } from "#components/failover/census-action.tsx";
import { refusalOfRelease } from "#components/failover/release-words.ts";
import { Action } from "#components/ui/button.tsx";
import { DrawerSection } from "#components/ui/drawer.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { useNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import { usePermitted, useRefusal } from "#components/ui/session.ts";
import type { Outputs } from "#components/ui/trpc.ts";
import { Failure } from "#components/ui/widget.tsx";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import type { ReleasableView } from "#server/contract/wire/dna.ts";

const FailoverDialog = onDemand(() =>
  import("#components/failover/failover-dialog.tsx").then((module) => module.FailoverDialog),
);

interface NodeActionsProps {
  readonly source: string;
  readonly incarnation: string;
  readonly node: NodeFold;
  readonly query: { readonly data: Outputs["dna"]["nodes"]["get"] | undefined; readonly error: unknown };
}

/** A living node is no matter of waiting; a dead one may be. */
function kindOfNo({ state }: NodeFold, release: ReleasableView | undefined): string {
  if (release === undefined) return "Not now.";
  if (state !== "silent" && state !== "gone") return "Not while it lives. Needed:";
  return release.readyInMs === null ? "Not now." : "Not yet.";
}

/** What can be done with it; what cannot, says why and, if it can, when it will be possible. */
export function NodeActions({ source, incarnation, node, query }: NodeActionsProps) {
  const [open, setOpen] = useState(false);
  const now = useNow();
  const { zone } = usePreferences();
  const acts = useEstate()?.dna.find(({ id }) => id === source)?.act ?? true;
  const release = query.data?.releasable;
  const asOf = query.data?.asOf ?? null;
  const why =
    release === undefined ? "Reading whether it may be released." : refusalOfRelease(release, asOf, now, zone);
  const refusal = useRefusal("dna:failover", acts ? why : "Acting on this source is switched off (act: false).");
  const permitted = usePermitted("dna:failover");
  const refusedAs = !permitted ? "Not permitted." : refusal === why ? kindOfNo(node, release) : "Not now.";
  useKeys(
    [
      {
        keys: "F",
        does: "fail over",
        run: () => {
          if (refusal !== null) return false;
          setOpen(true);
          return true;
        },
      },
    ],
    { group: "Node" },
  );
  return (
    <DrawerSection title="Actions">
      {query.error !== null && query.data === undefined && (
        <Failure title="Cannot read what is possible" error={query.error} />
      )}
      <Action label="Fail over…" shortcut="F" onPress={() => setOpen(true)} refusal={refusal} refusedAs={refusedAs}>
        releases its keys or gives them to live nodes, each only if it still owns it; {release?.certainty ?? "presumed"}{" "}
        dead
      </Action>
      <CensusAction source={source} incarnation={incarnation} />
      <DrainAction source={source} incarnation={incarnation} />
      <DeleteRowAction source={source} incarnation={incarnation} node={node} />
      <DemoNode source={source} incarnation={incarnation} node={node} />
      {open && <FailoverDialog source={source} incarnation={incarnation} onClose={() => setOpen(false)} />}
    </DrawerSection>
  );
}
