"use client";
import { formatBytes } from "#components/ui/format.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { isMasked } from "#server/contract/event.ts";
import type { PayloadPlace } from "#server/contract/mask-payload.ts";
import { isEmptyPayload, pathText, payloadSize } from "#server/contract/view/payload-tree.ts";
import { MASKED_TEXT } from "./masked-text.ts";
import { Reveal } from "./reveal.tsx";
import type { ActionOutput } from "./types.ts";
import { type RevealPart, useReveal } from "./use-reveal.ts";

const PayloadTree = onDemand(async () => (await import("./payload-tree.tsx")).PayloadTree);
const Resolved = onDemand(async () => (await import("./payload-resolve.tsx")).Resolved);
const HexOfCell = onDemand(async () => (await import("./hex-of-cell.tsx")).HexOfCell);

interface Where {
  readonly source: string;
  readonly planId: string;
}

type Payload = ActionOutput["input"];

interface PayloadSectionProps extends Where {
  readonly title: string;
  readonly payload: Payload;
  readonly bytes: number;
  /** What a masked value in here is revealed as; left out = it cannot be. */
  readonly part?: ((place: PayloadPlace) => RevealPart) | undefined;
  /** Where its bytes are, for when they cannot be decoded. */
  readonly cell?:
    | { readonly row: "action" | "delayed"; readonly id: number | null; readonly column: string }
    | undefined;
}

/** Input or output of an action under its name, with its size. */
export function PayloadSection({ title, payload, bytes, source, planId, part, cell }: PayloadSectionProps) {
  const value = isMasked(payload) || !("value" in payload) ? null : payload.value;
  const empty = !isMasked(payload) && "value" in payload && isEmptyPayload(payload.value);
  const size = empty ? "{}" : [payloadSize(value), formatBytes(bytes)].filter((text) => text !== "").join(", ");
  return (
    <section className="io" aria-label={title}>
      <div className="row">
        <b className="med">{title}</b>
        <span className="small t3">{size}</span>
      </div>
      {!empty && <PayloadText {...{ payload, source, planId, part, cell }} label={title} />}
    </section>
  );
}

type PayloadTextProps = Where & Pick<PayloadSectionProps, "payload" | "part" | "cell"> & { readonly label?: string };

/** A payload as a tree; hidden, or its bytes where it cannot be decoded. */
export function PayloadText({ payload, source, planId, part, cell, label = "payload" }: PayloadTextProps) {
  const reveal = useReveal();
  const refusal = useRefusal("payloads:reveal");
  if (isMasked(payload)) return <p className="unk">{MASKED_TEXT}</p>;
  if ("unreadable" in payload)
    return (
      <>
        <p className="small t2 wrap">
          Could not be decoded: <bdi>{payload.unreadable}</bdi> ({formatBytes(payload.bytes)})
        </p>
        {cell !== undefined && <HexOfCell source={source} planId={planId} {...cell} />}
      </>
    );
  const { value } = payload;
  const onReveal =
    part === undefined
      ? undefined
      : (place: PayloadPlace) =>
          reveal.ask({ part: part(place), name: [label.toLowerCase(), pathText(value, place)].join(" ").trim() });
  return (
    <>
      <PayloadTree
        {...{ value, label, source, planId, onReveal }}
        revealRefusal={refusal}
        resolve={(token) => <Resolved key={token.text} token={token} source={source} planId={planId} />}
      />
      <Reveal reveal={reveal} source={source} planId={planId} />
    </>
  );
}
