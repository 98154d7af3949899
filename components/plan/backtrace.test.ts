import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldBacktrace, foldedCount, libraryOf, shortFrame } from "./backtrace.ts";

const gem = (name: string, at: string) => `/usr/share/gems/gems/${name}/lib/${at}`;

describe("foldBacktrace", () => {
  it("keeps the frames of the application and counts those of gems between them", () => {
    const parts = foldBacktrace([
      "/usr/share/foreman/app/lib/actions/pulp3/abstract_async_task.rb:54:in `check_for_errors'",
      gem("katello-4.18.0", "a.rb:1:in `x'"),
      gem("katello-4.18.0", "b.rb:2:in `y'"),
      "/usr/share/foreman/app/lib/actions/create_publication.rb:31:in `invoke'",
      gem("dynflow-2.0.0", "dynflow/action.rb:600:in `block'"),
      gem("dynflow-2.0.0", "dynflow/action.rb:601:in `block'"),
      gem("sequel-5.1.0", "c.rb:1"),
      "/usr/lib/ruby/3.1.0/monitor.rb:202:in `synchronize'",
    ]);
    expect(parts.map((part) => (part.kind === "own" ? part.frame.split("/").at(-1) : part.summary))).toEqual([
      "abstract_async_task.rb:54:in `check_for_errors'",
      "2 frames in katello-4.18.0",
      "create_publication.rb:31:in `invoke'",
      "2 frames in dynflow-2.0.0, 2 in other gems",
    ]);
    expect(foldedCount(parts)).toBe(6);
  });

  it("leaves the first frames open when all of them are in gems", () => {
    const parts = foldBacktrace(Array.from({ length: 5 }, (_, line) => gem("dynflow-2.0.0", `a.rb:${line}`)));
    expect(parts.map((part) => part.kind)).toEqual(["own", "own", "folded"]);
  });

  it("loses no frame and keeps their order", () => {
    const frame = fc.oneof(
      fc.string(),
      fc.constantFrom(gem("a-1", "x.rb:1"), gem("b-2", "y.rb:2"), "<internal:kernel>:187"),
    );
    fc.assert(
      fc.property(fc.array(frame), (frames) => {
        const all = foldBacktrace(frames).flatMap((part) => (part.kind === "own" ? [part.frame] : part.frames));
        expect(all).toEqual(frames);
      }),
    );
  });
});

describe("libraryOf", () => {
  it("knows gems, git gems and Ruby itself", () => {
    expect(libraryOf("/opt/x/bundler/gems/foreman-tasks-ab12/app/a.rb:1")).toBe("foreman-tasks-ab12");
    expect(libraryOf("<internal:timev>:310:in `now'")).toBe("ruby");
    expect(libraryOf("dynflow/action.rb:582:in `run'")).toBe("dynflow");
    expect(libraryOf("app/lib/actions/katello/publish.rb:46:in `run'")).toBeNull();
    expect(libraryOf("/srv/app/a.rb:1")).toBeNull();
    expect(shortFrame(gem("dynflow-2.0.0", "dynflow/action.rb:1"))).toBe("lib/dynflow/action.rb:1");
  });
});
