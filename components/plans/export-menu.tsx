"use client";
import { formatCount } from "#components/ui/format.ts";
import { routes } from "#components/ui/routes.ts";
import { Menu } from "./menu.tsx";
import type { Filter, ServerSort } from "./plans-query.ts";

interface ExportMenuProps {
  readonly source: string;
  readonly filter: Filter;
  readonly sort: ServerSort;
  readonly descending: boolean;
  /** Plans that the filter finds; `undefined` = not known. */
  readonly matching: number | undefined;
}

const FILE_MAX = 100_000;
/** In order of anything but the id up to here: beyond, each page of it would scan the table. */
const ORDERED_MAX = 10_000;

/** The list as a file: all pages of it, as it is filtered. */
export function ExportMenu({ source, filter, sort, descending, matching }: ExportMenuProps) {
  const place = { source, filter: JSON.stringify(filter), sort, descending };
  return (
    <Menu title="Export">
      <p className="small t2">
        {matching === undefined ? "All plans" : matching === 1 ? "1 plan" : `${formatCount(matching)} plans`} of{" "}
        <bdi>{source}</bdi>
      </p>
      <a className="menu-item" href={routes.plansExport("csv", place)} download>
        CSV, for spreadsheets
      </a>
      <a className="menu-item" href={routes.plansExport("json", place)} download>
        JSON
      </a>
      {matching !== undefined && matching > ORDERED_MAX && (
        <p className="small t3">
          In order of id{matching > FILE_MAX ? `; the first ${formatCount(FILE_MAX)}, and the file says so` : ""}.
        </p>
      )}
    </Menu>
  );
}
