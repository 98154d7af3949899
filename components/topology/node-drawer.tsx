"use client";
import { useQuery } from "@tanstack/react-query";
import { DrawerHistory } from "#components/history/history-section.tsx";
import { DrawerRelated } from "#components/related/related-section.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { State } from "#components/ui/glyph.tsx";
import { copyText, Id, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts } from "#components/ui/section.tsx";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Failure } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { nodeWord } from "./estate-view.ts";
import { Heartbeat } from "./heartbeat.tsx";
import { NodeActions } from "./node-actions.tsx";
import { NodeHoldings } from "./node-holdings.tsx";
import { NodeLifecycle } from "./node-lifecycle.tsx";

const EVERY_MS = 2_000;

interface NodeDrawerProps {
  readonly source: string;
  readonly incarnation: string;
  readonly onClose: () => void;
}

/** One incarnation: how it beats, what it holds, what can be done and why not, who else has its name. */
export function NodeDrawer({ source, incarnation, onClose }: NodeDrawerProps) {
  const stream = dnaStream(source);
  const fold = useFold(({ folds }) => folds[stream]);
  const node = fold?.family === "dna" ? fold.nodes[incarnation] : undefined;
  const past = useIsPast();
  const query = useQuery(
    useTRPC().dna.nodes.get.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS, enabled: !past }),
  );
  useKeys([{ keys: "Y", does: "copy the incarnation", run: () => void copyText(incarnation) }], { group: "Node" });
  if (fold === undefined) return null;
  if (fold.family !== "dna" || node === undefined)
    return (
      <Drawer title={<Id id={incarnation} form="incarnation" />} onClose={onClose}>
        <DrawerSection title="Not known">
          <Empty title={past ? "No such incarnation was known then." : "No such incarnation is in the nodes table."}>
            {past
              ? "It had not been seen yet, or was forgotten already."
              : "It may have been forgotten after its row was gone."}{" "}
            <Link href={routes.journal({ subject: incarnation })}>Its journal</Link>
          </Empty>
        </DrawerSection>
        <DrawerHistory thing={{ type: "incarnation", source, id: incarnation }} what={incarnation} />
      </Drawer>
    );
  return (
    <Drawer
      title={<Id id={node.node} form="whole" />}
      sub={
        <>
          <State system="node" word={nodeWord(node)} />
          <span className="t2">
            for <Since at={node.since} />
          </span>
          <span className="t3">{node.evidence}</span>
          <Link href={routes.node(source, incarnation)}>its page</Link>
          <OutLinks on="dna.node" values={{ source, node: node.node }} />
        </>
      }
      onClose={onClose}
    >
      {fold.source.state !== "up" && (
        <DrawerSection title="Its source is not up">
          <Failure title={`${source} is ${fold.source.state}`} message={fold.source.reason} since={fold.source.since}>
            <p className="t3">Nothing here is judged on what cannot be read.</p>
          </Failure>
        </DrawerSection>
      )}
      <DrawerSection title="Heartbeat age" note="2 min, as Worldline saw it since you look">
        <Heartbeat stream={stream} incarnation={incarnation} word={nodeWord(node)} />
      </DrawerSection>
      <NodeHoldings stream={stream} incarnation={incarnation} owned={fold.owned[incarnation] ?? null} />
      <NodeActions source={source} incarnation={incarnation} node={node} query={query} />
      <DrawerSection title="Identity">
        <Facts facts={identity(incarnation, node)} />
      </DrawerSection>
      <DrawerRelated thing={{ kind: "node", source, id: incarnation }} />
      <NodeLifecycle state={node.state} />
      <DrawerHistory thing={{ type: "incarnation", source, id: incarnation }} what={node.node} />
      <SameName source={source} nodes={past ? [] : (query.data?.sameName ?? [])} />
    </Drawer>
  );
}

function identity(incarnation: string, node: NodeFold) {
  return [
    { name: "incarnation", value: <Id id={incarnation} form="incarnation" />, source: "cql" },
    { name: "created", value: <Instant at={node.createdAt} />, source: "its own clock" },
    { name: "first seen", value: <Instant at={node.firstSeenAt} />, source: "journal" },
    { name: "cluster", value: <Name text={node.cluster} />, source: "cql" },
    ...Object.entries(node.flags).map(([flag, evidence]) => ({
      name: flag.replace("_", " "),
      value: evidence,
      wrap: true,
      source: "judged",
    })),
  ];
}

interface SameNameProps {
  readonly source: string;
  readonly nodes: readonly { readonly incarnation: string; readonly state: string; readonly since: string }[];
}

function SameName({ source, nodes }: SameNameProps) {
  if (nodes.length === 0) return null;
  return (
    <DrawerSection title="Same name" note="other incarnations, newest first">
      <table>
        <tbody>
          {nodes.map(({ incarnation, state, since }) => (
            <tr key={incarnation}>
              <td>
                <State system="node" word={state} />
              </td>
              <td className="mono">
                <Link className="plain" href={routes.topology({ of: source, node: incarnation })}>
                  {incarnation.split(":", 1)[0]}:…
                </Link>
              </td>
              <td className="num">
                <Age at={Date.parse(since) as never} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </DrawerSection>
  );
}
