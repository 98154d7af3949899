"use client";
import { useQuery } from "@tanstack/react-query";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure, Skeleton } from "#components/ui/widget.tsx";
import { EventDrawer } from "./event-drawer.tsx";

/** An event that a link leads to and that is not among those that are listed. */
export function DistantEvent({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const query = useQuery(useTRPC().journal.around.queryOptions({ id }));
  if (query.data !== undefined) return <EventDrawer event={query.data.event} onClose={onClose} />;
  return (
    <Drawer title="Event" onClose={onClose}>
      <DrawerSection title="Event">
        {query.error === null ? (
          <Skeleton rows={4} columns={2} what="the event" />
        ) : (
          <Failure title="Cannot read the event" error={query.error} onRetry={() => query.refetch()} />
        )}
      </DrawerSection>
    </Drawer>
  );
}
