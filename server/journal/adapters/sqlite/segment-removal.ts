/**
 * The one module that removes segments of the journal (a test sees to it). Which ones, the head record says before:
 * a crash in between leaves files that are no part of the chain any more, and the next call removes them.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ChainName } from "#server/journal/domain/chains.ts";
import { segmentNames } from "./segment-list.ts";

/**
 * Removes the files of the segments with a number below `first`.
 *
 * @param onNotRemoved told of a file that stays; it is tried again the next time
 */
export function removeSegmentsBelow(
  first: number,
  chain: ChainName,
  directory: string,
  onNotRemoved: (file: string, cause: unknown) => void,
): void {
  for (const name of segmentNames(directory, chain, { below: first })) {
    try {
      for (const suffix of ["-wal", "-shm", "-journal", ""])
        rmSync(join(directory, `${name}${suffix}`), { force: true });
    } catch (cause) {
      onNotRemoved(name, cause);
    }
  }
}
