"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatBytes } from "#components/ui/format.ts";
import { Section } from "#components/ui/section.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Faults, QueryWidget } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import { HexOfCell } from "./hex-of-cell.tsx";
import { MASKED_TEXT } from "./masked-text.ts";
import { Tool } from "./payload-tool.tsx";
import { PayloadTree } from "./payload-tree.tsx";
import { fileName, saveFile } from "./save-file.ts";

type Raw = Outputs["dynflow"]["plans"]["raw"];
type Column = Raw["columns"][number];
type Row = "plan" | "step" | "action" | "delayed";

interface RawViewProps {
  readonly source: string;
  readonly planId: string;
  /** The selected step and its action; `null` = none is. */
  readonly step: { readonly id: number; readonly actionId: number } | null;
  /** Whether the plan has a delayed row. */
  readonly delayed: boolean;
}

/** What the database holds, column by column: decoded, as bytes, with size and hash. */
export function RawView({ source, planId, step, delayed }: RawViewProps) {
  const rows: readonly { readonly row: Row; readonly id: number | null; readonly title: string }[] = [
    { row: "plan", id: null, title: "Plan" },
    ...(step === null
      ? []
      : ([
          { row: "step", id: step.id, title: `Step ${step.id}` },
          { row: "action", id: step.actionId, title: `Action ${step.actionId}` },
        ] as const)),
    ...(delayed ? ([{ row: "delayed", id: null, title: "Delayed" }] as const) : []),
  ];
  const [shown, setShown] = useState<Row>("plan");
  const current = rows.find(({ row }) => row === shown) ?? rows[0];
  if (current === undefined) return null;
  return (
    <Section
      title="Raw"
      note="as it stands in the database"
      aside={
        <fieldset className="seg" aria-label="Row">
          {rows.map(({ row, title }) => (
            <button key={row} type="button" aria-pressed={row === current.row} onClick={() => setShown(row)}>
              {title}
            </button>
          ))}
        </fieldset>
      }
    >
      {step === null && <p className="small t3 pad-y">Select a step to see its row and that of its action.</p>}
      <RawRow key={`${current.row} ${current.id}`} source={source} planId={planId} row={current.row} id={current.id} />
    </Section>
  );
}

interface RowProps {
  readonly source: string;
  readonly planId: string;
  readonly row: Row;
  readonly id: number | null;
}

function RawRow({ source, planId, row, id }: RowProps) {
  const trpc = useTRPC();
  const query = useQuery(trpc.dynflow.plans.raw.queryOptions({ source, planId, row, id }));
  return (
    <QueryWidget query={query} what={`the row of the ${row}`} rows={10} columns={3}>
      {(raw) => (
        <>
          <Faults faults={raw.faults} />
          <p className="small t2 wrap pad-y">
            <span className="mono">{raw.table}</span>
            {raw.schemaVersion === null ? "" : `, schema ${raw.schemaVersion}`}.{" "}
            {FORMS[raw.columns.find(({ blob }) => blob !== null)?.blob?.form ?? "none"]}{" "}
            {raw.rule === "data"
              ? "The column data holds the whole record: it counts, the others are copies for filtering."
              : "The column data is NULL: each column counts by itself."}{" "}
            <Tool
              onPress={() =>
                saveFile(
                  `${fileName(planId, row, id ?? "row")}.json`,
                  [JSON.stringify(raw, null, 2)],
                  "application/json",
                )
              }
            >
              Download as JSON
            </Tool>
          </p>
          <table className="tight rawt">
            <thead>
              <tr>
                <th scope="col">column</th>
                <th scope="col" className="num">
                  bytes
                </th>
                <th scope="col">value</th>
              </tr>
            </thead>
            <tbody>
              {raw.columns.map((column) => (
                <RawColumn key={column.name} column={column} {...{ source, planId, row, id }} />
              ))}
            </tbody>
          </table>
        </>
      )}
    </QueryWidget>
  );
}

function RawColumn({ column, ...where }: RowProps & { readonly column: Column }) {
  const [open, setOpen] = useState(false);
  const { name, text, blob } = column;
  if (blob === null)
    return (
      <tr>
        <td className="mono">{name}</td>
        <td className="num t3">–</td>
        <td className="wrap">
          {text === null ? <span className="t3">NULL</span> : <bdi className="mono">{text}</bdi>}
        </td>
      </tr>
    );
  return (
    <>
      <tr>
        <td className="mono">{name}</td>
        <td className="num">{formatBytes(blob.bytes)}</td>
        <td>
          <button type="button" className="btn-plain" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "▾" : "▸"} {summaryOf(blob)}
          </button>
        </td>
      </tr>
      {open && (
        <tr className="raw-open">
          <td colSpan={3}>
            <Blob_ name={name} blob={blob} {...where} />
          </td>
        </tr>
      )}
    </>
  );
}

function summaryOf({ decoded }: NonNullable<Column["blob"]>): string {
  if (isMasked(decoded)) return MASKED_TEXT;
  if ("unreadable" in decoded) return `could not be decoded: ${decoded.unreadable}`;
  const text = JSON.stringify(decoded.value) ?? "";
  return text.length <= SUMMARY_MAX_CHARS ? text : `${text.slice(0, SUMMARY_MAX_CHARS)}…`;
}
const FORMS = { json: "Written as JSON.", msgpack: "Written as msgpack.", none: "" } as const;
const SUMMARY_MAX_CHARS = 60;

function Blob_({
  name,
  blob,
  source,
  planId,
  row,
  id,
}: RowProps & { name: string; blob: NonNullable<Column["blob"]> }) {
  const [bytes, setBytes] = useState(!isMasked(blob.decoded) && "unreadable" in blob.decoded);
  return (
    <div className="stack-3">
      {!isMasked(blob.decoded) && "value" in blob.decoded && (
        <PayloadTree value={blob.decoded.value} label={`${row} ${name}`} source={source} planId={planId} />
      )}
      <p className="small t3 wrap">
        {isMasked(blob.sha256) ? (
          "hash hidden from viewers"
        ) : blob.sha256 === null ? (
          "too long to be hashed here"
        ) : (
          <>
            sha256 <span className="mono wrap">{blob.sha256}</span>
          </>
        )}{" "}
        <Tool onPress={() => setBytes(!bytes)}>{bytes ? "Hide bytes" : "Show bytes"}</Tool>
      </p>
      {bytes && <HexOfCell source={source} planId={planId} row={row} id={id} column={name} />}
    </div>
  );
}
