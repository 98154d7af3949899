"use client";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { formatCount } from "#components/ui/format.ts";
import { copyText } from "#components/ui/ident.tsx";
import type { PayloadPlace } from "#server/contract/mask-payload.ts";
import type { PayloadToken } from "#server/contract/view/payload-token.ts";
import { type PayloadRow, pathText, valueAt } from "#server/contract/view/payload-tree.ts";
import { PayloadLine, ROW_PX } from "./payload-row.tsx";
import { Tool } from "./payload-tool.tsx";
import { fileName, saveFile } from "./save-file.ts";
import { parentId, usePayloadTree } from "./use-payload-tree.ts";
import { useViewport } from "./use-viewport.ts";

/** Fewer lines are seen at a glance: nothing to look for. */
const SEARCH_FROM_ROWS = 8;

interface PayloadTreeProps {
  readonly value: unknown;
  /** Names the file and the tree. */
  readonly label: string;
  readonly source: string;
  readonly planId: string;
  /** Called with the place of what is masked; left out = there is no way to reveal it here. */
  readonly onReveal?: ((place: PayloadPlace) => void) | undefined;
  /** Why it cannot be revealed now. */
  readonly revealRefusal?: string | null;
  /** Draws what a reference in hand points to. */
  readonly resolve?: (token: Extract<PayloadToken, { kind: "reference" }>) => React.ReactNode;
}

/** A payload to fold, search, copy and save; only the lines in sight are drawn. */
export function PayloadTree(props: PayloadTreeProps) {
  const { value, label, source, planId, onReveal, revealRefusal = null, resolve } = props;
  const tree = usePayloadTree(value);
  const { rows, active, setActive, turn, search } = tree;
  const [box, view] = useViewport<HTMLDivElement>();
  const domId = useId();
  const [said, say] = useSaid();
  const index = rows.findIndex((row) => row.id === active);
  const current = rows[index];

  // What is in hand is brought into sight, by the box alone: the page stays where it is.
  useEffect(() => {
    const element = box.current;
    if (element === null || index === -1) return;
    const top = index * ROW_PX;
    if (top < element.scrollTop) element.scrollTop = Math.max(0, top - ROW_PX * 3);
    else if (top + ROW_PX > element.scrollTop + element.clientHeight)
      element.scrollTop = top - element.clientHeight + ROW_PX * 4;
  }, [box, index]);

  const copyValue = async (row: PayloadRow | undefined) => {
    if (row !== undefined) say(await copied(textOf(valueAt(value, row.place)), "value"));
  };
  const copyPath = async (row: PayloadRow | undefined) => {
    if (row !== undefined) say(await copied(pathText(value, row.place), "path"));
  };
  const copyAll = async () => say(await copied(JSON.stringify(value, null, 2), "all"));
  const save = () => saveFile(`${fileName(planId, label)}.json`, [JSON.stringify(value, null, 2)], "application/json");

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step !== undefined) {
      const to = rows[Math.max(0, Math.min(rows.length - 1, index === -1 ? 0 : index + step))];
      if (to !== undefined) setActive(to.id);
    } else if (event.key === "Home") setActive(rows[0]?.id ?? null);
    else if (event.key === "End") setActive(rows.at(-1)?.id ?? null);
    else if (current === undefined) return;
    else if (event.key === "ArrowRight" && current.open === false) turn(current);
    else if (event.key === "ArrowLeft") {
      if (current.open === true) turn(current);
      else setActive(parentId(current) ?? current.id);
    } else if (event.key === "Enter" && current.open !== null) turn(current);
    else if (event.key === "c") void copyValue(current);
    else if (event.key === "p") void copyPath(current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const first = Math.max(0, Math.floor(view.y / ROW_PX));
  const last = Math.ceil((view.y + view.height) / ROW_PX);
  const isLong = rows.length > SEARCH_FROM_ROWS || rows.some((row) => row.open === false);
  return (
    <div className="pl">
      {isLong && (
        <div className="pl-bar">
          <input
            type="search"
            className="field"
            aria-label={`Search in ${label}`}
            placeholder="Search keys and values"
            value={search.needle}
            onChange={(event) => search.look(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              if (event.shiftKey) search.previous();
              else search.next();
            }}
          />
          {search.needle.trim() !== "" && (
            <>
              <span className="small t2 nowrap" role="status">
                {search.hits === 0
                  ? "no hit"
                  : `${formatCount(search.at + 1)} of ${formatCount(search.hits)}${search.cut ? " and more" : ""}`}
              </span>
              <button type="button" className="btn sm" onClick={search.previous} aria-label="Previous hit">
                ↑
              </button>
              <button type="button" className="btn sm" onClick={search.next} aria-label="Next hit">
                ↓
              </button>
            </>
          )}
        </div>
      )}
      <div
        ref={box}
        role="tree"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={current === undefined ? undefined : `${domId}-${index}`}
        className="pl-box mono"
        onKeyDown={onKeyDown}
      >
        <div className="pl-ground" role="none" style={{ height: rows.length * ROW_PX }}>
          {rows.slice(first, last).map((row, offset) => (
            <PayloadLine
              key={row.id}
              row={row}
              domId={`${domId}-${first + offset}`}
              top={(first + offset) * ROW_PX}
              active={row.id === active}
              hit={search.marked.has(row.id)}
              source={source}
              planId={planId}
              onPick={() => setActive(row.id)}
              onTurn={() => turn(row)}
            />
          ))}
        </div>
      </div>
      <div className="pl-foot small">
        {current === undefined ? (
          <span className="t3 nowrap">{formatCount(rows.length)} lines</span>
        ) : (
          <>
            <bdi className="mono pl-path" title={pathText(value, current.place)}>
              {pathText(value, current.place) || label}
            </bdi>
            <Tool onPress={() => void copyValue(current)} shortcut="c">
              Copy value
            </Tool>
            <Tool onPress={() => void copyPath(current)} shortcut="p">
              Copy path
            </Tool>
            {onReveal !== undefined && current.token?.kind === "masked" && (
              <Tool onPress={() => onReveal(current.place)} refusal={revealRefusal}>
                Reveal…
              </Tool>
            )}
          </>
        )}
        <span className="push pl-tools">
          <span role="status" className="t3">
            {said}
          </span>
          {rows.some((row) => row.open !== null) && (
            <>
              <Tool onPress={tree.unfoldAll}>Unfold</Tool>
              <Tool onPress={tree.foldAll}>Fold</Tool>
            </>
          )}
          <Tool onPress={() => void copyAll()}>Copy JSON</Tool>
          <Tool onPress={save}>Download</Tool>
        </span>
      </div>
      {current?.token?.kind === "reference" && resolve?.(current.token)}
    </div>
  );
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 };

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

const copied = async (text: string, what: string): Promise<string> =>
  (await copyText(text)) ? `${what} copied` : "could not copy";

const SAID_MS = 1_600;
function useSaid(): readonly [string | null, (text: string) => void] {
  const [said, setSaid] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  return [
    said,
    (text) => {
      clearTimeout(timer.current ?? undefined);
      setSaid(text);
      timer.current = setTimeout(() => setSaid(null), SAID_MS);
    },
  ];
}
