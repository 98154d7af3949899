"use client";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import type { RegionView } from "./estate-view.ts";

interface DatabaseHostsProps {
  readonly regions: readonly RegionView[];
  /** Where one is: a host is opened beside it. */
  readonly place: TopologyPlace;
}

/** The database hosts of the map as a table: the twin of what is painted beside the nodes. */
export function DatabaseHosts({ regions, place }: DatabaseHostsProps) {
  const hosts = regions.flatMap(({ title, databases }) =>
    databases.flatMap((database) => database.hosts.map((host) => ({ ...host, region: title, database }))),
  );
  if (hosts.length === 0) return null;
  return (
    <Section title="Database hosts" note={plural(hosts.length, "host")}>
      <div className="tscroll map-hosts">
        <table aria-label="Database hosts">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Host</th>
              <th scope="col">Database</th>
              <th scope="col" className="p2">
                Data centre, rack
              </th>
              <th scope="col" className="p2">
                Version
              </th>
              <th scope="col" className="p3">
                Region
              </th>
            </tr>
          </thead>
          <tbody>
            {hosts.map(({ hostId, address, dataCenter, rack, version, up, region, database }) => {
              const word = up === null || !database.known ? "not known" : up ? "up" : "down";
              return (
                <tr key={`${database.source} ${hostId}`}>
                  <td>
                    <span className={`st t-${TONES[word]} ink`}>
                      <Glyph tone={TONES[word]} />
                      {word}
                    </span>
                  </td>
                  <td className="mono">
                    <Link className="plain" href={hrefOf(place, database.source, hostId)}>
                      {address}
                    </Link>
                  </td>
                  <td>
                    <bdi>{database.name}</bdi> <span className="t3">{database.product}</span>
                  </td>
                  <td className="p2 t2">
                    {dataCenter}, {rack}
                  </td>
                  <td className="p2 t2">{version}</td>
                  <td className="p3 t2">{region}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

const hrefOf = (place: TopologyPlace, source: string, hostId: string) =>
  routes.topology({ ...place, node: null, host: null, thing: "database-host", of: source, id: hostId });

const TONES = { up: "good", down: "failed", "not known": "unknown" } as const;
