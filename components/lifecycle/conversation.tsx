"use client";
import { useMemo } from "react";
import { isExecutionLock } from "#components/plan/lock-words.ts";
import type { HistoryOutput, PlanOutput } from "#components/plan/types.ts";
import { formatClock, shortId } from "#components/ui/format.ts";
import { useFold } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { useEnvelopes } from "#components/worlds/use-worlds.ts";
import { dynflowStream } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { conversationOf, type Conversation as Drawn } from "./conversation-diagram.ts";
import { NO_MARKS } from "./diagram.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { EndOfWay, TwinTable } from "./twin-table.tsx";

interface ConversationProps {
  readonly source: string;
  readonly plan: Pick<PlanOutput, "id" | "locks">;
  readonly history: HistoryOutput;
}

/** Who said what to whom so that this plan was executed; what nobody wrote down is dashed. */
export function Conversation({ source, plan, history }: ConversationProps) {
  const { zone } = usePreferences();
  const worlds = useFold((state) => {
    const fold = state.folds[dynflowStream(source)];
    return fold?.family === "dynflow" ? fold.worlds : undefined;
  });
  const envelopes = useEnvelopes(source, null);
  const waiting = envelopes.data?.envelopes;
  const conversation = useMemo(() => {
    const lock = plan.locks.find((each) => isExecutionLock(each.class)) ?? null;
    return conversationOf({
      history: history.entries.map(({ at, name, worldId }) => ({
        name,
        worldId,
        clock: formatClock(Date.parse(at) as EpochMs, zone),
      })),
      lock,
      waiting: (waiting ?? []).flatMap(({ receiverId, said }) =>
        said?.planId === plan.id ? [{ type: said.type, senderId: said.senderId, receiverId, stepId: said.stepId }] : [],
      ),
      nameOf: (worldId) => {
        const world = worlds !== undefined && Object.hasOwn(worlds, worldId) ? worlds[worldId] : undefined;
        return world?.hostname ?? `world ${shortId(worldId)}`;
      },
    });
  }, [history, plan, waiting, worlds, zone]);
  if (conversation.lines.length === 0)
    return (
      <Empty title="Nothing was said about it yet.">
        Its execution history is empty, nobody holds it, and no envelope about it waits.
      </Empty>
    );
  return <Drawing conversation={conversation} />;
}

function Drawing({ conversation: { diagram, lines, cut } }: { readonly conversation: Drawn }) {
  return (
    <>
      <DiagramFrame
        diagram={diagram}
        marks={NO_MARKS}
        note="solid = written down (history, lock, waiting envelope); dashed = inferred: a message leaves no trace once it was taken"
        twin={
          <TwinTable
            title={diagram.title}
            lines={lines}
            keyOf={({ key }) => key}
            columns={[
              { title: "From", names: true, cell: ({ fromName }) => <bdi>{fromName}</bdi> },
              { title: "To", cell: ({ from, to, toName }) => <EndOfWay from={from} to={to} name={toName} /> },
              { title: "What", wide: true, cell: ({ label }) => <bdi>{label}</bdi> },
              {
                title: "Known by",
                className: ({ inferred }) => (inferred ? "t3" : ""),
                cell: ({ inferred }) => (inferred ? "inferred" : "written down"),
              },
            ]}
          />
        }
      />
      {cut > 0 && (
        <p className="small t3">
          {cut} earlier {cut === 1 ? "execution is" : "executions are"} not drawn; the execution history has all.
        </p>
      )}
    </>
  );
}
