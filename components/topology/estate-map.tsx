"use client";
import { useState } from "react";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { useWidth } from "#components/ui/width.ts";
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import type { EstateOutput } from "#server/contract/wire/estate.ts";
import { cellSize } from "./cell-layout.ts";
import { type BarValue, ClusterMap, keysOf } from "./cluster-map.tsx";
import type { DatabaseView, RegionView } from "./estate-view.ts";

interface EstateMapProps {
  readonly regions: readonly RegionView[];
  readonly place: TopologyPlace;
  readonly loadBalancer: EstateOutput["loadBalancer"];
  readonly owned: Readonly<Record<string, OwnedFold>>;
}

/** A full load bar is a host with every scheduler busy; nobody tells how many there are, so eight. */
const LOAD_MAX = 8;

/** Load balancer, regions, clusters, nodes, database hosts. It stands still: a state never moves a node. */
export function EstateMap({ regions, place, loadBalancer, owned }: EstateMapProps) {
  const [bar, setBar] = useState<BarValue>("load");
  const [ref, width] = useWidth<HTMLDivElement>();
  const count = regions.reduce(
    (sum, { clusters }) => sum + clusters.reduce((all, { places }) => all + places.length, 0),
    0,
  );
  const size = cellSize(count, width ?? 0);
  const keysMax = Math.max(1, ...Object.values(owned).map((one) => keysOf(one) ?? 0));
  return (
    <div ref={ref}>
      <div className="tool">
        <span className="t3 small">{size.detail === "full" ? "name, heartbeat age, " : ""}bar shows</span>
        <span className="seg">
          {(["load", "keys"] as const).map((value) => (
            <button key={value} type="button" aria-pressed={bar === value} onClick={() => setBar(value)}>
              {value === "load" ? "load" : "keys owned"}
            </button>
          ))}
        </span>
      </div>
      <div className={loadBalancer === null ? "map" : "map with-lb"}>
        {loadBalancer !== null && (
          <div className="lb">
            <b className="strong">{loadBalancer.title}</b>
            <span className="t3 small">load balancer of {plural(loadBalancer.regions.length, "region")}</span>
          </div>
        )}
        <div className="regs">
          {regions.map((region) => (
            <section key={region.id} className="reg">
              <div className="body">
                <h2>
                  <Link className="plain" href={routes.topology({ region: region.id === "" ? null : region.id })}>
                    {region.title}
                  </Link>
                </h2>
                <div className="clus">
                  {region.clusters.map((cluster) => (
                    <ClusterMap
                      key={`${cluster.source} ${cluster.cluster}`}
                      cluster={cluster}
                      place={place}
                      size={size}
                      bar={bar}
                      barMax={bar === "load" ? LOAD_MAX : keysMax}
                      owned={owned}
                    />
                  ))}
                </div>
              </div>
              <div className="dbs">
                {region.databases.map((database) => (
                  <DatabaseHosts key={database.source} database={database} />
                ))}
              </div>
            </section>
          ))}
        </div>
      </div>
    </div>
  );
}

function DatabaseHosts({ database }: { readonly database: DatabaseView }) {
  const { name, product, hosts, known } = database;
  return (
    <section className={known ? "db" : "db stale"}>
      <h3 className="small trunc" title={`${name}, ${product}`}>
        <b className="strong">
          <bdi>{name}</bdi>
        </b>{" "}
        <span className="t3">{product}</span>
      </h3>
      <ul>
        {hosts.map(({ hostId, address, dataCenter, rack, up }) => (
          <li key={hostId} title={`${address}, ${dataCenter}, rack ${rack}`}>
            <Glyph
              tone={up === null || !known ? "unknown" : up ? "good" : "failed"}
              label={up === null || !known ? "not known" : up ? "up" : "down"}
            />
            <span className="mono trunc">{address}</span>
            <span className="t3 push nowrap">{rack}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
