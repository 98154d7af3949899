"use client";
import { type ExportPlace, routes } from "#components/ui/routes.ts";

/** The same filter as a file: everything that matches, not only what is listed; masked for viewers like the list. */
export function ExportLinks({ filter }: { readonly filter: ExportPlace }) {
  return (
    <span className="exports">
      Export all that matches:{" "}
      <a href={routes.journalExport("jsonl", filter)} download>
        JSON lines
      </a>{" "}
      <a href={routes.journalExport("csv", filter)} download>
        CSV
      </a>
    </span>
  );
}
