"use client";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";

interface WorldNameProps {
  readonly id: string;
  readonly source: string;
  readonly worlds: Readonly<Record<string, WorldFold>> | undefined;
}

/** A world by its host where its record is known, and its id. */
export function WorldName({ id, source, worlds }: WorldNameProps) {
  const world = worlds !== undefined && Object.hasOwn(worlds, id) ? worlds[id] : undefined;
  return (
    <span className="nowrap">
      {world === undefined ? (
        <span className="t3">{worlds === undefined ? "" : "gone "}</span>
      ) : (
        <Link href={routes.worlds({ source, world: id })}>
          <bdi>{world.hostname ?? world.class.split("::").at(-1)}</bdi>
        </Link>
      )}{" "}
      <Id id={id} />
    </span>
  );
}
