"use client";
import { useSourceFacts, useSources } from "#components/plans/use-plans.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { PingDialog, usePingRefusal } from "./ping-dialog.tsx";
import { worldLines } from "./world-lines.ts";

interface PingWorldProps {
  readonly source: string;
  readonly worldId: string;
  readonly onClose: () => void;
}

/** The ping dialog for a world that is named from elsewhere. */
export function PingWorld({ source, worldId, onClose }: PingWorldProps) {
  const sources = useSources();
  const facts = useSourceFacts();
  const refusal = usePingRefusal(facts.data?.sources.find(({ id }) => id === source)?.actRefused ?? null);
  const line = worldLines(sources ?? [], new Map()).find((each) => each.source === source && each.id === worldId);
  if (line === undefined)
    return (
      <Dialog title="Ping" onClose={onClose}>
        <div className="dbody">
          <Empty title="This world has no record any more." />
        </div>
      </Dialog>
    );
  return <PingDialog line={line} refusal={refusal} onClose={onClose} />;
}
