/** What of the console itself needs a person: parts that were given up. Pure. */
import { type StreamName, shownText } from "#server/contract/event.ts";
import type { ConsoleFold } from "#server/contract/fold/fold.ts";
import type { Finding } from "./need.ts";
import { plural } from "./words.ts";

/** A reader that is parked reads nothing: what it reads grows old until somebody starts it again. */
export function consoleFindings(stream: StreamName, { readers }: ConsoleFold): readonly Finding[] {
  return Object.entries(readers).flatMap(([name, { state, failures, reason, since }]): readonly Finding[] => {
    if (state !== "parked") return [];
    return [
      {
        id: `reader_parked|${stream} ${name}`,
        kind: "reader_parked",
        severity: "failed",
        stream,
        target: name,
        headline: ["Part ", name, " of this console is parked, what it reads grows old"],
        evidence: [
          { text: `given up after ${plural(failures, "failure")}` },
          ...(reason === null ? [] : [{ text: shownText(reason) }]),
        ],
        since,
        count: 1,
        place: { page: "architecture", reader: name },
        remedy: "Mend what it failed at, then start it again on the page of the console's parts.",
      },
    ];
  });
}
