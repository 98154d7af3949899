"use client";
import { memo, useEffect, useState } from "react";
import { SeenRows } from "#components/plans/rows-in-sight.tsx";
import { useAddress } from "#components/ui/address.ts";
import { faultOf } from "#components/ui/fault.ts";
import { parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Count } from "#components/ui/table.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { seconds } from "./step-words.ts";
import { levelText, parentKey, type TreeRow } from "./sub-plan-rows.ts";
import { TreeGrid } from "./tree-grid.tsx";
import { Twisty } from "./twisty.tsx";
import { useRowsInBox } from "./use-rows-in-box.ts";
import type { SubPlanTree } from "./use-sub-plans.ts";

const INDENT_PX = 16;
const COLUMNS = 6;

interface SubPlanTreeTableProps {
  readonly source: string;
  readonly planId: string;
  readonly tree: SubPlanTree;
  readonly failingOnly: boolean;
}

/** The tree as a table: what can be seen of it is drawn, whatever number there is. Arrows walk and unfold, Enter opens. */
export function SubPlanTreeTable({ source, planId, tree, failingOnly }: SubPlanTreeTableProps) {
  const { go } = useAddress();
  const { rows, toggle, more } = tree;
  const { box, seen, before, after, scrollToIndex } = useRowsInBox(rows.length);
  const [current, setCurrent] = useState<string | null>(null);
  // Whoever comes to the end of what was read reads on.
  const ends = seen.flatMap(({ index }) => {
    const row = rows[index];
    return row?.kind === "more" ? [row] : [];
  });
  const endKeys = ends.map(({ parentId, after: cursor }) => `${parentId} ${cursor}`).join("\n");
  useEffect(() => {
    for (const line of endKeys === "" ? [] : endKeys.split("\n")) {
      const [parentId = "", ...cursor] = line.split(" ");
      more(parentId, cursor.join(" "));
    }
  }, [endKeys, more]);

  const at = rows.findIndex(({ key }) => key === current);
  const moveTo = (index: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    setCurrent(row.key);
    scrollToIndex(rows.indexOf(row), { align: "auto" });
  };
  const acts = () =>
    keyActions(rows[at], {
      move: (by) => moveTo(at === -1 ? (by > 0 ? 0 : rows.length - 1) : at + by),
      moveTo,
      last: rows.findLastIndex(({ kind }) => kind === "plan"),
      up: (key) => moveTo(rows.findIndex((each) => each.key === key)),
      toggle,
      open: (id) => go(routes.plan(source, id)),
    });
  return (
    <TreeGrid
      label="Sub-plans"
      className="sub-tree"
      box={box}
      count={rows.length}
      active={at === -1 ? undefined : `sub-${current}`}
      acts={acts}
      heads={
        <>
          <th scope="col">State</th>
          <th scope="col">Result</th>
          <th scope="col" className="w100">
            Plan
          </th>
          <th scope="col" className="num p2">
            below it
          </th>
          <th scope="col" className="num p2">
            started <ZoneName />
          </th>
          <th scope="col" className="num p2">
            took
          </th>
        </>
      }
    >
      <SeenRows rows={rows} seen={seen} before={before} after={after} columns={COLUMNS}>
        {(row, index) => (
          <Row
            key={row.key}
            source={source}
            row={row}
            index={index}
            here={row.key === current}
            none={
              failingOnly ? "None of them fails." : row.parentId === planId ? "It planned no sub-plans (yet)." : "None."
            }
            onToggle={toggle}
            onRetry={tree.retry}
            onHere={setCurrent}
          />
        )}
      </SeenRows>
    </TreeGrid>
  );
}

interface Moves {
  move(by: number): void;
  moveTo(index: number): void;
  readonly last: number;
  up(key: string): void;
  toggle(row: Extract<TreeRow, { kind: "plan" }>): void;
  open(planId: string): void;
}

