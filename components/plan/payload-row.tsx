"use client";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import type { PayloadToken } from "#server/contract/view/payload-token.ts";
import type { PayloadRow } from "#server/contract/view/payload-tree.ts";

/** Pixels of one line: all the same, so that ten thousand cost no more than those in sight. */
export const ROW_PX = 18;
const INDENT_PX = 14;

interface PayloadLineProps {
  readonly row: PayloadRow;
  readonly domId: string;
  readonly top: number;
  readonly active: boolean;
  readonly hit: boolean;
  readonly source: string;
  readonly planId: string;
  readonly onPick: () => void;
  readonly onTurn: () => void;
}

/** One line of a payload. */
export function PayloadLine(props: PayloadLineProps) {
  const { row, domId, top, active, hit, source, planId, onPick, onTurn } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys
    <div
      id={domId}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-expanded={row.open ?? undefined}
      aria-selected={active}
      className={`pl-row${active ? " on" : ""}${hit ? " hit" : ""}`}
      style={{ top, paddingLeft: 4 + row.depth * INDENT_PX }}
      onClick={() => {
        onPick();
        if (row.open !== null) onTurn();
      }}
    >
      <span className="pl-turn" aria-hidden="true">
        {row.open === null ? "" : row.open ? "▾" : "▸"}
      </span>
      {row.key !== null ? (
        <bdi className="pk">{`${row.key}: `}</bdi>
      ) : (
        row.index !== null && <span className="pk">– </span>
      )}
      <Value row={row} source={source} planId={planId} />
    </div>
  );
}

function Value({ row, ...where }: { readonly row: PayloadRow; readonly source: string; readonly planId: string }) {
  if (row.token !== null) return <Token token={row.token} open={row.open === true} {...where} />;
  const count = `${row.size} ${row.isList ? (row.size === 1 ? "item" : "items") : row.size === 1 ? "key" : "keys"}`;
  return <span className="t3">{row.isList ? `[ ${count} ]` : `{ ${count} }`}</span>;
}

interface TokenProps {
  readonly token: PayloadToken;
  readonly open?: boolean;
  readonly source: string;
  readonly planId: string;
}

/** A value on one line. */
export function Token({ token, open = false, source, planId }: TokenProps) {
  switch (token.kind) {
    case "masked":
      return (
        <span className="pl-mask" title="masked: the configuration names its key">
          {token.text !== "" && <bdi>{token.text} </bdi>}
          {token.text === "" && <span aria-hidden="true">•••• </span>}
          <span className="t3">masked</span>
        </span>
      );
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
    case "long":
      return (
        <>
          {!open && <bdi>{token.text.replaceAll("\n", "↵")}… </bdi>}
          <span className="t3">{token.lines} lines</span>
        </>
      );
    case "text":
      return <bdi>{token.text}</bdi>;
  }
}
