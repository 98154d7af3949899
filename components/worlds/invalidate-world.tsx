"use client";
import { useSourceFacts, useSources } from "#components/plans/use-plans.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { InvalidateDialog } from "./invalidate-dialog.tsx";
import { worldLines } from "./world-lines.ts";

interface InvalidateWorldProps {
  readonly source: string;
  readonly worldId: string;
  readonly onClose: () => void;
}

/** The dialog that invalidates a world, for one that is named from elsewhere. */
export function InvalidateWorld({ source, worldId, onClose }: InvalidateWorldProps) {
  const sources = useSources();
  const facts = useSourceFacts();
  const own = new Map(facts.data?.sources.map((each) => [each.id, each.worldId]));
  const line = worldLines(sources ?? [], own).find((each) => each.source === source && each.id === worldId);
  if (line === undefined)
    return (
      <Dialog title="Invalidate" onClose={onClose}>
        <div className="dbody">
          <Empty title="This world has no record any more." />
        </div>
      </Dialog>
    );
  const actRefused = facts.data?.sources.find(({ id }) => id === source)?.actRefused ?? null;
  return <InvalidateDialog line={line} actRefused={actRefused} onClose={onClose} />;
}
