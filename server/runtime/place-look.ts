import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import path from "node:path";

/** Whether something can be kept in a file or folder that may not be there yet. */
export interface PlaceLook {
  /** It is there already. */
  readonly exists: boolean;
  /** Why it cannot be read and written, or made; `null` = it can. */
  readonly fault: string | null;
  /** What whoever runs this may still put there. */
  readonly freeBytes: number;
}

/** Looks at the place itself, or at the nearest folder above it that is there. Makes nothing. */
export function lookAtPlace(place: string): PlaceLook {
  const wanted = path.resolve(place);
  const nearest = nearestOf(wanted);
  const { bavail, bsize } = statfsSync(nearest);
  const exists = nearest === wanted;
  const noFolder = exists || statSync(nearest).isDirectory() ? null : `${nearest} is no folder`;
  return { exists, fault: noFolder ?? faultOf(nearest), freeBytes: bavail * bsize };
}

function nearestOf(place: string): string {
  return existsSync(place) || place === path.dirname(place) ? place : nearestOf(path.dirname(place));
}

function faultOf(place: string): string | null {
  try {
    accessSync(place, constants.R_OK | constants.W_OK);
    return null;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    return `${place} cannot be written (${code})`;
  }
}
