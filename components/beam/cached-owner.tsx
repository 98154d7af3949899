"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatDurationMs } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { BeamCachedOwnerOutput } from "#server/contract/wire/dna-beam.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const TYPES_STALE_MS = 60_000;

interface CachedOwnerProps {
  readonly source: string;
  readonly incarnation: string;
}

interface Key {
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}

/** Whom the node takes for the owner of a key, for how long, and whether it runs the key itself. */
export function CachedOwner({ source, incarnation }: CachedOwnerProps) {
  const trpc = useTRPC();
  const [typeIndex, setTypeIndex] = useState(0);
  const [name, setName] = useState("");
  const [key, setKey] = useState<Key | null>(null);
  const types = useQuery(trpc.dna.types.list.queryOptions({ source }, { staleTime: TYPES_STALE_MS }));
  const type = types.data?.types[typeIndex];
  const query = useQuery(
    trpc.dna.beam.cachedOwner.queryOptions(
      { source, incarnation, ...(key ?? { namespace: "", moduleId: 0, name: "" }) },
      { enabled: key !== null, staleTime: 0 },
    ),
  );
  const ask = () => {
    if (type === undefined || name === "") return;
    const next = { namespace: type.namespace, moduleId: type.moduleId, name };
    if (key !== null && JSON.stringify(key) === JSON.stringify(next)) void query.refetch();
    else setKey(next);
  };
  return (
    <>
      <form
        className="inside-bar"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <select
          aria-label="Type of the key"
          value={typeIndex}
          onChange={({ target }) => setTypeIndex(Number(target.value))}
        >
          {types.data?.types.map(({ namespace, moduleId, module }, index) => (
            <option key={`${moduleId}/${namespace}`} value={index}>
              {module ?? moduleId} · {namespace}
            </option>
          ))}
        </select>
        <input
          type="text"
          aria-label="Whole name of the key"
          placeholder="whole name"
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <Button small submit onPress={() => undefined} refusal={name === "" ? "Give the whole name of a key." : null}>
          Ask
        </Button>
      </form>
      {key !== null && (
        <QueryWidget query={query} what="its cache" rows={2} columns={2}>
          {(told) => <Cached source={source} told={told} at={query.dataUpdatedAt as EpochMs} />}
        </QueryWidget>
      )}
    </>
  );
}

interface CachedProps {
  readonly source: string;
  readonly told: BeamCachedOwnerOutput;
  readonly at: EpochMs;
}

function Cached({ source, told, at }: CachedProps) {
  const { cached, instance } = told;
  return (
    <Facts
      facts={[
        {
          name: "cached owner",
          value:
            cached === null ? (
              "none: it would ask the database"
            ) : cached.self ? (
              <b className="strong">itself</b>
            ) : (
              <>
                <Link href={routes.node(source, cached.incarnation)}>
                  <Name text={cached.node ?? cached.incarnation} mono />
                </Link>{" "}
                {cached.state === null ? (
                  <span className="unk">never seen</span>
                ) : (
                  <State system="node" word={cached.state} />
                )}
              </>
            ),
          source: <Age at={at} source="beam" suffix="ago" />,
          wrap: true,
        },
        {
          name: "for",
          value:
            cached === null ? (
              "–"
            ) : cached.ttlMs === null ? (
              <span className="unk">not told</span>
            ) : (
              formatDurationMs(cached.ttlMs)
            ),
        },
        {
          name: "runs it",
          value: instance === null ? "no" : `yes, in partition ${instance.partition}`,
          source: instance === null ? undefined : <span className="mono">{instance.ref}</span>,
        },
      ]}
    />
  );
}