/** What a key does on a row; others are not ours. */
function keyActions(row: TreeRow | undefined, moves: Moves): Readonly<Record<string, () => void>> {
  const walk = {
    ArrowDown: () => moves.move(1),
    ArrowUp: () => moves.move(-1),
    Home: () => moves.moveTo(0),
    End: () => moves.moveTo(moves.last),
  };
  if (row?.kind !== "plan") return walk;
  const above = parentKey(row.key);
  return {
    ...walk,
    Enter: () => moves.open(row.row.id),
    ...(row.row.subPlans > 0 && !row.open && !row.circle ? { ArrowRight: () => moves.toggle(row) } : {}),
    ...(row.open
      ? { ArrowLeft: () => moves.toggle(row), ArrowRight: () => moves.move(1) }
      : above === null
        ? {}
        : { ArrowLeft: () => moves.up(above) }),
  };
}

interface RowProps {
  readonly source: string;
  readonly row: TreeRow;
  readonly index: number;
  readonly here: boolean;
  /** Said where a level is empty. */
  readonly none: string;
  readonly onToggle: (row: Extract<TreeRow, { kind: "plan" }>) => void;
  readonly onRetry: () => void;
  readonly onHere: (key: string) => void;
}

/** Drawn anew only when it is another: scrolling moves rows, and changes none. */
const Row = memo(function Row(props: RowProps) {
  const { row, index, here, none, onRetry } = props;
  if (row.kind === "plan") return <PlanRow {...props} row={row} />;
  return (
    <tr id={`sub-${row.key}`} aria-level={row.depth + 1} aria-rowindex={index + 2} className={here ? "sel" : ""}>
      <td colSpan={COLUMNS} className="t3" style={{ paddingLeft: row.depth * INDENT_PX + 20 }}>
        {row.kind === "failed" ? (
          <>
            <span className="t-failed tone">Cannot read them: {faultOf(row.error).message}</span>{" "}
            <button type="button" className="btn-plain" onClick={onRetry}>
              Try now
            </button>
          </>
        ) : row.kind === "none" ? (
          none
        ) : (
          "reading …"
        )}
      </td>
    </tr>
  );
});

function PlanRow({
  source,
  row: tree,
  index,
  here,
  onToggle,
  onHere,
}: RowProps & { readonly row: Extract<TreeRow, { kind: "plan" }> }) {
  const { row, depth, open, below, circle } = tree;
  const foldable = row.subPlans > 0 && !circle;
  return (
    <tr
      id={`sub-${tree.key}`}
      aria-level={depth + 1}
      aria-rowindex={index + 2}
      aria-expanded={foldable ? open : undefined}
      aria-selected={here}
      className={here ? "sel" : ""}
      onClick={() => onHere(tree.key)}
    >
      <td>
        {row.state === null ? (
          <span className="unk">row gone</span>
        ) : (
          <State system="plan" word={row.state} quiet={row.state === "stopped"} />
        )}
      </td>
      <td>
        {row.result !== null && <State system="result" word={row.result} quiet={row.result === "success"} />}
        {row.failing && row.result !== "error" && <span className="small t-failed tone"> a step failed</span>}
      </td>
      <td className="w100 trunc" style={{ paddingLeft: depth * INDENT_PX }}>
        <Twisty open={foldable ? open : null} onTurn={() => onToggle(tree)} />
        <Link href={routes.plan(source, row.id)} className="plain">
          <ClassName name={row.label ?? row.rootActionClass} />
        </Link>{" "}
        <span className="t3">
          <Id id={row.id} />
        </span>
        {below !== null && <bdi className="small t3 sub-below">{levelText(below)}</bdi>}
        {circle && <span className="small t-attention tone"> a circle: it stands above</span>}
      </td>
      <td className="num p2 t2">
        <Count of={row.subPlans} />
      </td>
      <td className="num p2">
        <Instant at={parseInstant(row.startedAt)} form="clock" />
      </td>
      <td className="num p2">{seconds(row.endedAt === null ? null : row.realTimeSec)}</td>
    </tr>
  );
}
