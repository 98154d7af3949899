"use client";
import { Fragment, useMemo, useState } from "react";
import { formatBytes, formatCount } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { isMasked } from "#server/contract/event.ts";
import {
  isEmptyPayload,
  MASKED_TEXT,
  type PayloadLine,
  type PayloadToken,
  payloadLines,
  payloadSize,
} from "./payload.ts";
import type { ActionOutput } from "./types.ts";

const LINES_FIRST = 60;
const LINES_MAX = 5_000;

interface Where {
  readonly source: string;
  readonly planId: string;
}

type Payload = ActionOutput["input"];

interface PayloadSectionProps extends Where {
  readonly title: string;
  readonly payload: Payload;
  readonly bytes: number;
}

/** Input or output of an action under its name, with its size. */
export function PayloadSection({ title, payload, bytes, source, planId }: PayloadSectionProps) {
  const value = isMasked(payload) ? payload : "value" in payload ? payload.value : null;
  const size = payloadSize(value);
  const empty = !isMasked(payload) && "value" in payload && isEmptyPayload(payload.value);
  return (
    <section className="io" aria-label={title}>
      <div className="row">
        <b className="med">{title}</b>
        <span className="small t3">
          {empty ? "{}" : [size, formatBytes(bytes)].filter((part) => part !== "").join(", ")}
        </span>
      </div>
      {!empty && <PayloadText payload={payload} source={source} planId={planId} />}
    </section>
  );
}

/** The text of a payload; a reference leads to the step it waits for. */
export function PayloadText({ payload, source, planId }: Where & { readonly payload: Payload }) {
  const [all, setAll] = useState(false);
  const value = isMasked(payload) ? payload : "value" in payload ? payload.value : undefined;
  const { lines, cut } = useMemo(() => payloadLines(value, all ? LINES_MAX : LINES_FIRST), [value, all]);
  if (!isMasked(payload) && "unreadable" in payload)
    return (
      <p className="small t2 wrap">
        Could not be decoded: <bdi>{payload.unreadable}</bdi> ({formatBytes(payload.bytes)})
      </p>
    );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre className="code" tabIndex={0}>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place in the text
          <Fragment key={index}>
            <Line line={line} source={source} planId={planId} />
            {"\n"}
          </Fragment>
        ))}
      </pre>
      {cut && (
        <button type="button" className="btn sm" onClick={() => setAll(true)} disabled={all}>
          {all ? `Cut after ${formatCount(LINES_MAX)} lines` : "Show all"}
        </button>
      )}
    </>
  );
}

function Line({ line: { depth, key, pad, value }, ...where }: Where & { readonly line: PayloadLine }) {
  const head = key === null ? "- " : value === null ? `${key}:` : `${key}:`.padEnd(pad + 2);
  return (
    <>
      {"  ".repeat(depth)}
      <bdi className="pk">{depth === 0 && key === null ? "" : head}</bdi>
      {value !== null && <Token token={value} {...where} />}
    </>
  );
}

function Token({ token, source, planId }: Where & { readonly token: PayloadToken }) {
  switch (token.kind) {
    case "masked":
      return <span className="unk">{MASKED_TEXT}</span>;
    case "special":
      return (
        <span title={token.type}>
          <bdi>{token.text}</bdi> <span className="t3">{token.type}</span>
        </span>
      );
    case "reference":
      return token.stepId === null ? (
        <bdi className="ref">{token.text}</bdi>
      ) : (
        <Link className="ref" href={routes.plan(source, token.planId ?? planId, { step: token.stepId })}>
          <bdi>{token.text}</bdi>
        </Link>
      );
    case "text":
      return <bdi>{token.text}</bdi>;
  }
}
