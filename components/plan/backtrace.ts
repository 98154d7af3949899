/** Folds a Ruby backtrace: frames of the application stay, those of gems and of Ruby itself are counted. Pure. */

export type BacktracePart =
  | { readonly kind: "own"; readonly frame: string }
  /** A run of frames of libraries; `gem` names them when they are all of one. */
  | { readonly kind: "folded"; readonly frames: readonly string[]; readonly summary: string };

const GEM = /^.*\/(?:bundler\/)?gems\/([^/]+)\//;
/** Frames given from the load path on, as `dynflow/action.rb`. */
const LOADED = /^(dynflow|sequel|concurrent|active_record|active_support|msgpack)\//;
const RUBY = /\/(?:lib|lib64|share)\/ruby\/|\/rubies\/|^<internal:|^ruby:/;
/** With no frame of the application, these stay open: the error begins there. */
const OPEN_WITHOUT_OWN = 2;

/** The library of a frame: its gem, `ruby`, or `null` for the application's own. */
export function libraryOf(frame: string): string | null {
  const gem = GEM.exec(frame)?.[1];
  if (gem !== undefined) return gem;
  return LOADED.exec(frame)?.[1] ?? (RUBY.test(frame) ? "ruby" : null);
}

/** The part after the gem's own directory: what tells one frame from another. */
export function shortFrame(frame: string): string {
  const match = GEM.exec(frame);
  return match === null ? frame : frame.slice(match[0].length);
}

export function foldBacktrace(frames: readonly string[]): readonly BacktracePart[] {
  const own = frames.map((frame) => libraryOf(frame) === null);
  const open = own.includes(true) ? own : frames.map((_, index) => index < OPEN_WITHOUT_OWN);
  const parts: BacktracePart[] = [];
  let run: string[] = [];
  const close = () => {
    if (run.length > 0) parts.push({ kind: "folded", frames: run, summary: summaryOf(run) });
    run = [];
  };
  for (const [index, frame] of frames.entries()) {
    if (open[index] === true) {
      close();
      parts.push({ kind: "own", frame });
    } else run.push(frame);
  }
  close();
  return parts;
}

/** How many frames are folded away. */
export const foldedCount = (parts: readonly BacktracePart[]): number =>
  parts.reduce((sum, part) => sum + (part.kind === "folded" ? part.frames.length : 0), 0);

const NAMED_MAX = 1;

/** `2 frames in katello-4.18.0`, `12 frames in dynflow-2.0.0, 46 in other gems`. */
function summaryOf(frames: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const frame of frames) {
    const library = libraryOf(frame) ?? "the application";
    counts.set(library, (counts.get(library) ?? 0) + 1);
  }
  const [first, ...others] = [...counts].sort(([, a], [, b]) => b - a);
  if (first === undefined) return "";
  const [library, count] = first;
  const rest = others.reduce((sum, [, each]) => sum + each, 0);
  const said = `${count} ${count === 1 ? "frame" : "frames"} in ${library}`;
  if (others.length === NAMED_MAX && others[0] !== undefined) return `${said}, ${rest} in ${others[0][0]}`;
  return rest === 0 ? said : `${said}, ${rest} in other gems`;
}
