"use client";
import { useCallback } from "react";
import { DrawerRelated } from "#components/related/related-section.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { plural } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams } from "#components/ui/not-known.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { hostIndex, hostNamed } from "#server/contract/view/hosts.ts";

interface HostDrawerProps {
  /** Any of its names. */
  readonly name: string;
  readonly onClose: () => void;
}

/** Everything that runs on one host, by what it says of itself. */
export function HostDrawer({ name, onClose }: HostDrawerProps) {
  const past = useIsPast();
  const select = useCallback(
    ({ folds }: LiveState) => {
      const host = hostNamed(hostIndex(folds), name);
      return host === null ? null : { name: host.name, names: host.names, count: host.members.length };
    },
    [name],
  );
  const host = useFold(select);
  if (host === undefined) return null;
  if (host === null)
    return (
      <Drawer title={<Name text={name} />} onClose={onClose}>
        <DrawerSection title="Not known">
          <NotKnownStreams families={["dna", "dynflow", "haf", "ingest"]} />
          <Empty title={past ? "Nothing said then that it ran there." : "Nothing says that it runs there."}>
            Hosts are known by names and addresses that things tell of themselves.
          </Empty>
        </DrawerSection>
      </Drawer>
    );
  const others = host.names.slice(1);
  return (
    <Drawer
      title={<Name text={host.name} mono />}
      sub={
        <>
          <span className="t2">host</span>
          <span className="t3">{plural(host.count, "thing")} on it</span>
        </>
      }
      onClose={onClose}
    >
      {others.length > 0 && (
        <DrawerSection title="Also called" note="by what an agent there tells">
          <ul className="host-names">
            {others.map((other) => (
              <li key={other} className="mono">
                <bdi>{other}</bdi>
              </li>
            ))}
          </ul>
        </DrawerSection>
      )}
      <DrawerRelated thing={{ kind: "host", source: "", id: host.name }} />
    </Drawer>
  );
}
