"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { HexView } from "#components/plan/hex-view.tsx";
import { PayloadTree } from "#components/plan/payload-tree.tsx";
import { formatBytes } from "#components/ui/format.ts";
import { Instant } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { ActorPlaceOf } from "./actor-place.ts";
import "#components/plan/payload.css";

interface StorageValueProps {
  readonly place: ActorPlaceOf;
  /** Base64. */
  readonly storageKey: string;
  readonly label: string;
}

/** One stored value: as a tree where it is JSON, as text where it is some, as bytes always. */
export function StorageValue({ place, storageKey, label }: StorageValueProps) {
  const query = useQuery(
    useTRPC().dna.actors.storageValue.queryOptions({ ...place, key: storageKey }, { gcTime: 0, staleTime: 0 }),
  );
  return (
    <QueryWidget query={query} what={`the value of ${label}`} rows={3} columns={1}>
      {({ value }) => <Value value={value} place={place} label={label} />}
    </QueryWidget>
  );
}

interface ValueProps {
  readonly value: Outputs["dna"]["actors"]["storageValue"]["value"];
  readonly place: ActorPlaceOf;
  readonly label: string;
}

function Value({ value, place, label }: ValueProps) {
  const [asBytes, setAsBytes] = useState(false);
  if (value === null) return <p className="small t3">There is no value under this key any more.</p>;
  if ("tooLarge" in value)
    return (
      <p className="small t2">
        {formatBytes(value.bytes)} are more than the {formatBytes(value.maxBytes)} that are read here.
      </p>
    );
  const { form, json, text, base64, withheld, bytes, writtenAt } = value;
  const hex = asBytes || form === "bytes";
  return (
    <div className="storage-value">
      <div className="row small">
        <span className="t3">
          {form === "json" ? "JSON" : form === "text" ? "text" : "bytes"}, {formatBytes(bytes)}
          {writtenAt !== null && (
            <>
              , written <Instant at={Date.parse(writtenAt) as EpochMs} form="ms" />
            </>
          )}
        </span>
        {form !== "bytes" && (
          <fieldset className="seg" aria-label="How the value is shown">
            <button type="button" aria-pressed={!asBytes} onClick={() => setAsBytes(false)}>
              {form === "json" ? "Tree" : "Text"}
            </button>
            <button type="button" aria-pressed={asBytes} onClick={() => setAsBytes(true)}>
              Bytes
            </button>
          </fieldset>
        )}
      </div>
      {hex ? (
        base64 === null ? (
          <p className="small t2">The bytes are not shown: {withheld}.</p>
        ) : (
          <HexView bytes={base64} offset={0} label={`Bytes of ${label}`} />
        )
      ) : form === "json" ? (
        <PayloadTree value={json} label={label} source={place.source} planId={place.name} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <pre className="code" tabIndex={0}>
          <bdi>{text}</bdi>
        </pre>
      )}
    </div>
  );
}
