"use client";
import { useEffect, useRef } from "react";
import { Link } from "#components/ui/link.tsx";
import { type Href, routes } from "#components/ui/routes.ts";
import type { ThingKind } from "#server/contract/view/things.ts";
import type { CameraHandle } from "./map-canvas.tsx";
import { blockWidth, CELL, CHROME } from "./map-layout.ts";
import { cellWords, clusterWords, groupWords, type MapCell, type MapScene } from "./map-scene.ts";

/** The page of a source that is drawn as a group. */
const groupHref = (source: string, kind: ThingKind): Href =>
  kind === "plan-store" ? routes.worlds({ source }) : kind === "haf" ? routes.haf({ source }) : routes.agents();

interface MapTwinProps {
  readonly scene: MapScene;
  readonly camera: CameraHandle;
  /** Nodes that are links; none when there are too many of them: then keys move through the map itself. */
  readonly nodes: readonly MapCell[];
  /** The one that Tab reaches. */
  readonly tabbable: string | null;
  readonly hrefOf: (node: MapCell) => Href;
  readonly onFocus: (node: MapCell) => void;
}

/** The links of the map, unseen over what is painted: names for screen readers, targets for keys and pointers. */
export function MapTwin({ scene, camera, nodes, tabbable, hrefOf, onFocus }: MapTwinProps) {
  const plane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = 0;
    const follow = ({ x, y, scale }: ReturnType<CameraHandle["now"]>) => {
      if (plane.current === null) return;
      plane.current.style.transform = `matrix(${scale},0,0,${scale},${-x * scale},${-y * scale})`;
      if (scale === shown) return;
      shown = scale;
      plane.current.style.setProperty("--map-scale", String(scale));
    };
    follow(camera.now());
    return camera.onMove(follow);
  }, [camera]);
  const { unit } = scene.layout;
  return (
    <div ref={plane} className="map-twin">
      {(scene.shown.has("dna") ? scene.regions : []).map(({ view, box, clusters }) => (
        <div key={view.id}>
          <Link
            className="map-link"
            draggable={false}
            aria-label={view.title}
            href={routes.topology({ region: view.id === "" ? null : view.id })}
            style={{ left: scene.layout.bodyX, top: box.y, width: 160 * unit, height: 20 * unit }}
          />
          {clusters.map((cluster) => {
            const [block] = cluster.box.blocks;
            return (
              <Link
                key={cluster.key}
                className="map-link"
                draggable={false}
                href={routes.topology({ source: cluster.view.source, cluster: cluster.view.cluster })}
                aria-label={clusterWords(cluster)}
                title={clusterWords(cluster)}
                style={{
                  left: block.x,
                  top: block.y - CHROME.clusterHead * unit,
                  width: blockWidth(block),
                  height: 20 * unit,
                }}
              />
            );
          })}
        </div>
      ))}
      {scene.layers.flatMap(({ groups }) =>
        groups.map((group) => {
          const [block] = group.box.blocks;
          const { key, things } = group.view;
          const [first] = things;
          return first === undefined ? null : (
            <Link
              key={key}
              className="map-link"
              draggable={false}
              href={groupHref(group.view.source, first.ref.kind)}
              aria-label={groupWords(group)}
              title={groupWords(group)}
              style={{
                left: block.x,
                top: block.y - CHROME.clusterHead * unit,
                width: blockWidth(block),
                height: 20 * unit,
              }}
            />
          );
        }),
      )}
      {nodes.map((node) => (
        <Link
          key={node.key}
          className="map-link"
          draggable={false}
          data-cell={node.key}
          href={hrefOf(node)}
          aria-label={cellWords(scene, node)}
          title={cellWords(scene, node)}
          aria-current={scene.selected.has(node.key) || undefined}
          tabIndex={node.key === tabbable ? 0 : -1}
          onFocus={() => onFocus(node)}
          style={{ left: node.x, top: node.y, width: CELL.width, height: CELL.height }}
        />
      ))}
    </div>
  );
}
